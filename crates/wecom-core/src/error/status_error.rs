//! A reply whose HTTP status is not 2xx.

use std::fmt;
use std::time::Duration;

use crate::error::code::ErrCode;
use crate::error::reply_summary::ReplySummary;

/// The HTTP status is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusError {
    /// The HTTP status.
    pub status: u16,
    /// The `errcode`, where the reply has one all the same.
    pub code: Option<ErrCode>,
    /// How long the server asked to wait, in a `Retry-After` header.
    pub retry_after: Option<Duration>,
    /// What came back.
    pub reply: ReplySummary,
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let advice = match self.status {
            300..=399 => "a redirect, which is not followed: check the base URL",
            401 | 403 => "the gateway in between refused access",
            404 => "nothing lies at this path: check the base URL, which has to end in /cgi-bin or what stands for it",
            405 => "the gateway in between doesn't allow the method",
            407 => "the proxy in between wants credentials",
            413 => "the request is too large for the gateway in between",
            429 => "the gateway in between is being asked too often",
            500..=599 => "the server or the gateway in between is failing: try again later",
            _ => "WeCom itself answers with 200",
        };
        write!(f, "the server answered HTTP {} ({advice})", self.status)?;
        if let Some(code) = self.code {
            write!(f, " with {code}")?;
        }
        if let Some(after) = self.retry_after {
            write!(f, ", to try again after {after:?}")?;
        }
        write!(f, " [reply: {}]", self.reply)
    }
}
