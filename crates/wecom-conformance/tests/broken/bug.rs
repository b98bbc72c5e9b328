//! The bugs that the transport can have.

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
    TruncatesLargeBodies,
    ReserializesJson,
    WaitsForContinue,

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
    HedgesAtHalfTheLimit,
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
    TruncatesLargeReplies,
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
    AcceptsTruncatedGzip,
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
