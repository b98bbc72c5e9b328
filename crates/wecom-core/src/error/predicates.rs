//! Predicates on errors, for code that decides what to do next.

use crate::error::code::ErrCode;
use crate::error::decode_error::DecodeProblem;
use crate::error::{Error, ErrorKind};
use crate::http::transport_error::TransportErrorKind;
use crate::token::GET_TOKEN;

impl Error {
    /// Whether the same call may succeed later although nothing is changed.
    ///
    /// | error | transient |
    /// |---|---|
    /// | transport: DNS, connection, time limit, anything not listed below | yes |
    /// | transport: TLS, a reply too large, an unsupported request, no async runtime | no |
    /// | HTTP 408, 425, 429, and 5xx except 501 and 505 | yes |
    /// | any other HTTP status | no |
    /// | errcode -1 (busy), 6000 (version conflict), 45009 (rate limit), 45033 (concurrency limit) | yes |
    /// | any other errcode | no |
    /// | deadline, the client's own quotas | yes |
    /// | no access token | if the error of the fetch is; the error of a program's own provider is |
    /// | a reply that is empty or truncated | yes |
    /// | any other reply that is not the endpoint's, an invalid request | no |
    ///
    /// Remedy: retry after [`Error::retry_after`]. Before retrying a call that changes data, check [`Error::delivery`].
    ///
    /// ```
    /// use wecom_core::{Delivery, Error, Safety};
    ///
    /// fn may_retry(error: &Error) -> bool {
    ///     let is_harmless = error.endpoint().safety() != Safety::NotIdempotent;
    ///     error.is_transient() && (is_harmless || error.delivery() == Delivery::NotSent)
    /// }
    /// ```
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self.kind() {
            ErrorKind::InvalidRequest(_) => false,
            ErrorKind::Token(token) => token.call_error().is_none_or(Self::is_transient),
            ErrorKind::Quota(_) | ErrorKind::Deadline(_) => true,
            ErrorKind::Transport(transport) => transport.kind().is_transient(),
            ErrorKind::Status(status) => status.is_transient(),
            ErrorKind::Api(api) => api.code.is_transient(),
            ErrorKind::Decode(decode) => matches!(decode.problem, DecodeProblem::Empty | DecodeProblem::Truncated),
        }
    }

    /// Whether the call violates a documented rule, so that the client did not send it.
    ///
    /// Remedy: the text names each field, the problem and the documented limit.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidRequest(_))
    }

    /// Whether a time limit passed: the transport's limit or the deadline, of the call or of the fetch of its token.
    ///
    /// Remedy: check [`Error::delivery`] before repeating a call that changes data. Raise the limit if the network is
    /// slow.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        let is_deadline = matches!(self.fetch_error().kind(), ErrorKind::Deadline(_));
        is_deadline || self.transport_kind() == Some(TransportErrorKind::Timeout)
    }

    /// Whether no connection could be established: DNS, network or TLS. The call was not sent.
    ///
    /// Remedy: check the base URL, DNS, firewall and proxy, and for TLS the trusted root certificates.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        use TransportErrorKind::{Connect, Dns, Tls};
        matches!(self.transport_kind(), Some(Dns | Connect | Tls))
    }

    /// Whether a frequency or concurrency limit is exceeded: 45009, 45033, HTTP 429, or the client's own
    /// [`Quotas`](crate::Quotas).
    ///
    /// Remedy: after 45009, don't call the endpoint for the exceeded window (a minute, an hour, a day). After 45033, make
    /// fewer calls at the same time.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        matches!(self.code(), Some(ErrCode::FREQUENCY_EXCEEDED | ErrCode::CONCURRENCY_EXCEEDED))
            || self.status() == Some(429)
            || matches!(self.kind(), ErrorKind::Quota(_))
    }

    /// Whether WeCom is busy, or two callers changed the same data at the same time: -1 or 6000.
    ///
    /// Remedy: retry a little later, at most three times.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.code(), Some(ErrCode::BUSY | ErrCode::VERSION_CONFLICT))
    }

    /// Whether WeCom refused the access token: 40014, 42001, 41001, or 40001 on a call. A client that can fetch tokens has
    /// tried a second one.
    ///
    /// Remedy: with a fixed token, get a new one. With credentials, check that no other program fetches tokens for the
    /// same app in another place, and that the app is enabled.
    #[must_use]
    pub fn is_token_rejected(&self) -> bool {
        matches!(self.kind(), ErrorKind::Api(api) if api.code.means_token_rejected())
    }

    /// Whether gettoken refused the corp id or the app's secret: 40001, 40013 or 40091. True for a client of a downstream
    /// corp if the upstream app's credentials were refused; false if the downstream corp is unknown.
    ///
    /// Remedy: correct the credentials and build a new client. This client doesn't fetch a token again, because repeated
    /// failures get the caller's IP address banned for an hour.
    #[must_use]
    pub fn is_credentials_rejected(&self) -> bool {
        let ErrorKind::Token(token) = self.kind() else { return false };
        token.call_error().is_some_and(|fetch| match fetch.kind() {
            ErrorKind::Token(_) => fetch.is_credentials_rejected(),
            _ => *fetch.endpoint() == GET_TOKEN && fetch.code().is_some_and(ErrCode::means_credentials_rejected),
        })
    }

    /// Whether the caller's IP address is not trusted by the app: 60020.
    ///
    /// Remedy: add the address that the text names to the app's 企业可信IP, or call through a proxy whose address is
    /// listed.
    #[must_use]
    pub fn is_ip_not_trusted(&self) -> bool {
        self.code() == Some(ErrCode::IP_NOT_TRUSTED)
    }

    /// Whether the app lacks a permission for this call or this object: 48001, 48002, 60011, 301002, 670001, 670030.
    ///
    /// Remedy: in the admin console, grant the app the API (上下游 → 可调用接口的应用), and extend its visible range to the
    /// object.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.code().is_some_and(ErrCode::means_permission_denied)
    }

    /// The failure of the transport, in the call or in the fetch of its token.
    fn transport_kind(&self) -> Option<TransportErrorKind> {
        match self.fetch_error().kind() {
            ErrorKind::Transport(transport) => Some(transport.kind()),
            _ => None,
        }
    }
}
