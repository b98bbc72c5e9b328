//! The time limit of the request applies to the whole call, which does not fail before the limit.

use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;
use wecom_core::{Endpoint, TransportErrorKind};

use crate::checks::{HOLD, OK};
use crate::fixture::{Fixture, METHODS, POST};
use crate::probe::{CheckResult, Probe, describe};
use crate::report::Verdict;
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;
use crate::wait::join_all;

/// The time limit of a call that must time out. Twice the limit, and the limit in whole seconds rounded up, are later by more
/// than [`TOLERANCE`].
const LIMIT: Duration = Duration::from_millis(1100);

/// A time limit that some transports raise.
const SHORT_LIMIT: Duration = Duration::from_millis(100);

/// A time limit that is zero in whole milliseconds, which some HTTP libraries read as no limit. A client that has almost
/// reached its deadline sets one.
const SHORTEST_LIMIT: Duration = Duration::from_micros(500);

/// How much later than its limit a call may end.
const TOLERANCE: Duration = Duration::from_millis(800);

/// The number of times that a call must end late before the check fails. On a busy machine, a single late end may be the
/// machine's fault.
const ROUNDS: usize = 3;

/// A call that ends later than this is not repeated. The servers hold connections twice as long.
const LATEST: Duration = Duration::from_secs(5);

/// The pause between the pieces of a reply.
const PACE: Duration = Duration::from_millis(50);

/// The delay of a slow reply, within the limit of its call.
const DELAY: Duration = Duration::from_millis(2000);

/// The size of a body that does not fit into socket buffers.
const LARGE: usize = 8 * 1024 * 1024;

/// Accepts connections and never reads from them.
pub(crate) struct NeverReads;

impl Service for NeverReads {
    type Plan = ();

    fn plan(&self) {}

    fn serve(&self, connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        connection.pause(HOLD)
    }
}

/// What a server does after it has read the request.
#[derive(Clone, Copy)]
enum Slow {
    Silent,
    StallsInHead,
    StallsInBody,
    StallsInBodyOfError,
    DripsHead,
    DripsBody,
    /// The server pauses between these. If they arrived without a pause, as on no real network, hyper would read them
    /// without returning to its caller, no time limit would apply, and most transports on hyper would fail.
    DripsInterimReplies,
    /// A transport may return the reply without having read its trailers.
    DripsTrailers,
}

impl Slow {
    const ALL: [Self; 8] = [
        Self::Silent,
        Self::StallsInHead,
        Self::StallsInBody,
        Self::StallsInBodyOfError,
        Self::DripsHead,
        Self::DripsBody,
        Self::DripsInterimReplies,
        Self::DripsTrailers,
    ];

    fn behavior(self) -> &'static str {
        match self {
            Self::Silent => "is silent",
            Self::StallsInHead => "stalls in the head of its reply",
            Self::StallsInBody => "stalls in the body of its reply",
            Self::StallsInBodyOfError => "stalls in the body of a reply with status 502",
            Self::DripsHead => "sends a header every 50 ms",
            Self::DripsBody => "sends a byte of its body every 50 ms",
            Self::DripsInterimReplies => "sends an interim reply every 50 ms",
            Self::DripsTrailers => "sends a trailer every 50 ms",
        }
    }

    fn script(self) -> Script {
        const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{";
        let status_line = reply::status_line(200);
        let drip = |script: Script, piece: &'static [u8]| {
            let pieces = HOLD.as_millis() / PACE.as_millis();
            script.drip((0..pieces).map(move |_| Bytes::from_static(piece)), PACE).close()
        };
        match self {
            Self::Silent => Script::empty().hold(HOLD).close(),
            Self::StallsInHead => Script::bytes(status_line).hold(HOLD).close(),
            Self::StallsInBody => Script::bytes(HEAD).hold(HOLD).close(),
            Self::StallsInBodyOfError => Script::bytes(reply::declared(502, "", 1000, b"<")).hold(HOLD).close(),
            Self::DripsHead => drip(Script::bytes(status_line), b"x-header: 1\r\n"),
            Self::DripsBody => drip(Script::bytes(HEAD), b"x"),
            Self::DripsInterimReplies => drip(Script::empty(), b"HTTP/1.1 102 Processing\r\n\r\n"),
            Self::DripsTrailers => {
                let whole_body = [&*reply::chunked_head(), &*reply::chunk(b"{}"), b"0\r\n"].concat();
                drip(Script::bytes(whole_body), b"x-trailer: 1\r\n")
            }
        }
    }
}

/// A call that must end with a timeout.
struct Case<'a> {
    fixture: Fixture<'a>,
    endpoint: &'static Endpoint,
    body: Option<Vec<u8>>,
    limit: Duration,
    /// Whether the body of the reply arrives.
    has_reply: bool,
}

/// The end of a call that must time out.
enum End {
    /// The kind of the error.
    InTime(TransportErrorKind),
    /// The verdict, and whether it must be confirmed by a repetition of the call.
    Late(Verdict, bool),
}

pub(crate) async fn is_kept(probe: &Probe<'_>) -> CheckResult {
    let parts: [Pin<Box<dyn Future<Output = CheckResult> + '_>>; 2] =
        [Box::pin(calls_end(probe)), Box::pin(slow_replies_arrive(probe))];
    join_all(parts).await.into_iter().collect()
}

/// Checks that calls end at their time limit.
async fn calls_end(probe: &Probe<'_>) -> CheckResult {
    let mut cases = cases(probe)?;
    let mut kinds = Vec::new();
    for round in 1..=ROUNDS {
        let mut late = Vec::new();
        let ends = join_all(cases.iter().map(Case::run)).await;
        for (case, end) in cases.into_iter().zip(ends) {
            match end? {
                End::InTime(kind) => kinds.push(kind),
                End::Late(_, true) if round < ROUNDS => late.push(case),
                End::Late(verdict, _) => return Err(verdict),
            }
        }
        cases = late;
    }
    match kinds.into_iter().find(|kind| *kind != TransportErrorKind::Timeout) {
        None => Ok(()),
        Some(kind) => Err(Verdict::Warned(format!(
            "return TransportErrorKind::Timeout instead of {kind:?}, so that callers can identify the elapsed limit"
        ))),
    }
}

fn cases<'a>(probe: &'a Probe<'a>) -> Result<Vec<Case<'a>>, Verdict> {
    let mut cases = Vec::new();
    for endpoint in METHODS {
        for slow in Slow::ALL {
            let fixture = Fixture::new(probe, slow.behavior(), move |_, _| slow.script())?;
            let has_reply = matches!(slow, Slow::DripsTrailers);
            cases.push(Case { fixture, endpoint, body: None, limit: LIMIT, has_reply });
        }
        for limit in [SHORT_LIMIT, SHORTEST_LIMIT, Duration::ZERO] {
            let fixture = Fixture::new(probe, "is silent", |_, _| Slow::Silent.script())?;
            cases.push(Case { fixture, endpoint, body: None, limit, has_reply: false });
        }
        if let Some(fixture) = Fixture::with_full_backlog(probe, "accepts no connection")? {
            cases.push(Case { fixture, endpoint, body: None, limit: LIMIT, has_reply: false });
        }
    }
    let fixture = Fixture::with_service(probe, "does not read the request", NeverReads)?;
    cases.push(Case { fixture, endpoint: &POST, body: Some(vec![b' '; LARGE]), limit: LIMIT, has_reply: false });
    Ok(cases)
}

impl Case<'_> {
    async fn run(&self) -> Result<End, Verdict> {
        let expected = format!("an error within the time limit of {}", shown(self.limit));
        let mut request = self.fixture.request(self.endpoint)?.with_time_limit(self.limit);
        if let Some(body) = &self.body {
            request = request.with_body(body.clone());
        }
        let began = now();
        let outcome = self.fixture.send(request).await?;
        let elapsed = now().saturating_duration_since(began);
        let kind = match &outcome {
            Err(error) => error.kind(),
            Ok(_) if self.has_reply => TransportErrorKind::Timeout,
            Ok(_) => return Err(self.fixture.failed(&expected, self.endpoint, describe(&outcome))),
        };
        if elapsed <= self.limit + TOLERANCE {
            return Ok(End::InTime(kind));
        }
        let actual = format!("after {elapsed:.1?}, {}", describe(&outcome));
        Ok(End::Late(self.fixture.failed(&expected, self.endpoint, actual), elapsed < LATEST))
    }
}

/// Checks that calls do not end before their time limit. The largest duration means no limit: added to the present, it overflows.
async fn slow_replies_arrive(probe: &Probe<'_>) -> CheckResult {
    let limits =
        [(None, "the time limit of 15 s, or the transport's own"), (Some(Duration::MAX), "the largest time limit")];
    let cases = METHODS.into_iter().flat_map(|endpoint| limits.map(|limit| (endpoint, limit)));
    let calls = cases.map(|(endpoint, (limit, what))| async move {
        let fixture = Fixture::new(probe, format!("replies after {} ms", DELAY.as_millis()), |_, _| {
            Script::empty().pause(DELAY).send(reply::complete(200, "", OK.as_bytes()))
        })?;
        let request = fixture.request(endpoint)?;
        let request = match limit {
            Some(limit) => request.with_time_limit(limit),
            None => request,
        };
        fixture.reply(request, &format!("Ok within {what}")).await.map(drop)
    });
    join_all(calls).await.into_iter().collect()
}

fn shown(limit: Duration) -> String {
    match limit.as_millis() {
        0 => format!("{} µs", limit.as_micros()),
        milliseconds => format!("{milliseconds} ms"),
    }
}

fn now() -> Instant {
    Instant::now()
}
