//! A reply whose HTTP status is not 2xx.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::error::code::ErrCode;
use crate::error::reply_summary::ReplySummary;

/// The HTTP status of the reply is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusError {
    /// The HTTP status.
    pub status: u16,
    /// The `errcode`, if the reply contains one.
    pub code: Option<ErrCode>,
    /// The wait that the server asked for with a `Retry-After` header.
    pub retry_after: Option<Duration>,
    /// The kind and length of the reply.
    pub reply: ReplySummary,
}

impl StatusError {
    pub(crate) fn is_transient(&self) -> bool {
        match self.status {
            408 | 425 | 429 => true,
            501 | 505 => false,
            status => (500..600).contains(&status),
        }
    }

    /// The reason phrase of a common status, which people search for.
    fn reason(&self) -> &'static str {
        match self.status {
            301 => " Moved Permanently",
            302 => " Found",
            307 => " Temporary Redirect",
            308 => " Permanent Redirect",
            400 => " Bad Request",
            401 => " Unauthorized",
            403 => " Forbidden",
            404 => " Not Found",
            405 => " Method Not Allowed",
            407 => " Proxy Authentication Required",
            408 => " Request Timeout",
            413 => " Payload Too Large",
            429 => " Too Many Requests",
            500 => " Internal Server Error",
            502 => " Bad Gateway",
            503 => " Service Unavailable",
            504 => " Gateway Timeout",
            _ => "",
        }
    }

    fn remedy(&self) -> &'static str {
        match self.status {
            300..=399 => "redirects are not followed; check the base URL",
            401 | 403 => "a gateway denied access; check its rules",
            404 if self.code.is_some() => "the server does not know this endpoint; check the endpoint's path",
            404 => "no such path; check that the base URL ends in /cgi-bin or the gateway's equivalent",
            405 => "a gateway does not allow the method; check its rules",
            407 => "the proxy requires credentials",
            413 => "the request is too large for a gateway",
            429 => "rate limit of a gateway; send fewer requests",
            408 | 500..=599 => "the server or a gateway failed; retry later",
            _ => "a gateway replied, since WeCom itself replies with 200; check the base URL",
        }
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}{}: {}", self.status, self.reason(), self.remedy())?;
        if let Some(code) = self.code {
            write!(f, "; errcode {code}")?;
        }
        if let Some(after) = self.retry_after {
            write!(f, "; retry after {after:?}")?;
        }
        write!(f, " [reply: {}]", self.reply)
    }
}

impl StdError for StatusError {}
