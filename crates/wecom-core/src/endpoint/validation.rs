//! Requests that are refused before anything is sent.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A request that breaks the vendor's documented rules, and so was not sent.
///
/// It holds every violation that was found (at most [`InvalidRequest::MOST`]), each with the field, what is wrong with
/// its value, and the documented limit. The value itself is not repeated: it may be a person's name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    violations: Vec<Violation>,
    more: usize,
}

/// One rule that a request breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Where the value stands, as in the JSON body: `contact_list[3].corp_name`.
    pub field: String,
    /// What is wrong with the value: `has 33 characters`.
    pub problem: Cow<'static, str>,
    /// The documented limit: `1 to 32 characters of …`.
    pub limit: Cow<'static, str>,
}

impl InvalidRequest {
    /// How many violations are kept; of any further ones only the number is.
    pub const MOST: usize = 100;

    /// A request with one violation.
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<Cow<'static, str>>,
        limit: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut violations = Violations::new();
        violations.add(field, problem, limit);
        Self { violations: violations.kept, more: 0 }
    }

    /// What was found, in the order of the request's fields; never empty.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// How many violations there are beyond those that were kept.
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for InvalidRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        f.write_str("invalid request (not sent): ")?;
        for (index, violation) in self.violations.iter().take(SHOWN).enumerate() {
            let Violation { field, problem, limit } = violation;
            write!(f, "{}{field} {problem} (allowed: {limit})", if index == 0 { "" } else { "; " })?;
        }
        match self.violations.len().saturating_sub(SHOWN) + self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl StdError for InvalidRequest {}

/// Collects what is wrong with a request.
///
/// ```
/// use wecom_core::endpoint::{InvalidRequest, Violations};
///
/// fn check(limit: u32) -> Result<(), InvalidRequest> {
///     let mut violations = Violations::new();
///     if limit > 100 {
///         violations.add("limit", format!("is {limit}"), "0 to 100");
///     }
///     violations.into_result()
/// }
///
/// assert_eq!(
///     check(101).unwrap_err().to_string(),
///     "invalid request (not sent): limit is 101 (allowed: 0 to 100)",
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Violations {
    kept: Vec<Violation>,
    more: usize,
}

impl Violations {
    /// Nothing wrong so far.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn add(
        &mut self,
        field: impl Into<String>,
        problem: impl Into<Cow<'static, str>>,
        limit: impl Into<Cow<'static, str>>,
    ) {
        if self.kept.len() < InvalidRequest::MOST {
            self.kept.push(Violation { field: field.into(), problem: problem.into(), limit: limit.into() });
        } else {
            self.more += 1;
        }
    }

    /// Adds one when the value is empty.
    pub fn require(&mut self, field: impl Into<String>, value: &str) {
        if value.is_empty() {
            self.add(field, "is empty", "a value that WeCom gave");
        }
    }

    /// `Ok` when there are none.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`] with those that were added.
    pub fn into_result(self) -> Result<(), InvalidRequest> {
        if self.kept.is_empty() { Ok(()) } else { Err(InvalidRequest { violations: self.kept, more: self.more }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_violations_are_counted_but_not_kept() {
        let mut violations = Violations::new();
        (0..1_000_000).for_each(|row| violations.add(format!("contact_list[{row}]"), "is bad", "good"));
        let error = violations.into_result().unwrap_err();
        assert_eq!((error.violations().len(), error.more()), (InvalidRequest::MOST, 999_900));
        assert!(error.to_string().ends_with("; and 999995 more"), "{error}");
    }
}
