//! A long run over real sockets with seeded faults: no call is lost, none is carried out twice, and memory does not grow.
//!
//! `cargo run --release -p wecom-tests --example soak -- 1000000` makes a million calls. Half of them add something that must
//! not be added twice. Faults occur before the request, after the reply, and in the service.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a manual run that checks and reports"
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
use wecom_core::endpoint::RawCall;
use wecom_core::{Client, Credentials, Delivery, Endpoint, Quotas, Retry, Safety, Secret, TransportErrorKind};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_mock::Faults;

const READ: Endpoint = Endpoint::post("read", "soak/read").with_safety(Safety::Safe);
const ADD: Endpoint = Endpoint::post("add", "soak/add");

const IN_FLIGHT: u64 = 64;
const SEED: u64 = 20_261_122;

/// The state of the service: the number of times that each thing was added.
struct Service {
    added: Vec<AtomicU8>,
    requests: AtomicU64,
    random: Mutex<fastrand::Rng>,
}

/// A fault in the service.
enum ServiceFault {
    None,
    /// Busy. The call was not carried out.
    Busy,
    /// An error of the gateway. The call was not carried out.
    Unavailable,
    /// The connection is lost before the call is carried out.
    LostBefore,
    /// The connection is lost after the call was carried out.
    LostAfter,
    /// The token has expired.
    TokenExpired,
}

impl Service {
    fn next_fault(&self) -> ServiceFault {
        match self.random.lock().unwrap().u32(..1000) {
            0..10 => ServiceFault::Busy,
            10..20 => ServiceFault::Unavailable,
            20..30 => ServiceFault::LostBefore,
            30..40 => ServiceFault::LostAfter,
            40..41 => ServiceFault::TokenExpired,
            _ => ServiceFault::None,
        }
    }

    async fn reply(&self, request: hyper::Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, io::Error> {
        self.requests.fetch_add(1, SeqCst);
        let reply = |status, body: String| hyper::Response::builder().status(status).body(Full::from(body));
        let path = request.uri().path().to_owned();
        let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        if path.ends_with("gettoken") {
            let body = json!({"errcode": 0, "access_token": "a-token", "expires_in": 7200});
            return Ok(reply(200, body.to_string()).unwrap());
        }
        let lost = || io::Error::from(io::ErrorKind::ConnectionAborted);
        let fault = self.next_fault();
        match fault {
            ServiceFault::Busy => return Ok(reply(200, json!({"errcode": -1, "errmsg": "busy"}).to_string()).unwrap()),
            ServiceFault::Unavailable => return Ok(reply(503, "<html>".to_owned()).unwrap()),
            ServiceFault::TokenExpired => return Ok(reply(200, json!({"errcode": 42001}).to_string()).unwrap()),
            ServiceFault::LostBefore => return Err(lost()),
            ServiceFault::LostAfter | ServiceFault::None => {}
        }
        let body: serde_json::Value = serde_json::from_slice(&body).map_err(io::Error::other)?;
        let id = body["id"].as_u64().unwrap();
        if path.ends_with("add") {
            self.added[usize::try_from(id).unwrap()].fetch_add(1, SeqCst);
        }
        if matches!(fault, ServiceFault::LostAfter) {
            return Err(lost());
        }
        Ok(reply(200, json!({"errcode": 0, "errmsg": "ok", "id": id}).to_string()).unwrap())
    }
}

async fn serve(listener: TcpListener, service: Arc<Service>) {
    while let Ok((stream, _)) = listener.accept().await {
        let service = Arc::clone(&service);
        tokio::spawn(async move {
            let handler = service_fn(|request| {
                let service = Arc::clone(&service);
                async move { service.reply(request).await }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await;
        });
    }
}

/// The number of calls by outcome.
#[derive(Default)]
struct Outcomes {
    succeeded: AtomicU64,
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
        .retry(
            Retry::new().initial_backoff(Duration::from_millis(5)).initial_backoff_when_busy(Duration::from_millis(5)),
        )
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
                    check_call(&client, &service, &outcomes, id).await;
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
        "{calls} calls in {:.1?}, {} requests at the service; {} succeeded, {} not sent, {} with an unknown outcome; \
         {added} added, none twice; {} kB resident\n{:?}",
        start.elapsed(),
        service.requests.load(SeqCst),
        outcomes.succeeded.load(SeqCst),
        outcomes.unsent.load(SeqCst),
        outcomes.unknown.load(SeqCst),
        resident(),
        hyper.counters(),
    );
    serving.abort();
    Ok(())
}

/// Makes a call and asserts that the service agrees with its outcome: carried out once, not carried out, or unknown.
async fn check_call(client: &Client, service: &Service, outcomes: &Outcomes, id: u64) {
    let endpoint = if id % 2 == 0 { &ADD } else { &READ };
    let outcome = client.call_raw(RawCall::new(endpoint).with_body(&json!({"id": id})).unwrap()).await;
    let done = service.added[usize::try_from(id).unwrap()].load(SeqCst);
    match outcome {
        Ok(reply) => {
            assert_eq!(reply["id"], id, "the reply of another call");
            assert_eq!(done, u8::from(id % 2 == 0), "call {id} succeeded and was carried out {done} times");
            outcomes.succeeded.fetch_add(1, SeqCst);
        }
        Err(error) if error.delivery() == Delivery::NotSent => {
            assert_eq!(done, 0, "call {id} was carried out, but its error reports that it was not sent: {error}");
            outcomes.unsent.fetch_add(1, SeqCst);
        }
        Err(error) => {
            assert!(done <= 1, "call {id} was carried out {done} times: {error}");
            outcomes.unknown.fetch_add(1, SeqCst);
        }
    }
}

/// The resident memory of the process in kB, or 0 on systems without `/proc`.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
