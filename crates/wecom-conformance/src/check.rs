//! The promises of the transport contract.

use std::fmt;

/// A promise of the transport contract, and the check of it.
///
/// [`promise`](Self::promise) states the promise, and [`remedy`](Self::remedy) how to keep it. A report shows the promise
/// with the name of the variant, which [`Suite`](crate::Suite) takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// A reply with any HTTP status is `Ok`, with its body. Interim replies (1xx) are skipped.
    AnyStatusIsOk,
    /// A redirect is returned like any other reply. Nothing is sent to its location.
    RedirectsAreNotFollowed,
    /// The method, path and query reach the server unchanged.
    MethodAndUrlArrive,
    /// Each header of the request reaches the server once and unchanged, and no header with credentials or state is added.
    HeadersArriveOnce,
    /// The body reaches the server unchanged, up to several MiB of any bytes. A `GET` has no body.
    BodyArrives,
    /// One call sends one request. The transport does not retry, hedge or combine requests.
    OneCallIsOneRequest,
    /// A call depends on no earlier call: no cookies, no `referer`, no cached replies, no upgrade to TLS.
    CallsAreIndependent,
    /// The body of a reply is returned unchanged, with transfer encoding and requested content encoding removed.
    ReplyBodyComesBack,
    /// The headers of a reply are returned, including repeated and non-ASCII ones.
    ReplyHeadersComeBack,
    /// A reply without end becomes an error before 64 MiB of it are read, whatever its status.
    ReplyIsBounded,
    /// The time limit of the request applies to the whole call: connecting, sending, and receiving, whatever the status of the
    /// reply. A call may end 0.8 s late. Zero is a limit as well: the call ends at once. A transport that lowers limits to
    /// more than two seconds passes, because no check waits that long.
    TimeLimitIsKept,
    /// A refused connection is an error, preferably with [`Delivery::NotSent`](wecom_core::Delivery::NotSent).
    RefusedConnectionIsAnError,
    /// An error has [`Delivery::NotSent`](wecom_core::Delivery::NotSent) only if no byte of the request was sent.
    NotSentIsTrue,
    /// A truncated or malformed reply is an error, even if only its `content-length` is invalid.
    BrokenReplyIsAnError,
    /// A reply is an error if the connection is reset before its end.
    ResetIsAnError,
    /// Dropping the future closes the connection of the call.
    DroppingCancels,
    /// After a dropped call, the next call receives its own reply.
    UsableAfterDropping,
    /// After a failed call, the next call receives its own reply.
    UsableAfterFailure,
    /// A connection is not used again after a reply with `connection: close`, whatever its status and other options.
    ConnectionCloseIsHonored,
    /// Connections are reused or closed: finished and failed calls leave no open connections behind.
    ConnectionsAreReleased,
    /// Concurrent calls each receive their own reply, and requests are not pipelined.
    RepliesAreNotMixedUp,
    /// No error contains the access token. A violation is a warning, because the client redacts errors.
    ErrorsHoldNoToken,
}

impl Check {
    /// All checks, in the order of a report.
    pub const ALL: &'static [Self] = &[
        Self::AnyStatusIsOk,
        Self::RedirectsAreNotFollowed,
        Self::MethodAndUrlArrive,
        Self::HeadersArriveOnce,
        Self::BodyArrives,
        Self::OneCallIsOneRequest,
        Self::CallsAreIndependent,
        Self::ReplyBodyComesBack,
        Self::ReplyHeadersComeBack,
        Self::ReplyIsBounded,
        Self::TimeLimitIsKept,
        Self::RefusedConnectionIsAnError,
        Self::NotSentIsTrue,
        Self::BrokenReplyIsAnError,
        Self::ResetIsAnError,
        Self::DroppingCancels,
        Self::UsableAfterDropping,
        Self::UsableAfterFailure,
        Self::ConnectionCloseIsHonored,
        Self::ConnectionsAreReleased,
        Self::RepliesAreNotMixedUp,
        Self::ErrorsHoldNoToken,
    ];

    /// Returns the promise in a few words.
    #[must_use]
    pub fn promise(self) -> &'static str {
        match self {
            Self::AnyStatusIsOk => "any HTTP status is Ok",
            Self::RedirectsAreNotFollowed => "redirects are not followed",
            Self::MethodAndUrlArrive => "method, path and query arrive unchanged",
            Self::HeadersArriveOnce => "the request's headers arrive once",
            Self::BodyArrives => "the request's body arrives unchanged",
            Self::OneCallIsOneRequest => "one call is one request",
            Self::CallsAreIndependent => "a call depends on no earlier call",
            Self::ReplyBodyComesBack => "the reply's body is returned unchanged",
            Self::ReplyHeadersComeBack => "the reply's headers are returned",
            Self::ReplyIsBounded => "the size of a reply is bounded",
            Self::TimeLimitIsKept => "the request's time limit is kept",
            Self::RefusedConnectionIsAnError => "a refused connection is an error",
            Self::NotSentIsTrue => "NotSent means that nothing was sent",
            Self::BrokenReplyIsAnError => "a broken reply is an error",
            Self::ResetIsAnError => "a reset is not the end of a reply",
            Self::DroppingCancels => "dropping the future cancels the request",
            Self::UsableAfterDropping => "the next call works after a dropped call",
            Self::UsableAfterFailure => "the next call works after a failed call",
            Self::ConnectionCloseIsHonored => "connection: close is honored",
            Self::ConnectionsAreReleased => "connections are released",
            Self::RepliesAreNotMixedUp => "concurrent calls receive their own replies",
            Self::ErrorsHoldNoToken => "no error contains the token",
        }
    }

    /// Returns advice on how to keep the promise.
    #[must_use]
    pub fn remedy(self) -> &'static str {
        match self {
            Self::AnyStatusIsOk => {
                "disable the HTTP library's conversion of status codes to errors, such as error_for_status"
            }
            Self::RedirectsAreNotFollowed => {
                "configure the HTTP library to return a redirect as the reply, and neither follow it nor make it an error: \
                 the next host would receive the token and the body"
            }
            Self::MethodAndUrlArrive => {
                "pass Request::expose_url to the HTTP library as it is, without parsing and rebuilding its query"
            }
            Self::HeadersArriveOnce => {
                "send Request::headers and no default headers of the same names; disable netrc and other credentials"
            }
            Self::BodyArrives => "send Request::body as bytes of known length, and no body if it is None",
            Self::OneCallIsOneRequest => {
                "disable retries in the HTTP library: the client repeats a request only if that is safe"
            }
            Self::CallsAreIndependent => "disable the cookie store, the referer, the cache, HSTS and Alt-Svc",
            Self::ReplyBodyComesBack => {
                "read the body as bytes; enable decoding for each content encoding that the library requests"
            }
            Self::ReplyHeadersComeBack => "copy every header of the reply as bytes, including repeated names",
            Self::ReplyIsBounded => {
                "count the bytes of the body after decoding, and stop at a limit with TransportErrorKind::ReplyTooLarge"
            }
            Self::TimeLimitIsKept => {
                "set Request::time_limit as the timeout of the whole call, not of connecting or of a single read; round it up \
                 if the HTTP library counts whole milliseconds, of which zero may mean no limit; if the library reads interim \
                 replies (1xx) as long as they arrive, as hyper does, pause between reads or bound their size"
            }
            Self::RefusedConnectionIsAnError => "map a failed connection to TransportErrorKind::Connect and NotSent",
            Self::NotSentIsTrue => "return Delivery::Unknown for every error after the connection is established",
            Self::BrokenReplyIsAnError => {
                "return an error unless the body reached its content-length, its last chunk, or an orderly end"
            }
            Self::ResetIsAnError => "return an error for connection reset, also if the reply has no length",
            Self::DroppingCancels => "tie the connection to the future: do not detach the call into a task or thread",
            Self::UsableAfterDropping => "close the connection of a dropped call, and never return it to the pool",
            Self::UsableAfterFailure => {
                "return a connection to the pool only after a complete reply without surplus bytes"
            }
            Self::ConnectionCloseIsHonored => {
                "close the connection after a reply with connection: close, and after an HTTP/1.0 reply"
            }
            Self::ConnectionsAreReleased => "close connections that are not returned to the pool, on every path",
            Self::RepliesAreNotMixedUp => {
                "use a connection for one call at a time, and disable HTTP/1.1 pipelining in the HTTP library"
            }
            Self::ErrorsHoldNoToken => "remove the URL from the HTTP library's errors, such as with without_url",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.promise())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn promises_and_remedies_are_distinct() {
        let promises: HashSet<_> = Check::ALL.iter().map(|check| check.promise()).collect();
        let remedies: HashSet<_> = Check::ALL.iter().map(|check| check.remedy()).collect();
        assert_eq!((promises.len(), remedies.len()), (Check::ALL.len(), Check::ALL.len()));
    }
}
