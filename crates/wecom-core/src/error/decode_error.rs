//! A reply that is not what the endpoint answers.

use std::fmt;

use crate::error::reply_summary::ReplySummary;

/// A reply that is not what the endpoint answers: where it breaks off or differs, and why. No value of it is quoted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DecodeError {
    /// What kind of thing is wrong.
    pub problem: DecodeProblem,
    /// Where in the JSON: `chains[3].chain_id`; empty where that can't be said.
    pub path: String,
    /// What the JSON reader said, without the value that it refused: `invalid type: string, expected i64`.
    pub detail: String,
    /// What came back.
    pub reply: ReplySummary,
}

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeProblem {
    /// There is nothing in it.
    Empty,
    /// It is HTML: a gateway's, a proxy's or a login page.
    Html,
    /// It is neither JSON nor HTML.
    NotJson,
    /// It is JSON that breaks off.
    Truncated,
    /// It is JSON, but not in the shape that is documented.
    Shape,
    /// It is a JSON object with neither an `errcode` nor any field that the endpoint answers with: somebody else's.
    Foreign,
}

impl fmt::Display for DecodeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the reply is empty: something between here and WeCom swallowed it",
            Self::Html => "the reply is HTML, not JSON: a gateway, proxy or login page answered; check the base URL and the network",
            Self::NotJson => "the reply is not JSON: something other than WeCom answered; check the base URL",
            Self::Truncated => "the reply breaks off in the middle",
            Self::Shape => "the reply is not in the documented shape",
            Self::Foreign => "the reply has neither an errcode nor any documented field: something other than WeCom answered",
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
