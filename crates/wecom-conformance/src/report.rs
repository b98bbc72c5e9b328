//! The results of the checks.

use std::fmt;
use std::io;
use std::process::{ExitCode, Termination};

use crate::check::Check;

/// The result of a [`Check`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The promise is kept.
    Passed,
    /// The promise is kept, but the transport can be improved. The text says how.
    Warned(String),
    /// The promise could not be checked. The text says why.
    NotApplicable(String),
    /// The promise is broken.
    Failed {
        /// What the contract requires.
        expected: String,
        /// What the transport did.
        actual: String,
    },
    /// The promise is broken, and [`Suite::allow_failure`](crate::Suite::allow_failure) allows it.
    AllowedFailure {
        /// The reason for allowing it.
        reason: String,
        /// What the contract requires.
        expected: String,
        /// What the transport did.
        actual: String,
    },
}

impl Verdict {
    pub(crate) fn failed(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), actual: actual.into() }
    }

    /// Applies an allowance. A failure becomes an allowed one. Anything else becomes a warning that the allowance is
    /// unnecessary.
    pub(crate) fn allowed(self, reason: &str) -> Self {
        match self {
            Self::Failed { expected, actual } => Self::AllowedFailure { reason: reason.to_owned(), expected, actual },
            Self::NotApplicable(_) | Self::AllowedFailure { .. } => self,
            Self::Passed | Self::Warned(_) => {
                Self::Warned(format!("this check no longer fails: remove the allowance ({reason})"))
            }
        }
    }
}

/// A check fails if its server on loopback does not start.
impl From<io::Error> for Verdict {
    fn from(error: io::Error) -> Self {
        Self::failed("a server of the suite on 127.0.0.1", error.to_string())
    }
}

/// The verdicts of a run.
///
/// `Display` prints a table. In a test, call [`assert`](Self::assert), which prints the table only on failure. A `main`
/// function can return a `Report`: the program then prints the table, and exits with 1 where `assert` panics and 0 otherwise.
#[derive(Clone, Debug)]
#[must_use = "a report fails no test by itself: call `assert`"]
pub struct Report {
    verdicts: Vec<(Check, Verdict)>,
    usage_errors: Vec<String>,
    unused_allowances: Vec<(Check, String)>,
}

impl Report {
    pub(crate) fn new(verdicts: Vec<(Check, Verdict)>) -> Self {
        Self { verdicts, usage_errors: Vec::new(), unused_allowances: Vec::new() }
    }

    /// Adds an error in the use of the suite.
    pub(crate) fn with_usage_error(mut self, error: impl Into<String>) -> Self {
        self.usage_errors.push(error.into());
        self
    }

    /// Adds an allowance that had no effect, and its reason.
    pub(crate) fn with_unused_allowance(mut self, check: Check, reason: &str) -> Self {
        self.unused_allowances.push((check, reason.to_owned()));
        self
    }

    /// Returns each check that ran and its verdict, in the order of [`Check::ALL`].
    pub fn verdicts(&self) -> impl Iterator<Item = (Check, &Verdict)> {
        self.verdicts.iter().map(|(check, verdict)| (*check, verdict))
    }

    /// Returns the verdict of a check, or `None` if the check did not run.
    #[must_use]
    pub fn verdict(&self, check: Check) -> Option<&Verdict> {
        self.verdicts().find(|(other, _)| *other == check).map(|(_, verdict)| verdict)
    }

    /// Returns the checks that failed, except [allowed failures](Self::allowed_failures).
    pub fn failures(&self) -> impl Iterator<Item = Check> {
        self.with(|verdict| matches!(verdict, Verdict::Failed { .. }))
    }

    /// Returns the checks that passed with a warning.
    pub fn warnings(&self) -> impl Iterator<Item = Check> {
        self.with(|verdict| matches!(verdict, Verdict::Warned(_)))
    }

    /// Returns the checks that could not be made. There are none when the suite runs against its own servers.
    pub fn not_applicable(&self) -> impl Iterator<Item = Check> {
        self.with(|verdict| matches!(verdict, Verdict::NotApplicable(_)))
    }

    /// Returns the checks that failed and [may fail](crate::Suite::allow_failure).
    pub fn allowed_failures(&self) -> impl Iterator<Item = Check> {
        self.with(|verdict| matches!(verdict, Verdict::AllowedFailure { .. }))
    }

    /// Returns the errors in the use of the suite: no selected check, no request for
    /// [`check_exchanges`](crate::check_exchanges()), or an allowance without a reason. The report then shows nothing about the
    /// transport, and [`assert`](Self::assert) panics.
    pub fn usage_errors(&self) -> impl Iterator<Item = &str> {
        self.usage_errors.iter().map(String::as_str)
    }

    /// Returns the checks that [may fail](crate::Suite::allow_failure) but were not selected or not applicable.
    pub fn unused_allowances(&self) -> impl Iterator<Item = Check> {
        self.unused_allowances.iter().map(|(check, _)| *check)
    }

    fn is_success(&self) -> bool {
        self.failures().next().is_none() && self.usage_errors.is_empty()
    }

    fn with(&self, is_selected: impl Fn(&Verdict) -> bool) -> impl Iterator<Item = Check> {
        self.verdicts().filter(move |(_, verdict)| is_selected(verdict)).map(|(check, _)| check)
    }

    /// Panics if a check failed or the suite was not used correctly. Warnings, allowed failures, unused allowances and checks
    /// that are not applicable do not count.
    ///
    /// # Panics
    ///
    /// Panics with the whole report if a check failed, or if there are [usage errors](Self::usage_errors).
    #[track_caller]
    pub fn assert(&self) {
        #[expect(clippy::panic, reason = "a panic fails the test")]
        if self.failures().next().is_some() {
            panic!("the transport breaks its contract\n{self}");
        } else if !self.is_success() {
            panic!("the suite is not used correctly\n{self}");
        }
    }
}

impl Termination for Report {
    #[expect(clippy::print_stdout, reason = "the output of a program that returns a report")]
    fn report(self) -> ExitCode {
        print!("{self}");
        if self.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, warned) = (self.failures().count(), self.warnings().count());
        write!(f, "{} checks: {failed} failed, {warned} with a warning", self.verdicts.len())?;
        for (count, what) in [
            (self.allowed_failures().count(), "failed as allowed"),
            (self.not_applicable().count(), "not applicable"),
            (self.unused_allowances.len(), "with an unused allowance"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        writeln!(f)?;
        self.usage_errors.iter().try_for_each(|error| writeln!(f, "  ERROR   {error}"))?;
        self.verdicts().try_for_each(|(check, verdict)| write_verdict(f, check, verdict))?;
        self.unused_allowances.iter().try_for_each(|(check, reason)| {
            let why = if self.verdict(*check).is_none() { "not selected" } else { "not applicable" };
            writeln!(f, "  unused  the allowance of {check:?}, which is {why}: {reason}")
        })
    }
}

fn write_verdict(f: &mut fmt::Formatter<'_>, check: Check, verdict: &Verdict) -> fmt::Result {
    const INDENT: &str = "            ";
    match verdict {
        Verdict::Passed => writeln!(f, "  passed  {check} ({check:?})"),
        Verdict::Warned(advice) => writeln!(f, "  warned  {check} ({check:?})\n{INDENT}{advice}"),
        Verdict::NotApplicable(reason) => {
            writeln!(f, "  -       {check} ({check:?})\n{INDENT}not applicable: {reason}")
        }
        Verdict::Failed { expected, actual } => {
            writeln!(f, "  FAILED  {check} ({check:?})\n{INDENT}expected: {expected}\n{INDENT}actual:   {actual}")?;
            writeln!(f, "{INDENT}remedy:   {}", check.remedy())
        }
        Verdict::AllowedFailure { reason, expected, actual } => {
            writeln!(f, "  allowed {check} ({check:?})\n{INDENT}expected: {expected}\n{INDENT}actual:   {actual}")?;
            writeln!(f, "{INDENT}reason:   {reason}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict) -> Report {
        Report::new(vec![(Check::AnyStatusIsOk, Verdict::Passed), (Check::ReplyIsBounded, verdict)])
    }

    #[test]
    fn the_table_shows_what_was_expected_what_happened_and_the_remedy() {
        assert_eq!(
            report(Verdict::failed("an error", "Ok")).to_string(),
            "2 checks: 1 failed, 0 with a warning\n  passed  any HTTP status is Ok (AnyStatusIsOk)\n  FAILED  the size of a reply is \
             bounded (ReplyIsBounded)\n            expected: an error\n            actual:   Ok\n            remedy:   count the bytes of \
             the body after decoding, and stop at a limit with TransportErrorKind::ReplyTooLarge\n"
        );
    }

    #[test]
    #[should_panic(expected = "actual:   Ok")]
    fn a_failed_check_fails_the_test() {
        report(Verdict::failed("an error", "Ok")).assert();
    }

    #[test]
    fn a_program_that_returns_a_report_exits_with_1_if_a_check_failed() {
        let code = |verdict| format!("{:?}", report(verdict).report());
        assert_eq!(code(Verdict::failed("an error", "Ok")), format!("{:?}", ExitCode::FAILURE));
        assert_eq!(code(Verdict::Warned("advice".to_owned())), format!("{:?}", ExitCode::SUCCESS));
    }

    #[test]
    fn a_warning_does_not_fail_the_test() {
        let report = report(Verdict::Warned("advice".to_owned()));
        report.assert();
        assert_eq!(report.warnings().collect::<Vec<_>>(), [Check::ReplyIsBounded]);
    }

    #[test]
    fn a_check_that_is_not_applicable_does_not_fail_the_test_and_is_listed_with_its_reason() {
        let report = report(Verdict::NotApplicable("no socket".to_owned()));
        report.assert();
        assert_eq!(report.not_applicable().collect::<Vec<_>>(), [Check::ReplyIsBounded]);
        assert_eq!(
            report.to_string(),
            "2 checks: 0 failed, 0 with a warning, 1 not applicable\n  passed  any HTTP status is Ok (AnyStatusIsOk)\n  -       the \
             size of a reply is bounded (ReplyIsBounded)\n            not applicable: no socket\n"
        );
    }

    #[test]
    fn an_allowed_failure_does_not_fail_the_test_and_is_listed_with_its_reason() {
        let report = report(Verdict::failed("an error", "Ok").allowed("see issue 7"));
        report.assert();
        assert_eq!(report.allowed_failures().collect::<Vec<_>>(), [Check::ReplyIsBounded]);
        let text = report.to_string();
        assert!(text.starts_with("2 checks: 0 failed, 0 with a warning, 1 failed as allowed\n"), "{text}");
        assert!(text.ends_with("actual:   Ok\n            reason:   see issue 7\n"), "{text}");
    }

    #[test]
    #[should_panic(expected = "the suite is not used correctly")]
    fn a_usage_error_fails_the_test() {
        report(Verdict::Passed).with_usage_error("no check is selected").assert();
    }

    #[test]
    fn a_usage_error_and_an_unused_allowance_are_listed() {
        let report = Report::new(Vec::new()).with_usage_error("no check is selected");
        assert_eq!(format!("{:?}", report.clone().report()), format!("{:?}", ExitCode::FAILURE));
        let report = report.with_unused_allowance(Check::ReplyIsBounded, "see issue 7");
        assert_eq!(
            report.to_string(),
            "0 checks: 0 failed, 0 with a warning, 1 with an unused allowance\n  ERROR   no check is selected\n  unused  the allowance \
             of ReplyIsBounded, which is not selected: see issue 7\n"
        );
    }

    #[test]
    fn an_allowance_that_is_not_needed_is_a_warning() {
        let expected = "this check no longer fails: remove the allowance (see issue 7)".to_owned();
        assert_eq!(Verdict::Passed.allowed("see issue 7"), Verdict::Warned(expected));
    }
}
