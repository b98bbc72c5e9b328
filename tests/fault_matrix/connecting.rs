//! Faults before the connection is established: nothing is sent, so any call is repeated.

use std::time::Duration;

use wecom_conformance::SocketFault;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::{Connect, Dns, Timeout, Tls};
use wecom_hyper::Roots;
use wecom_upstream::Upstream;

use crate::case::{Failure, FaultCase};
use crate::harness::{Fault, Harness, IMPORT, Lookup, Tunnel, assert_no_secret, import, quick_retry};

const LIMIT: Duration = Duration::from_millis(1200);

#[tokio::test]
async fn dns_failure() {
    FaultCase::new(Fault::Lookup(Lookup::Fails), Failure::Transport(Dns)).unsent().check().await;
}

#[tokio::test]
async fn dns_hang() {
    let case = FaultCase::new(Fault::Lookup(Lookup::Hangs), Failure::Transport(Timeout));
    case.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn connection_refused() {
    FaultCase::new(Fault::Lookup(Lookup::Refused), Failure::Transport(Connect)).unsent().check().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connection_black_holed() {
    let case = FaultCase::new(Fault::Lookup(Lookup::BlackHole), Failure::Transport(Timeout));
    case.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn tls_stall() {
    let case = FaultCase::new(Fault::Tls(SocketFault::SilentConnection), Failure::Transport(Timeout));
    case.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn tls_handshake_aborted() {
    let case = FaultCase::new(Fault::Tls(SocketFault::CloseOnAccept), Failure::Transport(Tls));
    case.unsent().not_repeated().check().await;
}

/// The client never trusts this certificate, so the next call comes from another client that does.
#[tokio::test]
async fn unknown_certificate_authority() {
    let harness = Harness::for_fault(&Fault::Tls(SocketFault::None)).await;
    let another = Harness::new().await;
    let untrusting = another.transport().roots(Roots::OnlyAdded).build().unwrap();
    let client = Upstream::new(harness.client(untrusting).retry(quick_retry()).build());
    let error = client.import_chain_contact(import()).await.unwrap_err();
    assert_no_secret(&error);
    assert_eq!((Failure::of(&error), error.delivery()), (Failure::Transport(Tls), Delivery::NotSent));
    assert!(error.is_connect());
    assert_eq!((harness.server.requests().len(), harness.server.connections()), (0, 1));
    harness.upstream().import_chain_contact(import()).await.unwrap();
    assert_eq!(harness.received(IMPORT), 1);
}

#[tokio::test]
async fn proxy_407() {
    FaultCase::new(Fault::Tunnel(Tunnel::RequiresCredentials), Failure::Transport(Connect)).unsent().check().await;
}

#[tokio::test]
async fn proxy_hang() {
    let case = FaultCase::new(Fault::Tunnel(Tunnel::Hangs), Failure::Transport(Timeout));
    case.unsent().until_connect_limit(LIMIT).check().await;
}
