//! What goes wrong on a connection of HTTP/2 that all calls share. The server knows no paths there, so the calls are ones
//! that are answered by the envelope alone, with a fixed token.

use std::time::{Duration, Instant};

use wecom_conformance::{FaultServer, SocketFault};
use wecom_core::TransportErrorKind::{ConnectionLost, Protocol, Timeout};
use wecom_core::{AccessToken, Client, Delivery, Endpoint, Error, RawCall, Safety};
use wecom_hyper::{Http2, HyperTransport, TokioTimer};

use crate::case::Failure;
use crate::harness::{TOKEN, assert_no_secret, quick_retry};

const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
const ADD: Endpoint = Endpoint::post("add", "test/add");

struct Played {
    server: FaultServer,
    client: Client,
    outcome: Result<(), Error>,
    took: Duration,
}

/// A call whose connection meets the fault.
async fn play(fault: SocketFault, endpoint: &'static Endpoint, retries: bool, http2: Http2) -> Played {
    let server = FaultServer::start().unwrap();
    let transport = HyperTransport::builder().http2(http2).time_limit(Duration::from_millis(1500)).build().unwrap();
    let mut builder = Client::builder(transport)
        .base_url(server.base_url().parse().unwrap())
        .token(AccessToken::new(TOKEN))
        .timer(TokioTimer::new())
        .deadline(Duration::from_secs(60));
    if retries {
        builder = builder.retry(quick_retry());
    }
    let client = builder.build();
    server.next(fault);
    let began = Instant::now();
    let outcome = client.call_raw(RawCall::new(endpoint)).await.map(drop);
    Played { took: began.elapsed(), server, client, outcome }
}

/// Plays it for a call that only reads and one that must not be repeated, with and without retries. `connections` is how
/// many the client has made when the next call has gone well.
async fn check(fault: SocketFault, ends: &[Failure], delivery: Delivery, connections: usize, http2: Http2) {
    for (endpoint, retries) in [(&READ, false), (&READ, true), (&ADD, false), (&ADD, true)] {
        let Played { server, client, outcome, took } = play(fault.clone(), endpoint, retries, http2.clone()).await;
        assert!(took < Duration::from_secs(10), "{took:?}");
        let is_repeated = retries && (delivery == Delivery::NotSent || endpoint.safety() == Safety::Safe);
        match outcome {
            Ok(()) => assert!(is_repeated, "{fault:?}: {endpoint} went well"),
            Err(error) => {
                assert_no_secret(&error);
                assert!(!is_repeated, "{fault:?}: {endpoint} was not repeated: {error}");
                assert!(ends.contains(&Failure::of(&error)), "{fault:?}: {error}");
                assert_eq!((error.delivery(), error.attempts()), (delivery, 1), "{fault:?}: {error}");
            }
        }
        client.call_raw(RawCall::new(endpoint)).await.unwrap();
        assert_eq!(server.connections(), connections, "{fault:?}");
    }
}

#[tokio::test]
async fn goaway() {
    let ends = [Failure::Transport(ConnectionLost), Failure::Transport(Protocol)];
    check(SocketFault::Http2GoAway, &ends, Delivery::NotSent, 2, Http2::required()).await;
}

#[tokio::test]
async fn refused_stream() {
    let ends = [Failure::Transport(ConnectionLost), Failure::Transport(Protocol)];
    check(SocketFault::Http2RefusedStream, &ends, Delivery::NotSent, 1, Http2::required()).await;
}

/// Pings find it out.
#[tokio::test]
async fn dead_connection() {
    let ping = Duration::from_millis(200);
    let http2 = Http2::required().ping_interval(ping).ping_timeout(ping);
    let ends = [Failure::Transport(ConnectionLost), Failure::Transport(Timeout)];
    check(SocketFault::Http2Silence, &ends, Delivery::Unknown, 2, http2).await;
}
