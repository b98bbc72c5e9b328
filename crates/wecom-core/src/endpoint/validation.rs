//! Validation of requests before they are sent.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// A request that violates documented rules and was not sent.
///
/// Contains the violations that were found, at most [`InvalidRequest::MOST`], each with the field, the problem and the
/// documented limit. The value is not included, because it may be a person's name or telephone number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidRequest {
    violations: Vec<Violation>,
    more: usize,
}

/// A violation of a documented rule.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// The path of the field in the JSON body: `contact_list[3].corp_name`.
    pub field: String,
    /// The problem with the value: `has 33 characters`.
    pub problem: Cow<'static, str>,
    /// The documented limit: `1 to 32 characters of …`.
    pub limit: Cow<'static, str>,
}

impl InvalidRequest {
    /// The maximum number of violations that are kept. Further ones are only counted.
    pub const MOST: usize = 100;

    /// Creates an error with one violation.
    pub fn new(
        field: impl Into<String>,
        problem: impl Into<Cow<'static, str>>,
        limit: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut violations = Violations::new();
        violations.add(field, problem, limit);
        Self { violations: violations.kept, more: 0 }
    }

    /// The violations in the order in which they were found. Never empty.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The number of violations that were not kept.
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

/// Collects the violations of a request.
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
    /// Creates an empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a violation.
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

    /// Adds a violation if the value is empty.
    pub fn require(&mut self, field: impl Into<String>, value: &str) {
        if value.is_empty() {
            self.add(field, "is empty", "a value returned by WeCom");
        }
    }

    /// Returns `Ok` if there are no violations.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`] with the violations.
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
