//! The bugs that the transport can have.

use std::time::Duration;

/// A bug of an HTTP transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bug {
    // Status.
    ReturnsErrorForStatus,
    DropsBodiesOfErrors,
    RejectsUnknownStatuses,
    ReturnsInterimReplies,
    RequiresReasonPhrase,
    ReadsBodyOfNotModified,

    // Redirects.
    FollowsRedirectsWithGet,
    FollowsRedirectsOfPost,
    FollowsLocationOfCreated,
    FollowsRelativeRedirects,

    // Request line.
    DropsQuery,
    EncodesQueryAsForm,
    DropsEmptyParameters,
    SortsParameters,
    AddsCacheBuster,
    NormalizesPath,
    DecodesPath,
    LowercasesMethod,
    SendsAbsoluteForm,
    UpgradesToHttps,
    UsesProxy,

    // Request headers.
    DropsHeaders,
    SendsHeadersTwice,
    DropsRepeatedHeaders,
    FoldsLongHeaders,
    ReplacesUserAgent,
    AddsAuthorization,
    SendsContentLengthTwice,
    SendsHostWithTrailingDot,

    // Request body.
    SendsBodyAsText,
    SendsBodyOnGet,
    SendsTransferEncodingOnGet,
    TruncatesBodies(usize),
    ReserializesJson,
    TrimsBodies,
    ConvertsLineBreaks,
    AddsByteOrderMark,
    StripsByteOrderMarkOfBodies,
    WaitsForContinue,
    SendsBodyAgainAfterContinue,

    // Number of requests.
    RetriesServerErrors,
    RetriesUnavailable,
    RetriesGetAfterTooManyRequests,
    RetriesUnauthorized,
    RetriesMisdirected,
    RetriesGetAfterLostConnection,
    RetriesPostOnReusedConnection,
    RetriesBrokenReplies,
    RetriesInvalidReplies,
    RetriesLargeReplies,
    RetriesAfterTimeout,
    RetriesInBackground,
    /// After a page of HTML with this status.
    RetriesHtml(u16),
    RetriesEmptyReplies,
    RetriesReplyThatCloses,
    RetriesAfterDelay,
    RetriesErrorCode(i32),
    RetriesEmptyPosts,
    RetriesLongPostsOnReusedConnection,
    RetriesLostConnectionsInBackground,
    HedgesAtHalfTheLimit,
    HedgesAfter(Duration),
    CombinesEqualCalls,
    OpensSpareConnections,

    // State between calls.
    KeepsCookies,
    SendsReferer,
    CachesReplies,
    RevalidatesReplies,
    CachesRedirects,
    AppliesHsts,
    FollowsAltSvc,

    // Reply body.
    ReadsText,
    RequestsGzip,
    RequestsBrotli,
    DecodesTwice,
    SniffsGzip,
    ConvertsCharset,
    StripsByteOrderMark,
    RejectsChunkExtensions,
    ReadsHeadAtOnce,
    TruncatesReplies(usize),
    PrefersLengthToChunks,
    DecodesFirstMember,
    RejectsHttp10,

    // Reply headers.
    DropsReplyHeaders,
    DropsSecondCookie,
    KeepsLastOfRepeatedHeaders,
    RejectsNonAsciiHeaders,
    ReadsHeadersAsLatin1,
    DropsEmptyHeaders,

    // Size of a reply.
    AcceptsAnySize,
    AcceptsAnyDeclaredSize,
    AcceptsAnyChunkedSize,
    AcceptsAnyHead,
    LimitsEncodedSize,

    // Time limit.
    IgnoresLimit,
    IgnoresLimitOfGet,
    LimitsEachRead,
    LimitsHeadOnly,
    LimitsReceivingOnly,
    ConnectsWithoutLimit,
    MultipliesLimit(u32),
    /// Of requests with this method.
    MultipliesLimitOf(&'static str, u32),
    ExtendsLimit(Duration),
    RoundsLimitUp,
    RaisesShortLimits,
    PanicsOnLargestLimit,
    ShortensLimit,
    ReportsTimeoutsAsOther,

    // Errors.
    ReturnsReplyForRefusal,
    ReportsRefusalAsUnknown,
    ReportsLostConnectionsAsNotSent,
    ReportsGetAsNotSent,
    ReportsBrokenRepliesAsNotSent,
    ReportsTimeoutsAsNotSent,
    ReportsPartialRequestsAsNotSent,
    AcceptsTruncatedBody,
    AcceptsTruncatedChunks,
    AcceptsAnythingAsBody,
    AcceptsNegativeLength,
    AcceptsSignedLength,
    AcceptsLengthWithUnit,
    TakesFirstLength,
    TakesLastLength,
    IgnoresEndOfChunks,
    AcceptsTruncatedGzip,
    AcceptsWrongChecksum,
    TreatsResetAsEnd,
    ShowsUrl,

    // Cancellation.
    KeepsConnectionWhenDropped,
    ContinuesWhenDropped,
    ContinuesReadingWhenDropped,
    BlocksThread,
    FailsAfterDrop,
    PoolsDroppedConnections,

    // Reuse of connections.
    PoolsAfterTimeout,
    PoolsAfterLargeReply,
    PoolsWithSurplusBytes,
    PoolsAfterBrokenChunk,
    ReusesWithoutStaleCheck,
    IgnoresConnectionClose,
    ReusesHttp10,
    LeaksConnections,
    LeaksAfterTimeout,

    // Concurrency.
    MixesReplies,
    Pipelines,
}
