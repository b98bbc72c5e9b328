//! The time limit of the request applies to the whole call, which does not fail before the limit.

use std::io;
use std::net::TcpStream;
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

/// The time limit of a call that must time out.
const LIMIT: Duration = Duration::from_millis(400);

/// The duration within which such a call must end on a busy machine. The servers hold connections twice as long.
const LATEST: Duration = Duration::from_secs(5);

/// The pause between the pieces of a reply.
const PACE: Duration = Duration::from_millis(50);

/// The delay of a slow reply, within the limit of its call.
const DELAY: Duration = Duration::from_millis(1200);

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
    DripsHead,
    DripsBody,
    DripsInterimReplies,
}

impl Slow {
    const ALL: [Self; 6] = [
        Self::Silent,
        Self::StallsInHead,
        Self::StallsInBody,
        Self::DripsHead,
        Self::DripsBody,
        Self::DripsInterimReplies,
    ];

    fn behavior(self) -> &'static str {
        match self {
            Self::Silent => "is silent",
            Self::StallsInHead => "stalls in the head of its reply",
            Self::StallsInBody => "stalls in the body of its reply",
            Self::DripsHead => "sends a header every 50 ms",
            Self::DripsBody => "sends a byte of its body every 50 ms",
            Self::DripsInterimReplies => "sends an interim reply every 50 ms",
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
            Self::DripsHead => drip(Script::bytes(status_line), b"x-header: 1\r\n"),
            Self::DripsBody => drip(Script::bytes(HEAD), b"x"),
            Self::DripsInterimReplies => drip(Script::empty(), b"HTTP/1.1 102 Processing\r\n\r\n"),
        }
    }
}

/// A call, and whether it must time out or receive its reply.
struct Case<'a> {
    fixture: Fixture<'a>,
    endpoint: &'static Endpoint,
    body: Option<Vec<u8>>,
    times_out: bool,
}

pub(crate) async fn is_kept(probe: &Probe<'_>) -> CheckResult {
    let cases = cases(probe)?;
    let kinds: Result<Vec<_>, _> = join_all(cases.iter().map(Case::run)).await.into_iter().collect();
    match kinds?.into_iter().flatten().find(|kind| *kind != TransportErrorKind::Timeout) {
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
            cases.push(Case { fixture, endpoint, body: None, times_out: true });
        }
        let fixture = Fixture::new(probe, format!("replies after {} ms", DELAY.as_millis()), |_, _| {
            Script::empty().pause(DELAY).send(reply::complete(200, "", OK.as_bytes()))
        })?;
        cases.push(Case { fixture, endpoint, body: None, times_out: false });
    }
    let fixture = Fixture::with_service(probe, "does not read the request", NeverReads)?;
    cases.push(Case { fixture, endpoint: &POST, body: Some(vec![b' '; LARGE]), times_out: true });
    Ok(cases)
}

impl Case<'_> {
    /// Makes the call. Returns the kind of its error if it must time out.
    async fn run(&self) -> Result<Option<TransportErrorKind>, Verdict> {
        if self.times_out {
            return self.time_out().await.map(Some);
        }
        let request = self.fixture.request(self.endpoint)?;
        self.fixture.reply(request, "Ok within the time limit of 15 s, or the transport's own").await?;
        Ok(None)
    }

    async fn time_out(&self) -> Result<TransportErrorKind, Verdict> {
        let expected = format!("an error within the time limit of {} ms", LIMIT.as_millis());
        let mut request = self.fixture.request(self.endpoint)?.with_time_limit(LIMIT);
        if let Some(body) = &self.body {
            request = request.with_body(body.clone());
        }
        let began = now();
        let error = self.fixture.error(request, &expected).await?;
        let elapsed = now().saturating_duration_since(began);
        if elapsed > LATEST {
            let actual = format!("after {elapsed:.1?}, {}", describe(&Err(error)));
            return Err(self.fixture.failed(&expected, self.endpoint, actual));
        }
        Ok(error.kind())
    }
}

fn now() -> Instant {
    Instant::now()
}
