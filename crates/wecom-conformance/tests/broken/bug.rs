//! The bugs that the transport can have.

/// A bug of an HTTP transport.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bug {
    // Status.
    TakesStatusForError,
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
    LosesQuery,
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
    CutsLargeBodies,
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
    AsksForGzip,
    AsksForBrotli,
    DecodesTwice,
    SniffsGzip,
    ConvertsCharset,
    StripsByteOrderMark,
    RejectsChunkExtensions,
    ReadsHeadAtOnce,
    CutsReplies,
    RejectsHttp10,

    // Reply headers.
    LosesReplyHeaders,
    DropsSecondCookie,
    KeepsLastOfRepeatedHeaders,
    RejectsNonAsciiHeaders,
    ReadsHeadersAsLatin1,
    DropsEmptyHeaders,

    // Size of a reply.
    TakesAnySize,
    TakesAnyDeclaredSize,
    TakesAnyChunkedSize,
    TakesAnyHead,
    LimitsEncodedSize,

    // Time limit.
    IgnoresLimit,
    IgnoresLimitOfGet,
    LimitsEachRead,
    LimitsHeadOnly,
    LimitsReceivingOnly,
    CutsLimitShort,
    CallsTimeoutsOther,

    // Errors.
    TakesRefusalForReply,
    DoubtsRefusal,
    LiesAboutLostConnections,
    LiesAboutGet,
    LiesAboutBrokenReplies,
    LiesAboutTimeouts,
    LiesAboutPartialRequests,
    Truncates,
    TruncatesChunks,
    TakesAnythingForBody,
    KeepsTruncatedGzip,
    TakesResetForEnd,
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
    PoolsWithSurplus,
    PoolsAfterBrokenChunk,
    ReusesWithoutLook,
    IgnoresConnectionClose,
    ReusesHttp10,
    LeaksConnections,
    LeaksAfterTimeout,

    // Concurrency.
    MixesReplies,
    Pipelines,
}
