//! One test case of the matrix: a fault, the expected failure, and the checks that every fault gets.

use std::time::{Duration, Instant};

use wecom_conformance::SocketFault;
use wecom_core::error::DecodeProblem;
use wecom_core::{Delivery, Error, ErrorKind, TransportErrorKind};
use wecom_hyper::HyperTransportBuilder;
use wecom_upstream::Upstream;

use crate::harness::{CANARY, Fault, GETTOKEN, Harness, IMPORT, LIST, Target, assert_no_secret, import, quick_retry};

/// The time that a successful exchange and some waits may take on a busy machine. Limits that a case does not set are longer.
const SLACK: Duration = Duration::from_secs(10);

/// How a call that meets a fault fails.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Failure {
    Transport(TransportErrorKind),
    Decode(DecodeProblem),
    Status(u16),
    Api(i64),
}

impl Failure {
    /// Classifies an error. The error of a token fetch counts as the error of the call that needed the token.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Transport(error) => Self::Transport(error.kind()),
            ErrorKind::Decode(error) => Self::Decode(error.problem),
            ErrorKind::Status(error) => Self::Status(error.status),
            ErrorKind::Api(error) => Self::Api(error.code.0),
            ErrorKind::Token(error) => Self::of(error.call_error().expect("a call failed")),
            other => panic!("{other}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Call {
    /// A call that only reads.
    List,
    /// A call that must not be repeated.
    Import,
}

impl Call {
    fn path(self) -> &'static str {
        match self {
            Self::List => LIST,
            Self::Import => IMPORT,
        }
    }

    async fn make(self, upstream: &Upstream) -> Result<(), Error> {
        match self {
            Self::List => upstream.get_chain_list().await.map(drop),
            Self::Import => upstream.import_chain_contact(import()).await.map(drop),
        }
    }
}

/// A fault that occurs once, and the expected outcome.
///
/// [`check`](Self::check) injects it into a call that only reads, into a call that must not be repeated, and into the token
/// fetch, each with and without a `Retry`. Each time it asserts:
///
/// - the kind of the error and its delivery
/// - the duration
/// - no text of the error, its sources or the client shows a secret
/// - the number of calls that the server received, which for an import is never two
/// - the next calls of the same client succeed
#[must_use = "a case runs only when it is checked"]
pub(crate) struct FaultCase {
    fault: Fault,
    expected: Failure,
    /// Another allowed failure: the client noticed before it sent anything.
    expected_early: Option<Failure>,
    /// The delivery that the error reports. `None` if it depends on timing.
    delivery: Option<Delivery>,
    /// Whether the server reads the request that meets the fault.
    is_received: bool,
    /// Whether the client repeats a call that it may repeat.
    is_repeated: bool,
    /// The least duration of a call that meets the fault.
    duration: Duration,
    limits: fn(HyperTransportBuilder, Duration) -> HyperTransportBuilder,
}

impl FaultCase {
    /// A fault of the server's socket.
    pub(crate) fn socket(fault: SocketFault, expected: Failure) -> Self {
        Self::new(Fault::Socket(fault), expected)
    }

    /// A fault that occurs once the server has read the request.
    pub(crate) fn new(fault: Fault, expected: Failure) -> Self {
        Self {
            fault,
            expected,
            expected_early: None,
            delivery: Some(Delivery::Unknown),
            is_received: true,
            is_repeated: true,
            duration: Duration::ZERO,
            limits: |builder, _| builder,
        }
    }

    /// The client sends nothing, and knows it.
    pub(crate) fn unsent(self) -> Self {
        Self { delivery: Some(Delivery::NotSent), is_received: false, ..self }
    }

    /// The server reads nothing. The client can't always know.
    pub(crate) fn unread(self) -> Self {
        Self { delivery: None, is_received: false, ..self }
    }

    /// The client may notice early enough to report another failure.
    pub(crate) fn or_early(self, failure: Failure) -> Self {
        Self { expected_early: Some(failure), ..self }
    }

    /// The client sends everything, and the server reads nothing.
    pub(crate) fn sent_and_unread(self) -> Self {
        Self { is_received: false, ..self }
    }

    /// Repeating would bring the same failure, so the client does not even repeat a read.
    pub(crate) fn not_repeated(self) -> Self {
        Self { is_repeated: false, ..self }
    }

    /// Ends at the connect limit, which is set to this.
    pub(crate) fn until_connect_limit(self, limit: Duration) -> Self {
        Self { duration: limit, limits: HyperTransportBuilder::connect_limit, ..self }
    }

    /// Ends at the time limit of an attempt, which is set to this.
    pub(crate) fn until_time_limit(self, limit: Duration) -> Self {
        Self { duration: limit, limits: HyperTransportBuilder::time_limit, ..self }
    }

    /// Runs the case for both calls and both targets, with and without retries.
    pub(crate) async fn check(self) {
        tokio::join!(
            self.run(Call::List, false, Target::Call),
            self.run(Call::List, true, Target::Call),
            self.run(Call::Import, false, Target::Call),
            self.run(Call::Import, true, Target::Call),
            self.run(Call::Import, false, Target::TokenFetch),
            self.run(Call::Import, true, Target::TokenFetch),
        );
    }

    async fn run(&self, call: Call, retries: bool, target: Target) {
        let harness = Harness::for_fault(&self.fault).await;
        harness.inject(&self.fault, target, call.path());
        let mut client = harness.client((self.limits)(harness.transport(), self.duration).build().unwrap());
        if retries {
            client = client.retry(quick_retry());
        }
        let upstream = Upstream::new(client.build());
        let context = format!("{:?}: {call:?}, retries: {retries}, target: {target:?}", self.fault);

        let start = Instant::now();
        let outcome = call.make(&upstream).await;
        let elapsed = start.elapsed();
        assert!((self.duration..self.duration + SLACK).contains(&elapsed), "{context}: {elapsed:?}: {outcome:?}");
        self.assert_outcome(&outcome, call, retries, target, &context);

        let path = if target == Target::Call { call.path() } else { GETTOKEN };
        let received = usize::from(self.is_received) + usize::from(outcome.is_ok());
        assert_eq!(harness.received(path), received, "{context}");
        let calls = harness.received(call.path());
        assert!(call == Call::List || calls <= 1, "{context}: received {calls} times");
        if target == Target::TokenFetch {
            assert_eq!(calls, usize::from(outcome.is_ok()), "{context}");
        }
        self.assert_recovered(&harness, &upstream, &context).await;
    }

    fn assert_outcome(&self, outcome: &Result<(), Error>, call: Call, retries: bool, target: Target, context: &str) {
        // A token fetch may always be repeated.
        let is_repeatable = call == Call::List || target == Target::TokenFetch;
        let is_repeated = |delivery| retries && self.is_repeated && (is_repeatable || delivery == Delivery::NotSent);
        let error = match outcome {
            Ok(()) => {
                assert!(is_repeated(self.delivery.unwrap_or(Delivery::NotSent)), "{context}: the call succeeded");
                return;
            }
            Err(error) => error,
        };
        assert_no_secret(error);
        let failure = Failure::of(error);
        assert!(failure == self.expected || Some(failure) == self.expected_early, "{context}: {error}");
        if target == Target::TokenFetch {
            assert!(matches!(error.kind(), ErrorKind::Token(_)), "{context}: {error}");
            assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0), "{context}: {error}");
        } else {
            assert_eq!(error.attempts(), 1, "{context}: {error}");
            let delivery = self.delivery.unwrap_or(error.delivery());
            assert_eq!(error.delivery(), delivery, "{context}: {error}");
        }
        let delivery = self.delivery.unwrap_or(error.delivery());
        assert!(!is_repeated(delivery), "{context}: the call was not repeated: {error}");
    }

    /// The next calls of the same client succeed.
    async fn assert_recovered(&self, harness: &Harness, upstream: &Upstream, context: &str) {
        if let Fault::Body(_) = self.fault {
            harness.restore_replies();
        }
        let (lists, imports) = (harness.received(LIST), harness.received(IMPORT));
        for call in [Call::List, Call::Import] {
            let outcome = call.make(upstream).await;
            assert!(outcome.is_ok(), "{context}: the next {call:?}: {outcome:?}");
        }
        assert_eq!((harness.received(LIST), harness.received(IMPORT)), (lists + 1, imports + 1), "{context}");
        let text = format!("{upstream:?} {upstream:#?} {:?}", upstream.client());
        assert!(!text.contains(CANARY), "{context}: {text}");
    }
}
