//! Faults of an HTTP/2 connection that all calls share. Over HTTP/2 the server gives every path the same reply, a bare
//! envelope, so the calls have no payload and a fixed token.

use std::time::{Duration, Instant};

use wecom_conformance::{FaultServer, SocketFault};
use wecom_core::TransportErrorKind::{ConnectionLost, Protocol, Timeout};
use wecom_core::endpoint::RawCall;
use wecom_core::{AccessToken, Client, Delivery, Endpoint, Error, Safety};
use wecom_hyper::{Http2, HyperTransport, TokioTimer};

use crate::case::Failure;
use crate::harness::{TOKEN, assert_no_secret, quick_retry};

const READ: Endpoint = Endpoint::post("read", "test/read").with_safety(Safety::Safe);
const ADD: Endpoint = Endpoint::post("add", "test/add");

struct Outcome {
    server: FaultServer,
    client: Client,
    outcome: Result<(), Error>,
    elapsed: Duration,
}

/// Makes a call whose connection meets the fault.
async fn call(fault: SocketFault, endpoint: &'static Endpoint, retries: bool, http2: Http2) -> Outcome {
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
    server.inject(fault);
    let start = Instant::now();
    let outcome = client.call_raw(RawCall::new(endpoint)).await.map(drop);
    Outcome { elapsed: start.elapsed(), server, client, outcome }
}

/// Checks the fault for a call that only reads and for a call that must not be repeated, with and without retries.
/// `connections` is the number of connections that the client has made once the next call has succeeded.
async fn check(fault: SocketFault, expected: &[Failure], delivery: Delivery, connections: usize, http2: Http2) {
    for (endpoint, retries) in [(&READ, false), (&READ, true), (&ADD, false), (&ADD, true)] {
        let Outcome { server, client, outcome, elapsed } = call(fault.clone(), endpoint, retries, http2.clone()).await;
        assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
        let is_repeated = retries && (delivery == Delivery::NotSent || endpoint.safety() == Safety::Safe);
        match outcome {
            Ok(()) => assert!(is_repeated, "{fault:?}: {endpoint} succeeded"),
            Err(error) => {
                assert_no_secret(&error);
                assert!(!is_repeated, "{fault:?}: {endpoint} was not repeated: {error}");
                assert!(expected.contains(&Failure::of(&error)), "{fault:?}: {error}");
                assert_eq!((error.delivery(), error.attempts()), (delivery, 1), "{fault:?}: {error}");
            }
        }
        client.call_raw(RawCall::new(endpoint)).await.unwrap();
        assert_eq!(server.connections(), connections, "{fault:?}");
    }
}

#[tokio::test]
async fn goaway() {
    let expected = [Failure::Transport(ConnectionLost), Failure::Transport(Protocol)];
    check(SocketFault::Http2GoAway, &expected, Delivery::NotSent, 2, Http2::required()).await;
}

#[tokio::test]
async fn refused_stream() {
    let expected = [Failure::Transport(ConnectionLost), Failure::Transport(Protocol)];
    check(SocketFault::Http2RefusedStream, &expected, Delivery::NotSent, 1, Http2::required()).await;
}

/// Pings detect the fault.
#[tokio::test]
async fn dead_connection() {
    let ping = Duration::from_millis(200);
    let http2 = Http2::required().ping_interval(ping).ping_timeout(ping);
    let expected = [Failure::Transport(ConnectionLost), Failure::Transport(Timeout)];
    check(SocketFault::Http2Silence, &expected, Delivery::Unknown, 2, http2).await;
}
