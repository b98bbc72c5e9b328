//! The error of a call: the endpoint, the number of attempts, the kind of failure, and the remedy.
//!
//! [`Error`] is what a call returns. Its [`ErrorKind`] has one type for each kind of failure; the types of tokens, quotas,
//! requests and transports are in the modules that they belong to.

pub(crate) mod api_error;
pub(crate) mod code;
pub(crate) mod deadline;
pub(crate) mod decode_error;
mod json;
pub(crate) mod language;
mod predicates;
pub(crate) mod reply_summary;
pub(crate) mod status_error;
#[cfg(test)]
mod tests;

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

pub use self::api_error::ApiError;
pub use self::code::ErrCode;
pub use self::deadline::{CallPhase, DeadlineError};
pub use self::decode_error::{DecodeError, DecodeProblem};
pub use self::language::Language;
pub use self::reply_summary::{ReplyKind, ReplySummary};
pub use self::status_error::StatusError;
use crate::endpoint::descriptor::Endpoint;
use crate::endpoint::validation::InvalidRequest;
use crate::http::transport_error::{Delivery, TransportError};
use crate::quota::QuotaError;
use crate::token::TokenError;

/// The error of a call.
///
/// Its text is one line: the endpoint, the standard phrase for the failure, the facts, the remedy. It includes the text of
/// every underlying error, so [`source`](StdError::source) returns none of those; code reaches them through
/// [`Error::kind`]. The text never contains a token, a secret, a URL with a query, or a value of the reply other than its
/// `errmsg`. It [serializes](#impl-Serialize-for-Error) for logs and reports.
///
/// ```
/// use wecom_core::{ErrCode, Error};
///
/// fn advice(error: &Error) -> &'static str {
///     match error.code() {
///         Some(ErrCode::IP_NOT_TRUSTED) => {
///             "add this machine's address to the app's trusted IPs"
///         }
///         Some(code) => {
///             code.remedy().unwrap_or("look the code up on the vendor's page")
///         }
///         None if error.is_transient() => "retry later",
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

/// The kind of failure of an [`Error`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The call violates a documented rule and was not sent. Never retried.
    InvalidRequest(InvalidRequest),
    /// There was no access token, so the call was not sent. Retried by [`Retry`](crate::Retry) if the fetch of the token
    /// failed with a transient error.
    Token(TokenError),
    /// The call would have exceeded the client's [`Quotas`](crate::Quotas) and was not sent. Not retried, because the
    /// call has waited for as long as the quotas allow.
    Quota(QuotaError),
    /// The [deadline](crate::ClientBuilder::deadline) of the call passed. Not retried.
    Deadline(DeadlineError),
    /// The transport returned no reply. Retried by [`Retry`](crate::Retry) if the error is
    /// [transient](Error::is_transient), and the request was not sent or the endpoint's [`Safety`](crate::Safety) allows
    /// it.
    Transport(TransportError),
    /// The HTTP status is not 2xx: a gateway or proxy replied, or the base URL is wrong. WeCom itself replies to refused
    /// calls with 200. Retried by [`Retry`](crate::Retry) if the status is [transient](Error::is_transient) and the
    /// endpoint's [`Safety`](crate::Safety) allows it.
    Status(StatusError),
    /// WeCom refused the call with an `errcode`. Retried once with a new token if the token was refused. Retried by
    /// [`Retry`](crate::Retry) on -1, 6000 and 45033.
    Api(ApiError),
    /// The reply is not what the endpoint returns. Never retried: the call may have been carried out.
    Decode(DecodeError),
}

impl Error {
    pub(crate) fn new(endpoint: &'static Endpoint, attempts: u32, kind: impl Into<ErrorKind>) -> Self {
        Self(Box::new(Inner { endpoint, attempts, kind: kind.into(), may_have_acted: false }))
    }

    /// Records that an earlier attempt of the call may have been carried out.
    pub(crate) fn with_unknown_delivery(mut self) -> Self {
        self.0.may_have_acted = true;
        self
    }

    /// The endpoint that was called.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.0.endpoint
    }

    /// The number of times the request was passed to the transport; 0 if it was not sent.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> &ErrorKind {
        &self.0.kind
    }

    /// WeCom's `errcode`, from the reply to the call or to the fetch of its token. After a deadline, that of the previous
    /// attempt.
    #[must_use]
    pub fn code(&self) -> Option<ErrCode> {
        match self.innermost().kind() {
            ErrorKind::Api(api) => Some(api.code),
            ErrorKind::Status(status) => status.code,
            _ => None,
        }
    }

    /// The HTTP status of the reply to the call or to the fetch of its token, if it is not 2xx.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.fetch_error().kind() {
            ErrorKind::Status(status) => Some(status.status),
            _ => None,
        }
    }

    /// The id that WeCom gives the refusal in its own logs (`hint` of the `errmsg`). The vendor's support asks for it.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self.innermost().kind() {
            ErrorKind::Api(api) => api.hint(),
            _ => None,
        }
    }

    /// How long to wait before the endpoint is called again, if the server or the client's own
    /// [`Quotas`](crate::Quotas) say so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self.fetch_error().kind() {
            ErrorKind::Status(status) => status.retry_after,
            ErrorKind::Quota(quota) => quota.retry_after,
            _ => None,
        }
    }

    /// Whether the server may have carried out the call in any attempt. [`Delivery::NotSent`] is certain.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        if self.0.may_have_acted { Delivery::Unknown } else { self.last_delivery() }
    }

    /// The delivery of the last attempt.
    fn last_delivery(&self) -> Delivery {
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

    /// The error of the failed token fetch, or else this error.
    fn fetch_error(&self) -> &Self {
        match self.kind() {
            ErrorKind::Token(token) => token.call_error().map_or(self, Self::fetch_error),
            _ => self,
        }
    }

    /// The same, and after a deadline the error of the previous attempt.
    fn innermost(&self) -> &Self {
        match self.kind() {
            ErrorKind::Token(token) => token.call_error().map_or(self, Self::innermost),
            ErrorKind::Deadline(deadline) => deadline.earlier.as_ref().map_or(self, Self::innermost),
            _ => self,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.endpoint, self.0.kind.with_causes())?;
        if self.0.attempts > 1 {
            write!(f, " (after {} attempts)", self.0.attempts)?;
        }
        if self.0.may_have_acted && self.last_delivery() == Delivery::NotSent {
            f.write_str(" (an earlier attempt may have been carried out)")?;
        }
        Ok(())
    }
}

/// Shows the text, because `unwrap` and a `main` that returns an error print this form. `{:#?}` shows the parts.
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

/// The text includes the causes, so they are no source. A token provider's own error may have a further source.
impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self.kind() {
            ErrorKind::Token(token) => token.source(),
            _ => None,
        }
    }
}

impl ErrorKind {
    /// The text including those causes that `source` returns.
    pub(crate) fn with_causes(&self) -> impl fmt::Display + '_ {
        WithCauses(self)
    }

    fn part(&self) -> &(dyn StdError + 'static) {
        match self {
            Self::InvalidRequest(error) => error,
            Self::Token(error) => error,
            Self::Quota(error) => error,
            Self::Deadline(error) => error,
            Self::Transport(error) => error,
            Self::Status(error) => error,
            Self::Api(error) => error,
            Self::Decode(error) => error,
        }
    }
}

struct WithCauses<'a>(&'a ErrorKind);

impl fmt::Display for WithCauses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ErrorKind::Transport(error) => error.fmt_with_cause(f),
            kind => kind.fmt(f),
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.part(), f)
    }
}

/// The text and the source of the error in it.
impl StdError for ErrorKind {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.part().source()
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
