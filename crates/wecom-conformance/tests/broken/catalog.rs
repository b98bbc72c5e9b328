//! The bugs, each with the check that catches it.

use std::time::Duration;

use wecom_conformance::Check;

use crate::bug::Bug;

/// A bug, and the verdicts that it causes.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) bug: Bug,
    /// The check of the promise that the bug breaks.
    pub(crate) check: Check,
    pub(crate) outcome: Outcome,
    /// Parts of the verdict's text that identify the bug.
    pub(crate) named: &'static [&'static str],
    /// Other checks that the bug fails, because it breaks their promises too.
    pub(crate) also: &'static [Check],
    /// Whether no call succeeds.
    pub(crate) breaks_everything: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Fails,
    Warns,
}

impl Entry {
    const fn also(self, also: &'static [Check]) -> Self {
        Self { also, ..self }
    }

    const fn warns(self) -> Self {
        Self { outcome: Outcome::Warns, ..self }
    }

    const fn breaks_everything(self) -> Self {
        Self { breaks_everything: true, ..self }
    }
}

const fn bug(bug: Bug, check: Check, named: &'static [&'static str]) -> Entry {
    Entry { bug, check, outcome: Outcome::Fails, named, also: &[], breaks_everything: false }
}

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

pub(crate) const CATALOG: &[Entry] = &[
    // Status.
    bug(Bug::ReturnsErrorForStatus, Check::AnyStatusIsOk, &["Ok with status 400", "Err(Other"]),
    bug(Bug::DropsBodiesOfErrors, Check::AnyStatusIsOk, &["Ok with status 400 and 14 bytes", "400 and 0 bytes"]),
    bug(Bug::RejectsUnknownStatuses, Check::AnyStatusIsOk, &["Ok with status 520", "Err(Other"]),
    bug(Bug::RejectsInvalidStatuses, Check::AnyStatusIsOk, &["Ok with status 900", "Err(Other"]),
    bug(Bug::ReturnsInterimReplies, Check::AnyStatusIsOk, &["the interim reply 100", "Ok with status 100"])
        .also(&[Check::TimeLimitIsKept, Check::BrokenReplyIsAnError]),
    bug(Bug::RequiresReasonPhrase, Check::AnyStatusIsOk, &["without a reason phrase"]),
    bug(Bug::ReadsBodyOfNotModified, Check::AnyStatusIsOk, &["status 304"]),
    bug(Bug::OpensCircuitAfter(5), Check::AnyStatusIsOk, &["Ok with status", "Err(Connect"]),
    // Redirects.
    bug(
        Bug::FollowsRedirectsWithGet,
        Check::RedirectsAreNotFollowed,
        &["status 301", "a GET to the location with the token"],
    )
    .also(&[Check::NotSentIsTrue]),
    bug(
        Bug::FollowsRedirectsOfPost,
        Check::RedirectsAreNotFollowed,
        &["status 307", "a POST to the location with the token and 38 bytes"],
    ),
    bug(Bug::FollowsLocationOfCreated, Check::RedirectsAreNotFollowed, &["status 201", "a GET to the location"]),
    bug(
        Bug::FollowsRelativeRedirects,
        Check::RedirectsAreNotFollowed,
        &["location: /there", "a GET to the location without the token"],
    ),
    bug(Bug::FollowsRefresh, Check::RedirectsAreNotFollowed, &["refresh: 0; url=http", "a GET to the location"]),
    // Request line.
    bug(Bug::DropsQuery, Check::MethodAndUrlArrive, &["?access_token=", "conformance/get"]),
    bug(Bug::EncodesQueryAsForm, Check::MethodAndUrlArrive, &["a%20b", "a+b"]),
    bug(Bug::DropsEmptyParameters, Check::MethodAndUrlArrive, &["&empty=&list=2", "%27&list=2"]),
    bug(Bug::SortsParameters, Check::MethodAndUrlArrive, &["list=2&list=1", "list=1&list=2"]),
    bug(Bug::AddsCacheBuster, Check::MethodAndUrlArrive, &["&_=1"]),
    bug(Bug::NormalizesPath, Check::MethodAndUrlArrive, &["a%2Fb//cgi-bin", "a%2Fb/cgi-bin"]),
    bug(Bug::DecodesPath, Check::MethodAndUrlArrive, &["a%2Fb", "a/b"]),
    bug(Bug::LowercasesMethod, Check::MethodAndUrlArrive, &["GET /prefix", "get /prefix"]),
    bug(Bug::SendsAbsoluteForm, Check::MethodAndUrlArrive, &["GET http://127.0.0.1"]),
    bug(Bug::UpgradesToHttps, Check::MethodAndUrlArrive, &["a TLS handshake to an http:// URL"]).breaks_everything(),
    bug(Bug::UsesProxy, Check::MethodAndUrlArrive, &["no request at the server"]).breaks_everything(),
    bug(Bug::TruncatesUrls(2 * KIB), Check::MethodAndUrlArrive, &["a token of 4096 bytes", "the first 2052 match"]),
    bug(Bug::TruncatesUrls(8 * KIB), Check::MethodAndUrlArrive, &["a token of 12288 bytes", "the first 8196 match"]),
    // Request headers.
    bug(Bug::DropsHeaders, Check::HeadersArriveOnce, &["the header accept once", "no such header"])
        .also(&[Check::RepliesAreNotMixedUp]),
    bug(Bug::SendsHeadersTwice, Check::HeadersArriveOnce, &["\"application/json\" and \"application/json\""])
        .also(&[Check::RepliesAreNotMixedUp]),
    bug(Bug::DropsRepeatedHeaders, Check::HeadersArriveOnce, &["x-conformance-list once, \"second\" and \"first\""]),
    bug(Bug::FoldsLongHeaders, Check::HeadersArriveOnce, &["x-conformance-long"]),
    bug(Bug::LowercasesHeaderValues, Check::HeadersArriveOnce, &["\"Mixed CASE\"", "\"mixed case\""]),
    bug(Bug::CollapsesSpacesInHeaders, Check::HeadersArriveOnce, &["\"two  spaces\"", "\"two spaces\""]),
    bug(Bug::DropsEmptyRequestHeaders, Check::HeadersArriveOnce, &["x-conformance-empty", "no such header"]),
    bug(Bug::DropsNonAsciiRequestHeaders, Check::HeadersArriveOnce, &["x-conformance-text", "no such header"]),
    bug(Bug::TruncatesHeaderValues(4 * KIB), Check::HeadersArriveOnce, &["x-conformance-5000"]),
    bug(Bug::ReplacesUserAgent, Check::HeadersArriveOnce, &["user-agent", "\"broken/1.0\""]),
    bug(Bug::AddsAuthorization, Check::HeadersArriveOnce, &["no header authorization", "Basic"])
        .also(&[Check::CallsAreIndependent]),
    bug(Bug::AddsForwardedFor, Check::HeadersArriveOnce, &["no header x-forwarded-for"])
        .also(&[Check::CallsAreIndependent]),
    bug(Bug::SendsContentLengthTwice, Check::HeadersArriveOnce, &["2 content-length headers"]),
    bug(Bug::SendsHostWithTrailingDot, Check::HeadersArriveOnce, &["the header host once", "127.0.0.1.:"]),
    // Request body.
    bug(Bug::SendsBodyAsText, Check::BodyArrives, &["102400 bytes of all values"]),
    bug(Bug::SendsBodyOnGet, Check::BodyArrives, &["a GET without a body, 0 bytes", "4 bytes"]),
    bug(Bug::SendsTransferEncodingOnGet, Check::BodyArrives, &["a GET without a body", "transfer-encoding: chunked"]),
    bug(Bug::TruncatesBodies(256 * KIB), Check::BodyArrives, &["409600 bytes", "262144 bytes"]),
    bug(Bug::TruncatesBodies(3 * MIB), Check::BodyArrives, &["3145729 bytes", "3145728 bytes"]),
    bug(Bug::TruncatesBodies(5 * MIB), Check::BodyArrives, &["7340032 bytes", "5242880 bytes"]),
    bug(Bug::TruncatesBodies(16 * MIB), Check::BodyArrives, &["17825792 bytes", "16777216 bytes"]),
    bug(Bug::ReserializesJson, Check::BodyArrives, &["JSON with unusual spacing"]),
    bug(Bug::TrimsBodies, Check::BodyArrives, &["JSON with line breaks"]),
    bug(Bug::ConvertsLineBreaks, Check::BodyArrives, &["JSON with line breaks"]),
    bug(Bug::AddsByteOrderMark, Check::BodyArrives, &["JSON with unusual spacing", "the first 0 match"]),
    bug(Bug::StripsByteOrderMarkOfBodies, Check::BodyArrives, &["a byte order mark", "the first 0 match"]),
    bug(Bug::WaitsForContinue, Check::BodyArrives, &["ignores expect: 100-continue", "Err(Timeout"]),
    bug(Bug::SendsBodyAgainAfterContinue, Check::BodyArrives, &["100 Continue", "38 more bytes"]),
    // Number of requests.
    bug(Bug::RetriesServerErrors, Check::OneCallIsOneRequest, &["a POST", "status 500", "requests for"]),
    bug(Bug::RetriesUnavailable, Check::OneCallIsOneRequest, &["status 503", "2 requests for 1 calls"]),
    bug(Bug::RetriesGetAfterTooManyRequests, Check::OneCallIsOneRequest, &["a GET", "status 408"]),
    bug(Bug::RetriesUnauthorized, Check::OneCallIsOneRequest, &["status 401"]),
    bug(Bug::RetriesMisdirected, Check::OneCallIsOneRequest, &["status 421"]),
    bug(Bug::RetriesTooEarly, Check::OneCallIsOneRequest, &["status 425"]),
    bug(Bug::RetriesRepliesWithRetryAfter, Check::OneCallIsOneRequest, &["2 requests for 1 calls"]),
    bug(
        Bug::RetriesGetAfterLostConnection,
        Check::OneCallIsOneRequest,
        &["a GET", "closes the connection without a reply"],
    ),
    bug(Bug::RetriesPostOnReusedConnection, Check::OneCallIsOneRequest, &["a POST", "on a reused connection"]),
    bug(Bug::RetriesBrokenReplies, Check::OneCallIsOneRequest, &["truncates the head"]),
    bug(Bug::RetriesInvalidReplies, Check::OneCallIsOneRequest, &["not HTTP"]),
    bug(Bug::RetriesLargeReplies, Check::OneCallIsOneRequest, &["1 TiB"]),
    // The error has the progress of the second request. With a short limit it is not sent, while the first one is.
    bug(Bug::RetriesAfterTimeout, Check::OneCallIsOneRequest, &["is silent", "2 requests for 1 calls"])
        .also(&[Check::TimeLimitIsKept, Check::NotSentIsTrue]),
    // A call whose limit is zero ends with NotSent, before its request is sent in the background.
    bug(Bug::RetriesInBackground, Check::OneCallIsOneRequest, &["is silent", "2 requests for 1 calls"])
        .also(&[Check::NotSentIsTrue]),
    bug(Bug::RetriesHtml(502), Check::OneCallIsOneRequest, &["status 502 and HTML"]),
    bug(Bug::RetriesHtml(200), Check::OneCallIsOneRequest, &["status 200 and HTML"]),
    bug(Bug::RetriesEmptyReplies, Check::OneCallIsOneRequest, &["status 200 and no body"]),
    bug(Bug::RetriesReplyThatCloses, Check::OneCallIsOneRequest, &["status 408 and connection: close"]),
    bug(Bug::RetriesAfterDelay, Check::OneCallIsOneRequest, &["status 503", "2 requests for 1 calls"]),
    bug(Bug::RetriesErrorCode(-1), Check::OneCallIsOneRequest, &["errcode -1"]),
    bug(Bug::RetriesErrorCode(40014), Check::OneCallIsOneRequest, &["errcode 40014"]),
    bug(Bug::RetriesErrorCode(42001), Check::OneCallIsOneRequest, &["errcode 42001"]),
    bug(Bug::RetriesErrorCode(45009), Check::OneCallIsOneRequest, &["errcode 45009"]),
    bug(Bug::RetriesEmptyPosts, Check::OneCallIsOneRequest, &["a POST", "closes the connection without a reply"]),
    bug(
        Bug::RetriesLongPostsOnReusedConnection,
        Check::OneCallIsOneRequest,
        &["a POST", "closes the connection without a reply on a reused connection"],
    ),
    bug(
        Bug::RetriesLostConnectionsInBackground,
        Check::OneCallIsOneRequest,
        &["closes the connection without a reply", "requests for 10 calls"],
    ),
    bug(Bug::HedgesAfter(Duration::from_secs(2)), Check::OneCallIsOneRequest, &["replies after 2300 ms"]),
    // The error may have the progress of the second request, as with `RetriesAfterTimeout`.
    bug(Bug::HedgesAtHalfTheLimit, Check::OneCallIsOneRequest, &["is silent", "2 requests for 1 calls"])
        .also(&[Check::NotSentIsTrue]),
    bug(Bug::CombinesEqualCalls, Check::OneCallIsOneRequest, &["equal concurrent calls", "1 requests for 8 calls"]),
    bug(Bug::OpensSpareConnections, Check::OneCallIsOneRequest, &["2 connections for 1 calls"])
        .warns()
        .also(&[Check::ConnectionsAreReleased]),
    // State between calls.
    bug(Bug::KeepsCookies, Check::CallsAreIndependent, &["no header cookie", "session=1"]),
    bug(Bug::SendsReferer, Check::CallsAreIndependent, &["no header referer", "access_token"])
        .also(&[Check::HeadersArriveOnce]),
    bug(Bug::CachesReplies, Check::CallsAreIndependent, &["not a cached reply", "no request"]),
    bug(Bug::CachesNotFound, Check::CallsAreIndependent, &["status 404", "no request"]),
    bug(Bug::RevalidatesReplies, Check::CallsAreIndependent, &["no header if-none-match"]),
    bug(Bug::CachesRedirects, Check::CallsAreIndependent, &["status 301", "no request"]),
    bug(Bug::AppliesHsts, Check::CallsAreIndependent, &["HSTS", "a TLS handshake"]),
    bug(Bug::FollowsAltSvc, Check::CallsAreIndependent, &["Alt-Svc", "no request"]),
    // Reply body.
    bug(Bug::ReadsText, Check::ReplyBodyComesBack, &["all byte values", "of which the first 128 match"]),
    bug(Bug::RequestsGzip, Check::ReplyBodyComesBack, &["requests that accept gzip"])
        .also(&[Check::BrokenReplyIsAnError]),
    bug(Bug::RequestsBrotli, Check::ReplyBodyComesBack, &["requests that accept br"]),
    bug(Bug::DecodesTwice, Check::ReplyBodyComesBack, &["gzip data, in gzip"]),
    bug(Bug::SniffsGzip, Check::ReplyBodyComesBack, &["without a content encoding"]),
    bug(Bug::ConvertsCharset, Check::ReplyBodyComesBack, &["charset iso-8859-1"]),
    bug(Bug::StripsByteOrderMark, Check::ReplyBodyComesBack, &["byte order mark"]),
    bug(Bug::ConvertsLineBreaksOfReplies, Check::ReplyBodyComesBack, &["byte order mark"]),
    bug(Bug::EndsReplyAtNul, Check::ReplyBodyComesBack, &["all byte values"]),
    bug(Bug::RejectsChunkExtensions, Check::ReplyBodyComesBack, &["chunk extensions"]),
    bug(Bug::ReadsHeadAtOnce, Check::ReplyBodyComesBack, &["one byte at a time"]),
    bug(Bug::TruncatesReplies(64 * KIB), Check::ReplyBodyComesBack, &["1 MiB", "65536 bytes"]),
    bug(Bug::TruncatesReplies(MIB), Check::ReplyBodyComesBack, &["1572864 bytes", "1048576 bytes"]),
    bug(Bug::TruncatesReplies(4 * MIB), Check::ReplyBodyComesBack, &["5242880 bytes", "4194304 bytes"]),
    bug(Bug::PrefersLengthToChunks, Check::ReplyBodyComesBack, &["in chunks after a length", "5 bytes"]),
    bug(Bug::DecodesFirstMember, Check::ReplyBodyComesBack, &["two members", "5 bytes"]),
    bug(Bug::RejectsHttp10, Check::ReplyBodyComesBack, &["HTTP/1.0"]),
    // Reply headers.
    bug(Bug::DropsReplyHeaders, Check::ReplyHeadersComeBack, &["error-code", "no such header"]),
    bug(Bug::DropsSecondCookie, Check::ReplyHeadersComeBack, &["set-cookie", "\"b=2\""]),
    bug(Bug::KeepsLastOfRepeatedHeaders, Check::ReplyHeadersComeBack, &["set-cookie"])
        .also(&[Check::BrokenReplyIsAnError]),
    bug(Bug::RejectsNonAsciiHeaders, Check::ReplyHeadersComeBack, &["non-ASCII", "Err(Protocol"]),
    bug(Bug::ReadsHeadersAsLatin1, Check::ReplyHeadersComeBack, &["x-text", "上下游"]),
    bug(Bug::DropsEmptyHeaders, Check::ReplyHeadersComeBack, &["x-empty", "no such header"]),
    bug(Bug::DropsLongHeaders, Check::ReplyHeadersComeBack, &["x-long", "no such header"]),
    bug(Bug::KeepsReplyHeaders(32), Check::ReplyHeadersComeBack, &["x-long", "no such header"]),
    bug(Bug::LowercasesReplyHeaderValues, Check::ReplyHeadersComeBack, &["\"Mixed CASE\"", "\"mixed case\""]),
    bug(Bug::CollapsesSpacesInReplyHeaders, Check::ReplyHeadersComeBack, &["\"two  spaces\"", "\"two spaces\""]),
    bug(Bug::SkipsFoldedLines, Check::ReplyHeadersComeBack, &["a header over two lines", "x-folded: one,"]),
    // Size of a reply.
    bug(Bug::AcceptsAnySize, Check::ReplyIsBounded, &["in chunks without end"]).also(&[Check::OneCallIsOneRequest]),
    bug(Bug::AcceptsAnyDeclaredSize, Check::ReplyIsBounded, &["1 TiB", "all of it was read"]),
    bug(Bug::AcceptsAnyChunkedSize, Check::ReplyIsBounded, &["in chunks without end"]),
    bug(Bug::AcceptsAnyHead, Check::ReplyIsBounded, &["headers without end"]),
    bug(Bug::AcceptsAnySizeOfErrors, Check::ReplyIsBounded, &["1 TiB with status 502", "all of it was read"]),
    bug(Bug::LimitsEncodedSize, Check::ReplyIsBounded, &["64 MiB in gzip"]),
    // Time limit.
    bug(Bug::IgnoresLimit, Check::TimeLimitIsKept, &["time limit of 1100 ms", "is silent"]),
    bug(Bug::IgnoresLimitOfGet, Check::TimeLimitIsKept, &["time limit of 1100 ms", "for a GET"]),
    bug(Bug::LimitsEachRead, Check::TimeLimitIsKept, &["every 50 ms"]),
    bug(Bug::LimitsHeadOnly, Check::TimeLimitIsKept, &["in the body"]),
    bug(Bug::LimitsHeadOfErrorsOnly, Check::TimeLimitIsKept, &["in the body of a reply with status 502"]),
    bug(Bug::LimitsReceivingOnly, Check::TimeLimitIsKept, &["does not read the request"]),
    bug(Bug::ConnectsWithoutLimit, Check::TimeLimitIsKept, &["accepts no connection", "still pending"]),
    bug(Bug::EndsLimitAtInterimReply, Check::TimeLimitIsKept, &["an interim reply every 50 ms"]),
    bug(Bug::ReadsTrailersWithoutLimit, Check::TimeLimitIsKept, &["a trailer every 50 ms"]),
    bug(Bug::MultipliesLimit(2), Check::TimeLimitIsKept, &["time limit of 1100 ms", "after 2."]),
    bug(Bug::MultipliesLimit(3), Check::TimeLimitIsKept, &["time limit of 1100 ms", "after 3."]),
    bug(Bug::MultipliesLimit(10), Check::TimeLimitIsKept, &["time limit of 1100 ms"]),
    bug(Bug::MultipliesLimitOf("GET", 3), Check::TimeLimitIsKept, &["time limit of 1100 ms", "for a GET"]),
    bug(Bug::MultipliesLimitOf("POST", 3), Check::TimeLimitIsKept, &["time limit of 1100 ms", "for a POST"]),
    bug(Bug::ExtendsLimit(Duration::from_secs(2)), Check::TimeLimitIsKept, &["time limit of 1100 ms", "Err(Timeout"]),
    bug(Bug::RoundsLimitUp, Check::TimeLimitIsKept, &["time limit of 1100 ms", "after 2."]),
    bug(Bug::RoundsLimitDown, Check::TimeLimitIsKept, &["time limit of 500 µs"]),
    bug(Bug::ReadsZeroAsNoLimit, Check::TimeLimitIsKept, &["time limit of 0 µs"]),
    bug(Bug::RaisesShortLimits, Check::TimeLimitIsKept, &["time limit of 100 ms"]),
    bug(Bug::PanicsOnLargestLimit, Check::TimeLimitIsKept, &["a panic with the message: overflow"]),
    bug(Bug::ShortensLimit, Check::TimeLimitIsKept, &["replies after 2000 ms", "Err(Timeout"]),
    bug(Bug::ReportsTimeoutsAsOther, Check::TimeLimitIsKept, &["return TransportErrorKind::Timeout"]).warns(),
    // Errors.
    bug(Bug::ReturnsReplyForRefusal, Check::RefusedConnectionIsAnError, &["refuses connections", "Ok with status 503"]),
    bug(Bug::ReportsRefusalAsUnknown, Check::RefusedConnectionIsAnError, &["return Delivery::NotSent"]).warns(),
    bug(Bug::ReportsLostConnectionsAsNotSent, Check::NotSentIsTrue, &["without a reply", "Delivery::NotSent"]),
    bug(Bug::ReportsGetAsNotSent, Check::NotSentIsTrue, &["for a GET", "Delivery::NotSent"]),
    bug(Bug::ReportsBrokenRepliesAsNotSent, Check::NotSentIsTrue, &["not HTTP", "Delivery::NotSent"]),
    bug(Bug::ReportsTimeoutsAsNotSent, Check::NotSentIsTrue, &["Err(Timeout, Delivery::NotSent)"]),
    bug(Bug::ReportsPartialRequestsAsNotSent, Check::NotSentIsTrue, &["reads a part of the request"]),
    bug(Bug::AcceptsTruncatedBody, Check::BrokenReplyIsAnError, &["closes before the body", "Ok with status 200"]),
    bug(Bug::AcceptsTruncatedChunks, Check::BrokenReplyIsAnError, &["closes in a chunk", "Ok with status 200"]),
    bug(Bug::AcceptsAnythingAsBody, Check::BrokenReplyIsAnError, &["not HTTP", "Ok with status 200"]),
    bug(Bug::AcceptsNegativeLength, Check::BrokenReplyIsAnError, &["a negative length", "status 200 and 0 bytes"]),
    bug(Bug::AcceptsSignedLength, Check::BrokenReplyIsAnError, &["a length with a sign", "Ok with status 200"]),
    bug(Bug::AcceptsLengthWithUnit, Check::BrokenReplyIsAnError, &["a length with a unit", "Ok with status 200"]),
    bug(Bug::TakesFirstLength, Check::BrokenReplyIsAnError, &["two lengths, the first", "status 200 and 13 bytes"]),
    bug(Bug::TakesLastLength, Check::BrokenReplyIsAnError, &["two lengths, the first", "status 200 and 2 bytes"]),
    bug(Bug::IgnoresEndOfChunks, Check::BrokenReplyIsAnError, &["continues after its length", "Ok with status 200"]),
    bug(Bug::AcceptsWrongChecksum, Check::BrokenReplyIsAnError, &["a wrong checksum", "Ok with status 200"]),
    bug(Bug::AcceptsTruncatedGzip, Check::BrokenReplyIsAnError, &["truncated gzip", "Ok with status 200"]),
    bug(Bug::TreatsResetAsEnd, Check::ResetIsAnError, &["resets a reply without a length", "Ok with status 200"]),
    bug(Bug::ShowsUrl, Check::ErrorsHoldNoToken, &["remove the URL", "access_token"]).warns(),
    bug(Bug::ShowsEncodedUrl, Check::ErrorsHoldNoToken, &["remove the URL", "%61%63%63%65%73%73"]).warns(),
    // Cancellation.
    bug(Bug::KeepsConnectionWhenDropped, Check::DroppingCancels, &["stays open beyond the time limit"]),
    bug(Bug::ContinuesWhenDropped, Check::DroppingCancels, &["is silent continues until its time limit"]).warns(),
    bug(Bug::ContinuesReadingWhenDropped, Check::DroppingCancels, &["stalls in its reply continues"]).warns(),
    bug(Bug::ContinuesLargeUploadsWhenDropped, Check::DroppingCancels, &["does not read the body", "continues until"])
        .warns(),
    bug(Bug::BlocksThread, Check::DroppingCancels, &["blocks the thread"]).warns(),
    bug(Bug::FailsAfterDrop, Check::UsableAfterDropping, &["after a dropped call", "Err(ConnectionLost"])
        .also(&[Check::DroppingCancels]),
    bug(Bug::PoolsDroppedConnections, Check::UsableAfterDropping, &["after a dropped call", "{\"request\":0}"])
        .also(&[Check::DroppingCancels]),
    // Reuse of connections.
    bug(Bug::PoolsAfterTimeout, Check::UsableAfterFailure, &["after the time limit", "{\"request\":0}"])
        .also(&[Check::ConnectionsAreReleased]),
    bug(Bug::PoolsAfterLargeReply, Check::UsableAfterFailure, &["1 TiB", "{\"request\":0}"])
        .also(&[Check::ConnectionsAreReleased]),
    bug(Bug::PoolsWithSurplusBytes, Check::UsableAfterFailure, &["surplus bytes", "{\"request\":0}"]),
    bug(Bug::PoolsAfterBrokenChunk, Check::UsableAfterFailure, &["malformed chunk", "{\"request\":0}"])
        .also(&[Check::ConnectionsAreReleased]),
    bug(Bug::ReusesWithoutStaleCheck, Check::UsableAfterFailure, &["408 on an idle connection", "Ok with status 408"]),
    bug(
        Bug::IgnoresConnectionClose,
        Check::ConnectionCloseIsHonored,
        &["connection: close", "second request on the same connection"],
    ),
    bug(Bug::IgnoresCloseInList, Check::ConnectionCloseIsHonored, &["connection: close, te"]),
    bug(Bug::IgnoresCloseInSecondHeader, Check::ConnectionCloseIsHonored, &["connection: te and connection: close"]),
    bug(Bug::IgnoresCloseOfErrors, Check::ConnectionCloseIsHonored, &["status 404 and connection: close"]),
    bug(Bug::IgnoresCloseOfNoContent, Check::ConnectionCloseIsHonored, &["status 204 and connection: close"]),
    bug(Bug::ReusesHttp10, Check::ConnectionCloseIsHonored, &["HTTP/1.0", "second request on the same connection"]),
    bug(Bug::LeaksConnections, Check::ConnectionsAreReleased, &["48 calls one after the other", "48 open connections"]),
    bug(Bug::LeaksEveryThirdConnection, Check::ConnectionsAreReleased, &["48 calls one after the other"]),
    bug(Bug::LeaksAfterTimeout, Check::ConnectionsAreReleased, &["12 calls that timed out", "12 open connections"]),
    bug(Bug::LeaksAfterLostConnection, Check::ConnectionsAreReleased, &["12 calls without a reply"]),
    bug(Bug::LeaksAfterBrokenReply, Check::ConnectionsAreReleased, &["12 calls with a malformed reply"]),
    bug(Bug::LeaksAfterLargeReply, Check::ConnectionsAreReleased, &["12 calls with a large reply"]),
    // Concurrency.
    bug(Bug::MixesReplies, Check::RepliesAreNotMixedUp, &["the reply to call"]).also(&[Check::UsableAfterFailure]),
    bug(Bug::MixesRepliesAbove(8), Check::RepliesAreNotMixedUp, &["the reply to call"]),
    bug(Bug::Pipelines, Check::RepliesAreNotMixedUp, &["pipelining"]),
];
