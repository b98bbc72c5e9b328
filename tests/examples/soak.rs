//! A long run over real sockets with seeded faults: nothing may be lost, nothing done twice, and memory stays flat.
//!
//! `cargo run --release -p wecom-tests --example soak -- 1000000` makes a million calls, half of which add something that
//! must not be added twice. Faults strike on the way there, on the way back and in the service.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a run by hand that reports and checks"
)]

use std::convert::Infallible;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use wecom_core::{Client, Credentials, Delivery, Endpoint, Quotas, RawCall, Retry, Safety, Secret, TransportErrorKind};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_mock::Faults;

const READ: Endpoint = Endpoint::post("read", "soak/read").with_safety(Safety::Safe);
const ADD: Endpoint = Endpoint::post("add", "soak/add");

const IN_FLIGHT: u64 = 64;
const SEED: u64 = 20_261_122;

/// What the service has done: how often each thing was added.
struct Service {
    added: Vec<AtomicU8>,
    requests: AtomicU64,
    random: Mutex<fastrand::Rng>,
}

/// What goes wrong in the service, of a hundred requests one each.
enum Trouble {
    None,
    /// It is busy, and has done nothing.
    Busy,
    /// The gateway before it has no answer; it has done nothing.
    Unavailable,
    /// The connection breaks before it has done anything.
    LostBefore,
    /// It has done what it was asked, and the connection breaks.
    LostAfter,
    /// It has taken the token back.
    TokenExpired,
}

impl Service {
    fn trouble(&self) -> Trouble {
        match self.random.lock().unwrap().u32(..1000) {
            0..10 => Trouble::Busy,
            10..20 => Trouble::Unavailable,
            20..30 => Trouble::LostBefore,
            30..40 => Trouble::LostAfter,
            40..41 => Trouble::TokenExpired,
            _ => Trouble::None,
        }
    }

    async fn answer(&self, request: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, io::Error> {
        self.requests.fetch_add(1, SeqCst);
        let reply = |status, body: String| hyper::Response::builder().status(status).body(Full::from(body));
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        if path.ends_with("gettoken") {
            let body = json!({"errcode": 0, "access_token": "a-token", "expires_in": 7200});
            return Ok(reply(200, body.to_string()).unwrap());
        }
        let lost = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let trouble = self.trouble();
        match trouble {
            Trouble::Busy => return Ok(reply(200, json!({"errcode": -1, "errmsg": "busy"}).to_string()).unwrap()),
            Trouble::Unavailable => return Ok(reply(503, "<html>".to_owned()).unwrap()),
            Trouble::TokenExpired => return Ok(reply(200, json!({"errcode": 42001}).to_string()).unwrap()),
            Trouble::LostBefore => return Err(lost()),
            Trouble::LostAfter | Trouble::None => {}
        }
        let body: serde_json::Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
        let id = body["id"].as_u64().unwrap();
        if path.ends_with("add") {
            self.added[usize::try_from(id).unwrap()].fetch_add(1, SeqCst);
        }
        if matches!(trouble, Trouble::LostAfter) {
            return Err(lost());
        }
        Ok(reply(200, json!({"errcode": 0, "errmsg": "ok", "id": id}).to_string()).unwrap())
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let answering = service_fn(|request| {
                let service = Arc::clone(&service);
                async move { service.answer(request).await }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answering).await;
        });
    }
}

/// How the calls ended.
#[derive(Default)]
struct Outcomes {
    well: AtomicU64,
    unsent: AtomicU64,
    unknown: AtomicU64,
}

#[tokio::main]
async fn main() -> Result<(), Infallible> {
    let calls: u64 = std::env::args().nth(1).and_then(|calls| calls.parse().ok()).unwrap_or(1_000_000);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}/cgi-bin/", listener.local_addr().unwrap());
    let service = Arc::new(Service {
        added: (0..calls).map(|_| AtomicU8::new(0)).collect(),
        requests: AtomicU64::new(0),
        random: Mutex::new(fastrand::Rng::with_seed(SEED)),
    });
    let serving = tokio::spawn(serve(listener, Arc::clone(&service)));

    let hyper = HyperTransport::new().unwrap();
    let faults = Faults::new(hyper.clone());
    faults.on_any().with_probability(0.01, SEED).fail_before_sending(TransportErrorKind::Connect);
    faults.on_any().with_probability(0.01, SEED + 1).fail_after_sending(TransportErrorKind::ConnectionLost);
    let client = Client::builder(faults)
        .base_url(base.parse().unwrap())
        .credentials(Credentials::new("ww1", Secret::new("a-secret")))
        .timer(TokioTimer::new())
        .retry(Retry::new().first_wait(Duration::from_millis(5)).first_wait_when_busy(Duration::from_millis(5)))
        .quotas(Quotas::wait_at_most(Duration::from_secs(60)).percent(100_000_000))
        .deadline(Duration::from_secs(60))
        .build();

    let (next, outcomes, start) = (Arc::new(AtomicU64::new(0)), Arc::new(Outcomes::default()), Instant::now());
    let tasks: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let (client, next, outcomes) = (client.clone(), Arc::clone(&next), Arc::clone(&outcomes));
            let service = Arc::clone(&service);
            tokio::spawn(async move {
                loop {
                    let id = next.fetch_add(1, SeqCst);
                    if id >= calls {
                        break;
                    }
                    one(&client, &service, &outcomes, id).await;
                    if id % (calls / 10).max(1) == 0 {
                        println!("{id:>9} calls after {:>6.1?}: {} kB resident", start.elapsed(), resident());
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let added: u64 = service.added.iter().map(|count| u64::from(count.load(SeqCst))).sum();
    println!(
        "{calls} calls in {:.1?}, {} requests at the service; {} went well, {} unsent, {} may have been carried out; \
         {added} added, none twice; {} kB resident\n{:?}",
        start.elapsed(),
        service.requests.load(SeqCst),
        outcomes.well.load(SeqCst),
        outcomes.unsent.load(SeqCst),
        outcomes.unknown.load(SeqCst),
        resident(),
        hyper.counters(),
    );
    serving.abort();
    Ok(())
}

/// One call, held to what its outcome says: done once, not done, or either.
async fn one(client: &Client, service: &Service, outcomes: &Outcomes, id: u64) {
    let endpoint = if id % 2 == 0 { &ADD } else { &READ };
    let outcome = client.call_raw(RawCall::new(endpoint).with_body(&json!({"id": id})).unwrap()).await;
    let done = service.added[usize::try_from(id).unwrap()].load(SeqCst);
    match outcome {
        Ok(reply) => {
            assert_eq!(reply["id"], id, "the reply of another call");
            assert_eq!(done, u8::from(id % 2 == 0), "call {id} went well, and was carried out {done} times");
            outcomes.well.fetch_add(1, SeqCst);
        }
        Err(error) if error.delivery() == Delivery::NotSent => {
            assert_eq!(done, 0, "call {id} was carried out, but its error says that it was not sent: {error}");
            outcomes.unsent.fetch_add(1, SeqCst);
        }
        Err(error) => {
            assert!(done <= 1, "call {id} was carried out {done} times: {error}");
            outcomes.unknown.fetch_add(1, SeqCst);
        }
    }
}

/// What the process holds in memory, in kB; 0 where the system doesn't say.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
