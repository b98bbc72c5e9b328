//! What the suite found: a verdict for each promise.

use std::fmt;
use std::io;

/// One promise of the transport contract, and the check of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Check {
    /// Any HTTP status is `Ok`, with its body.
    AnyStatusIsOk,
    /// A redirect is given back like any reply, and the address that it names is not asked.
    RedirectsAreNotFollowed,
    /// Method, path and query arrive as the request has them, to the byte.
    MethodAndUrlArrive,
    /// Each header of the request arrives, once.
    HeadersArriveOnce,
    /// The body arrives to the byte, text or not, and a `GET` has none.
    BodyArrives,
    /// One call is one request: what failed or was refused is not sent again by the transport itself.
    OneCallIsOneRequest,
    /// The body of a reply comes back to the byte: text or not, empty, chunked, ended by the connection's end, 1 MiB; and
    /// unpacked, where the transport asks for gzip.
    ReplyBodyComesBack,
    /// The headers of a reply come back, those that occur twice included.
    ReplyHeadersComeBack,
    /// A reply without end becomes an error before 64 MiB of it were taken.
    ReplyIsBounded,
    /// The time limit of the request is kept: with a server that is silent, stalls in its reply, or drips.
    TimeLimitIsKept,
    /// A refused connection is an error, and best one that says that the request was not sent.
    RefusedConnectionIsAnError,
    /// A connection that is closed after the request was read is an error that doesn't claim that it was not sent.
    LostConnectionMayBeDelivered,
    /// A reply that breaks off or is not HTTP is an error, not a short reply, and doesn't claim that nothing was sent.
    BrokenReplyIsAnError,
    /// Dropping the future ends the request.
    DroppingCancels,
    /// After a future was dropped, the next call gets its own reply.
    UsableAfterDropping,
    /// Calls at the same time each get their own reply.
    RepliesAreNotMixedUp,
    /// No error shows the token. A warning: the client redacts what does.
    ErrorsHoldNoToken,
}

impl Check {
    /// All of them, in the order in which they run.
    pub const ALL: &'static [Self] = &[
        Self::AnyStatusIsOk,
        Self::RedirectsAreNotFollowed,
        Self::MethodAndUrlArrive,
        Self::HeadersArriveOnce,
        Self::BodyArrives,
        Self::OneCallIsOneRequest,
        Self::ReplyBodyComesBack,
        Self::ReplyHeadersComeBack,
        Self::ReplyIsBounded,
        Self::TimeLimitIsKept,
        Self::RefusedConnectionIsAnError,
        Self::LostConnectionMayBeDelivered,
        Self::BrokenReplyIsAnError,
        Self::DroppingCancels,
        Self::UsableAfterDropping,
        Self::RepliesAreNotMixedUp,
        Self::ErrorsHoldNoToken,
    ];

    /// The promise in a few words.
    #[must_use]
    pub fn promise(self) -> &'static str {
        match self {
            Self::AnyStatusIsOk => "any HTTP status is Ok",
            Self::RedirectsAreNotFollowed => "redirects are not followed",
            Self::MethodAndUrlArrive => "method, path and query arrive exactly",
            Self::HeadersArriveOnce => "the request's headers arrive, each once",
            Self::BodyArrives => "the request's body arrives to the byte",
            Self::OneCallIsOneRequest => "one call is one request",
            Self::ReplyBodyComesBack => "the reply's body comes back to the byte",
            Self::ReplyHeadersComeBack => "the reply's headers come back",
            Self::ReplyIsBounded => "a reply without end is refused",
            Self::TimeLimitIsKept => "the request's time limit is kept",
            Self::RefusedConnectionIsAnError => "a refused connection is an error",
            Self::LostConnectionMayBeDelivered => "a request that was read is never called not sent",
            Self::BrokenReplyIsAnError => "a broken reply is an error",
            Self::DroppingCancels => "dropping the future cancels the request",
            Self::UsableAfterDropping => "after a dropped future, the next call works",
            Self::RepliesAreNotMixedUp => "calls at the same time get their own replies",
            Self::ErrorsHoldNoToken => "no error shows the token",
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.promise())
    }
}

/// How a [`Check`] went.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The promise is kept.
    Passed,
    /// The promise is kept, but could be kept better: how.
    Warned(String),
    /// Nothing is said about the promise: why it could not be checked.
    NotApplicable(String),
    /// The promise is broken.
    Failed {
        /// What the contract wants.
        expected: String,
        /// What the transport did.
        actual: String,
    },
}

impl Verdict {
    pub(crate) fn failed(expected: impl Into<String>, actual: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), actual: actual.into() }
    }
}

/// Without a server there is nothing to check.
impl From<io::Error> for Verdict {
    fn from(error: io::Error) -> Self {
        Self::failed("a server of the suite's own on 127.0.0.1", error.to_string())
    }
}

/// The verdict on every [`Check`]. Its `Display` is a table for people.
#[derive(Clone, Debug)]
#[must_use = "a report that nobody reads fails no test: call `assert`"]
pub struct Report {
    verdicts: Vec<(Check, Verdict)>,
}

impl Report {
    pub(crate) fn new(verdicts: Vec<(Check, Verdict)>) -> Self {
        Self { verdicts }
    }

    /// Each check and its verdict, in the order of [`Check::ALL`].
    pub fn verdicts(&self) -> impl Iterator<Item = (Check, &Verdict)> {
        self.verdicts.iter().map(|(check, verdict)| (*check, verdict))
    }

    /// The checks that failed.
    pub fn failures(&self) -> impl Iterator<Item = Check> {
        self.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::Failed { .. })).map(|(check, _)| check)
    }

    /// The checks that passed with a warning.
    pub fn warnings(&self) -> impl Iterator<Item = Check> {
        self.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::Warned(_))).map(|(check, _)| check)
    }

    /// The checks that say nothing of this transport; none when the suite runs against its own servers.
    pub fn not_applicable(&self) -> impl Iterator<Item = Check> {
        self.verdicts().filter(|(_, verdict)| matches!(verdict, Verdict::NotApplicable(_))).map(|(check, _)| check)
    }

    /// Fails the test when a promise is broken; a warning doesn't, nor does a check that was not applicable.
    ///
    /// # Panics
    ///
    /// When a check failed, with the whole report.
    #[track_caller]
    pub fn assert(&self) {
        #[expect(clippy::panic, reason = "a panic is how a test fails")]
        if self.failures().next().is_some() {
            panic!("the transport breaks its contract\n{self}");
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, warned) = (self.failures().count(), self.warnings().count());
        write!(f, "{} checks: {failed} failed, {warned} with a warning", self.verdicts.len())?;
        match self.not_applicable().count() {
            0 => writeln!(f)?,
            skipped => writeln!(f, ", {skipped} not applicable")?,
        }
        for (check, verdict) in self.verdicts() {
            match verdict {
                Verdict::Passed => writeln!(f, "  passed  {check}")?,
                Verdict::Warned(better) => writeln!(f, "  warned  {check}\n            {better}")?,
                Verdict::NotApplicable(why) => writeln!(f, "  -       {check}\n            not applicable: {why}")?,
                Verdict::Failed { expected, actual } => {
                    writeln!(f, "  FAILED  {check}\n            expected: {expected}\n            actual:   {actual}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verdict: Verdict) -> Report {
        Report::new(vec![(Check::AnyStatusIsOk, Verdict::Passed), (Check::ReplyIsBounded, verdict)])
    }

    #[test]
    fn the_table_says_what_was_expected_and_what_came() {
        assert_eq!(
            report(Verdict::failed("an error", "Ok")).to_string(),
            "2 checks: 1 failed, 0 with a warning\n  passed  any HTTP status is Ok\n  FAILED  a reply without end is \
             refused\n            expected: an error\n            actual:   Ok\n"
        );
    }

    #[test]
    #[should_panic(expected = "actual:   Ok")]
    fn a_failed_check_fails_the_test() {
        report(Verdict::failed("an error", "Ok")).assert();
    }

    #[test]
    fn a_warning_does_not() {
        let report = report(Verdict::Warned("say so".to_owned()));
        report.assert();
        assert_eq!(report.warnings().collect::<Vec<_>>(), [Check::ReplyIsBounded]);
    }

    #[test]
    fn what_is_not_applicable_is_counted_and_told_and_does_not_fail_the_test() {
        let report = report(Verdict::NotApplicable("it opens no socket".to_owned()));
        report.assert();
        assert_eq!(report.not_applicable().collect::<Vec<_>>(), [Check::ReplyIsBounded]);
        assert_eq!(
            report.to_string(),
            "2 checks: 0 failed, 0 with a warning, 1 not applicable\n  passed  any HTTP status is Ok\n  -       a reply \
             without end is refused\n            not applicable: it opens no socket\n"
        );
    }

    #[test]
    fn no_promise_is_told_twice() {
        let promises: std::collections::HashSet<_> = Check::ALL.iter().map(|check| check.promise()).collect();
        assert_eq!(promises.len(), Check::ALL.len());
    }
}
