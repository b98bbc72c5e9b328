//! A reply that is not what the endpoint returns.

use std::error::Error as StdError;
use std::fmt;

use crate::error::reply_summary::ReplySummary;

/// The reply is not what the endpoint returns. No value of it is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// What is wrong with the reply.
    pub problem: DecodeProblem,
    /// The place in the JSON, such as `chains[3].chain_id`; empty if unknown.
    pub path: String,
    /// The message of the JSON reader without the value: `invalid type: string, expected i64 (line 1, column 52)`.
    pub detail: String,
    /// The kind and length of the reply.
    pub reply: ReplySummary,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// It is empty.
    Empty,
    /// It is HTML, from a gateway, a proxy or a login page.
    Html,
    /// It is neither JSON nor HTML.
    NotJson,
    /// It is JSON that ends too early.
    Truncated,
    /// It is JSON in another shape than documented.
    Shape,
    /// It is a JSON object with neither an `errcode` nor a field of the endpoint's reply, so it is not WeCom's.
    Foreign,
}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "empty reply: a gateway or proxy may have dropped the body",
            Self::Html => "unexpected HTML: a gateway, proxy or login page replied; check the base URL and the network",
            Self::NotJson => "invalid JSON: a server other than WeCom replied; check the base URL",
            Self::Truncated => "truncated JSON: the reply ends too early",
            Self::Shape => "invalid reply: the JSON is not in the documented shape",
            Self::Foreign => {
                "unrecognized reply: neither an errcode nor a documented field; a server other than WeCom replied; check \
                 the base URL"
            }
        })
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)?;
        if !self.path.is_empty() {
            write!(f, ", at {}", self.path)?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        write!(f, " [reply: {}]", self.reply)
    }
}

impl StdError for DecodeError {}
