//! One row of the matrix: a fault, what a call is to end in, and the helper that plays all that the demands are about.

use std::time::{Duration, Instant};

use wecom_conformance::SocketFault;
use wecom_core::{DecodeProblem, Delivery, Error, ErrorKind, TransportErrorKind};
use wecom_hyper::HyperTransportBuilder;
use wecom_upstream::Upstream;

use crate::stage::{CANARY, Fault, GETTOKEN, IMPORT, LIST, Stage, Strikes, assert_no_secret, import, quick_retry};

/// What a good exchange and some waits may take on a machine that has much else to do. A limit of the client's that a row
/// does not name is longer.
const SLACK: Duration = Duration::from_secs(10);

/// What a call that meets a fault ends in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Ends {
    Transport(TransportErrorKind),
    Decode(DecodeProblem),
    Status(u16),
    Api(i64),
}

impl Ends {
    /// What an error is: that of the fetch where there was no token.
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
    /// One that only reads.
    List,
    /// One that must not be repeated.
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

/// A fault that strikes once, and what has to come of it.
///
/// [`check`](Self::check) has it strike a call that only reads and one that must not be repeated, with and without a
/// `Retry`, and the fetching of the token. Each time it asserts: the kind of the error and its delivery; that it took as
/// long as the row says and no longer; that no text of the error, its sources or the client shows a secret; how often the
/// server saw the call, which for an import is never twice; and that the next calls of the same client go well.
#[must_use = "a row shows nothing until it is checked"]
pub(crate) struct Row {
    fault: Fault,
    ends: Ends,
    /// What it may end in too, if nothing was sent by then.
    ends_early: Option<Ends>,
    /// What the error says; `None` where either is true, as it depends on who was faster.
    delivery: Option<Delivery>,
    /// Whether the server reads the request that meets the fault.
    arrives: bool,
    /// Whether a call that may be repeated is.
    is_repeated: bool,
    /// How long a call lasts that meets the fault.
    lasts: Duration,
    limits: fn(HyperTransportBuilder, Duration) -> HyperTransportBuilder,
}

impl Row {
    /// A fault after the request was read by the server.
    pub(crate) fn of(fault: SocketFault, ends: Ends) -> Self {
        Self::of_fault(Fault::Socket(fault), ends)
    }

    pub(crate) fn of_fault(fault: Fault, ends: Ends) -> Self {
        Self {
            fault,
            ends,
            ends_early: None,
            delivery: Some(Delivery::Unknown),
            arrives: true,
            is_repeated: true,
            lasts: Duration::ZERO,
            limits: |builder, _| builder,
        }
    }

    /// Nothing is sent.
    pub(crate) fn unsent(self) -> Self {
        Self { delivery: Some(Delivery::NotSent), arrives: false, ..self }
    }

    /// The server reads nothing, but the client can't always know.
    pub(crate) fn unread(self) -> Self {
        Self { delivery: None, arrives: false, ..self }
    }

    /// The client may be told so early that it counts as something else.
    pub(crate) fn or_early(self, ends: Ends) -> Self {
        Self { ends_early: Some(ends), ..self }
    }

    /// The server reads nothing, and the client has sent everything.
    pub(crate) fn sent_and_unread(self) -> Self {
        Self { arrives: false, ..self }
    }

    /// It would be the same again, so not even what only reads is repeated.
    pub(crate) fn not_repeated(self) -> Self {
        Self { is_repeated: false, ..self }
    }

    /// It lasts until the limit for connecting, which is set to this.
    pub(crate) fn until_connect_limit(self, limit: Duration) -> Self {
        Self { lasts: limit, limits: HyperTransportBuilder::connect_limit, ..self }
    }

    /// It lasts until the limit for an attempt, which is set to this.
    pub(crate) fn until_time_limit(self, limit: Duration) -> Self {
        Self { lasts: limit, limits: HyperTransportBuilder::time_limit, ..self }
    }

    pub(crate) async fn check(self) {
        tokio::join!(
            self.play(Call::List, false, Strikes::Call),
            self.play(Call::List, true, Strikes::Call),
            self.play(Call::Import, false, Strikes::Call),
            self.play(Call::Import, true, Strikes::Call),
            self.play(Call::Import, false, Strikes::Token),
            self.play(Call::Import, true, Strikes::Token),
        );
    }

    async fn play(&self, call: Call, retries: bool, strikes: Strikes) {
        let stage = Stage::set_for(&self.fault).await;
        stage.strike(&self.fault, strikes, call.path());
        let mut client = stage.client((self.limits)(stage.transport(), self.lasts).build().unwrap());
        if retries {
            client = client.retry(quick_retry());
        }
        let upstream = Upstream::new(client.build());
        let played = format!("{:?}: {call:?}, with retries: {retries}, strikes: {strikes:?}", self.fault);

        let began = Instant::now();
        let outcome = call.make(&upstream).await;
        let took = began.elapsed();
        assert!((self.lasts..self.lasts + SLACK).contains(&took), "{played}: {took:?}: {outcome:?}");
        self.assert_outcome(&outcome, call, retries, strikes, &played);

        let struck = if strikes == Strikes::Call { call.path() } else { GETTOKEN };
        let arrived = usize::from(self.arrives) + usize::from(outcome.is_ok());
        assert_eq!(stage.seen(struck), arrived, "{played}");
        let calls = stage.seen(call.path());
        assert!(call == Call::List || calls <= 1, "{played}: seen {calls} times");
        if strikes == Strikes::Token {
            assert_eq!(calls, usize::from(outcome.is_ok()), "{played}");
        }
        self.assert_recovered(&stage, &upstream, &played).await;
    }

    fn assert_outcome(&self, outcome: &Result<(), Error>, call: Call, retries: bool, strikes: Strikes, played: &str) {
        // What the fault strikes may be repeated if that does no harm: fetching a token never does.
        let is_harmless = call == Call::List || strikes == Strikes::Token;
        let is_repeated = |delivery| retries && self.is_repeated && (is_harmless || delivery == Delivery::NotSent);
        let error = match outcome {
            Ok(()) => {
                assert!(is_repeated(self.delivery.unwrap_or(Delivery::NotSent)), "{played}: it went well");
                return;
            }
            Err(error) => error,
        };
        assert_no_secret(error);
        let ends = Ends::of(error);
        assert!(ends == self.ends || Some(ends) == self.ends_early, "{played}: {error}");
        if strikes == Strikes::Token {
            assert!(matches!(error.kind(), ErrorKind::Token(_)), "{played}: {error}");
            assert_eq!((error.delivery(), error.attempts()), (Delivery::NotSent, 0), "{played}: {error}");
        } else {
            assert_eq!(error.attempts(), 1, "{played}: {error}");
            let delivery = self.delivery.unwrap_or(error.delivery());
            assert_eq!(error.delivery(), delivery, "{played}: {error}");
        }
        let delivery = self.delivery.unwrap_or(error.delivery());
        assert!(!is_repeated(delivery), "{played}: was not repeated: {error}");
    }

    /// The same client makes its next calls as if nothing had been.
    async fn assert_recovered(&self, stage: &Stage, upstream: &Upstream, played: &str) {
        if let Fault::Body(_) = self.fault {
            stage.reply_well();
        }
        let (lists, imports) = (stage.seen(LIST), stage.seen(IMPORT));
        for call in [Call::List, Call::Import] {
            let outcome = call.make(upstream).await;
            assert!(outcome.is_ok(), "{played}: the next {call:?}: {outcome:?}");
        }
        assert_eq!((stage.seen(LIST), stage.seen(IMPORT)), (lists + 1, imports + 1), "{played}");
        let shown = format!("{upstream:?} {upstream:#?} {:?}", upstream.client());
        assert!(!shown.contains(CANARY), "{played}: {shown}");
    }
}
