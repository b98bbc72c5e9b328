//! A call that WeCom refused.

use std::fmt;

use crate::error::code::ErrCode;

/// WeCom refused a call: its `errcode`, and its `errmsg` with any secret of the request taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// WeCom's `errcode`; never 0.
    pub code: ErrCode,
    /// WeCom's `errmsg`, on one line and at most some 300 characters long. Its wording changes: never match on it.
    pub message: String,
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WeCom answered {}", self.code)?;
        if let Some(explanation) = self.code.explanation() {
            write!(f, ": {explanation}")?;
        }
        if let Some(remedy) = self.code.remedy() {
            write!(f, " {remedy}")?;
        }
        write!(f, " [errmsg: {}] {}", self.message, self.code.lookup_url())
    }
}
