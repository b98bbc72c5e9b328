//! The one error of a call: which endpoint, how many attempts, what went wrong, and what to do about it.

pub(crate) mod api_error;
pub(crate) mod code;
pub(crate) mod deadline;
pub(crate) mod decode_error;
pub(crate) mod reply_summary;
pub(crate) mod status_error;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;

pub use self::api_error::ApiError;
pub use self::code::ErrCode;
pub use self::deadline::{CallPhase, DeadlineError};
pub use self::decode_error::{DecodeError, DecodeProblem};
pub use self::reply_summary::{ReplyKind, ReplySummary};
pub use self::status_error::StatusError;
use crate::endpoint::descriptor::Endpoint;
use crate::endpoint::validation::InvalidRequest;
use crate::http::transport_error::{Delivery, TransportError, TransportErrorKind};
use crate::quota::QuotaError;
use crate::token::{GET_TOKEN, TokenError};

/// Why a call gave no reply.
///
/// Its text names the endpoint and says what happened and what to do, in one line; it holds no token, no secret and no
/// URL. What to do in code follows from the predicates, or from [`Error::kind`] and [`Error::code`].
///
/// ```
/// use wecom_core::{ErrCode, Error};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.code() {
///         Some(ErrCode::IP_NOT_TRUSTED) => "add this machine's address to the app's trusted IPs",
///         Some(code) => code.remedy().unwrap_or("look the code up at the vendor's page"),
///         None if error.is_timeout() => "try again",
///         None => "see the text of the error",
///     }
/// }
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    endpoint: &'static Endpoint,
    attempts: u32,
    kind: ErrorKind,
    /// Whether an attempt before the last may have been carried out.
    may_have_acted: bool,
}

/// What went wrong in an [`Error`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call breaks a documented rule and was not sent. Never repeated: it would be refused again.
    InvalidRequest(InvalidRequest),
    /// There was no access token to send the call with; the call itself was not sent. Repeated by
    /// [`Retry`](crate::Retry) where fetching the token failed in a way that may pass.
    Token(TokenError),
    /// The call would have passed the client's own [`Quotas`](crate::Quotas) and was not sent. Not repeated: it has
    /// waited as long as it may.
    Quota(QuotaError),
    /// The call's [deadline](crate::ClientBuilder::deadline) passed. Not repeated.
    Deadline(DeadlineError),
    /// The transport brought no reply. Repeated by [`Retry`](crate::Retry) when the request was not sent, or when the
    /// endpoint's [`Safety`](crate::Safety) allows it.
    Transport(TransportError),
    /// The HTTP status is not 2xx: a gateway or proxy answered, or the address is wrong. WeCom itself answers its
    /// refusals with 200. Repeated by [`Retry`](crate::Retry) on 429, 500, 502, 503 and 504, when the endpoint's
    /// [`Safety`](crate::Safety) allows it.
    Status(StatusError),
    /// WeCom answered with an `errcode`. Repeated once, with a new token, where the code says that the token was
    /// refused; by [`Retry`](crate::Retry) on -1, 6000 and 45033.
    Api(ApiError),
    /// The reply is not what the endpoint answers. Never repeated: the call may have been carried out.
    Decode(DecodeError),
}

impl Error {
    pub(crate) fn new(endpoint: &'static Endpoint, attempts: u32, kind: impl Into<ErrorKind>) -> Self {
        Self(Box::new(Inner { endpoint, attempts, kind: kind.into(), may_have_acted: false }))
    }

    /// The same error of a call of which an earlier attempt may have been carried out.
    pub(crate) fn with_unknown_delivery(mut self) -> Self {
        self.0.may_have_acted = true;
        self
    }

    /// Which endpoint was called.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.0.endpoint
    }

    /// How often the call was handed to the transport; 0 when it was not sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// WeCom's `errcode`, whether the call itself got it or the fetching of its token did; after a deadline, that of the
    /// attempt before.
    #[must_use]
    pub fn code(&self) -> Option<ErrCode> {
        match self.kind() {
            ErrorKind::Api(api) => Some(api.code),
            ErrorKind::Status(status) => status.code,
            ErrorKind::Token(token) => token.call_error().and_then(Self::code),
            ErrorKind::Deadline(deadline) => deadline.earlier.as_ref().and_then(Self::code),
            ErrorKind::InvalidRequest(_) | ErrorKind::Quota(_) | ErrorKind::Transport(_) | ErrorKind::Decode(_) => None,
        }
    }

    /// The HTTP status, where it was not 2xx.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.kind() {
            ErrorKind::Status(status) => Some(status.status),
            ErrorKind::Token(token) => token.call_error().and_then(Self::status),
            _ => None,
        }
    }

    /// Whether the server can have carried the call out, in any of its attempts. [`Delivery::NotSent`] is certain.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        if self.0.may_have_acted {
            return Delivery::Unknown;
        }
        match self.kind() {
            ErrorKind::InvalidRequest(_) | ErrorKind::Token(_) | ErrorKind::Quota(_) => Delivery::NotSent,
            ErrorKind::Transport(transport) => transport.delivery(),
            ErrorKind::Deadline(deadline) => match deadline.phase {
                CallPhase::AwaitingQuota | CallPhase::GettingToken => Delivery::NotSent,
                CallPhase::AwaitingReply => Delivery::Unknown,
            },
            ErrorKind::Status(_) | ErrorKind::Api(_) | ErrorKind::Decode(_) => Delivery::Unknown,
        }
    }

    /// Whether the call was refused by our own checks, before anything was sent.
    ///
    /// What to do: the text names each field, what is wrong with it and the documented limit.
    #[must_use]
    pub fn is_invalid_request(&self) -> bool {
        matches!(self.kind(), ErrorKind::InvalidRequest(_))
    }

    /// Whether a time limit passed: the transport's, in connecting or waiting, or the call's deadline.
    ///
    /// What to do: look at [`Error::delivery`] before repeating a call that changes something; raise the limit where
    /// the network is slow.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.kind(), ErrorKind::Deadline(_))
            || self.transport().is_some_and(|transport| transport.kind() == TransportErrorKind::Timeout)
    }

    /// Whether no connection could be made: name, network or TLS. The call was not sent.
    ///
    /// What to do: check the base URL, DNS, the firewall and proxy, and for TLS the trusted roots.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.transport().is_some_and(|transport| {
            use TransportErrorKind::{Connect, Dns, Tls};
            matches!(transport.kind(), Dns | Connect | Tls)
        })
    }

    /// Whether the caller is over a frequency or concurrency limit: 45009, 45033, HTTP 429, or the client's own
    /// [`Quotas`](crate::Quotas).
    ///
    /// What to do: after 45009 leave this endpoint alone for the window exceeded (a minute, an hour, a day); after
    /// 45033 have fewer calls under way at once.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        matches!(self.code(), Some(ErrCode::FREQUENCY_EXCEEDED | ErrCode::CONCURRENCY_EXCEEDED))
            || self.status() == Some(429)
            || matches!(self.kind(), ErrorKind::Quota(_))
    }

    /// Whether WeCom is busy or was changed by two callers at once: -1 or 6000.
    ///
    /// What to do: try again a little later, at most three times.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        matches!(self.code(), Some(ErrCode::BUSY | ErrCode::VERSION_CONFLICT))
    }

    /// Whether the access token was refused, and, where there is something to refresh it with, so was the next: 40014,
    /// 42001, 41001, or 40001 on a call.
    ///
    /// What to do: with a static token, get a new one; with credentials, check that nothing else fetches tokens for the
    /// same app from another place and that the app is still enabled.
    #[must_use]
    pub fn is_token_rejected(&self) -> bool {
        matches!(self.kind(), ErrorKind::Api(api) if api.code.means_token_rejected())
    }

    /// Whether the corp id or the app's secret is wrong: 40001, 40013 or 40091 from gettoken. A client of a downstream
    /// corp says so of the upstream app's credentials; that the downstream corp is unknown is no such error.
    ///
    /// What to do: correct them and build a new client. This one doesn't ask again, because a wrong secret that is
    /// repeated gets the caller's IP banned for an hour.
    #[must_use]
    pub fn is_credentials_rejected(&self) -> bool {
        let ErrorKind::Token(token) = self.kind() else { return false };
        token.call_error().is_some_and(|fetch| match fetch.kind() {
            ErrorKind::Token(_) => fetch.is_credentials_rejected(),
            _ => *fetch.endpoint() == GET_TOKEN && fetch.code().is_some_and(ErrCode::means_credentials_rejected),
        })
    }

    /// Whether the caller's IP is not among the app's trusted ones: 60020.
    ///
    /// What to do: the text names the IP; add it under the app's 企业可信IP, or call through a proxy whose IP is there.
    #[must_use]
    pub fn is_ip_not_trusted(&self) -> bool {
        self.code() == Some(ErrCode::IP_NOT_TRUSTED)
    }

    /// Whether the app may not make this call or not for this object: 48001, 48002, 60011, 301002, 670001, 670030.
    ///
    /// What to do: in the admin console, grant the app the API (上下游 → 可调用接口的应用), and widen its visible range
    /// to what is asked for.
    #[must_use]
    pub fn is_permission_denied(&self) -> bool {
        self.code().is_some_and(ErrCode::means_permission_denied)
    }

    /// The transport's error, whether the call itself met it or the fetching of its token did.
    fn transport(&self) -> Option<&TransportError> {
        match self.kind() {
            ErrorKind::Transport(transport) => Some(transport),
            ErrorKind::Token(token) => token.call_error().and_then(Self::transport),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.endpoint, self.0.kind)?;
        if self.0.attempts > 1 {
            write!(f, " (after {} attempts)", self.0.attempts)?;
        }
        Ok(())
    }
}

/// The text as it is, because that is what `unwrap` and a `main` that returns an error show; `{:#?}` shows the parts.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return fmt::Display::fmt(self, f);
        }
        f.debug_struct("Error")
            .field("endpoint", &self.0.endpoint.name())
            .field("attempts", &self.0.attempts)
            .field("kind", &self.0.kind)
            .finish()
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest(error) => error.fmt(f),
            Self::Token(error) => error.fmt(f),
            Self::Quota(error) => error.fmt(f),
            Self::Deadline(error) => error.fmt(f),
            Self::Transport(error) => error.fmt(f),
            Self::Status(error) => error.fmt(f),
            Self::Api(error) => error.fmt(f),
            Self::Decode(error) => error.fmt(f),
        }
    }
}

/// The text of an [`Error`] is whole by itself; the source is there for code that wants to look further down.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.kind() {
            ErrorKind::Token(error) => error.source(),
            ErrorKind::Transport(error) => error.source(),
            ErrorKind::Deadline(error) => error.earlier.as_ref().map(|earlier| earlier as &(dyn StdError + 'static)),
            ErrorKind::InvalidRequest(_)
            | ErrorKind::Quota(_)
            | ErrorKind::Status(_)
            | ErrorKind::Api(_)
            | ErrorKind::Decode(_) => None,
        }
    }
}

macro_rules! kind_from {
    ($($kind:ident($error:ty)),+) => {$(
        impl From<$error> for ErrorKind {
            fn from(error: $error) -> Self {
                Self::$kind(error)
            }
        }
    )+};
}

kind_from!(
    InvalidRequest(InvalidRequest),
    Token(TokenError),
    Quota(QuotaError),
    Deadline(DeadlineError),
    Transport(TransportError),
    Status(StatusError),
    Api(ApiError),
    Decode(DecodeError)
);
