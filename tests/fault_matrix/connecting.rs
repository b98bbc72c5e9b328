//! Faults before there is a connection: nothing is sent, so any call is repeated.

use std::time::Duration;

use wecom_conformance::SocketFault;
use wecom_core::Delivery;
use wecom_core::TransportErrorKind::{Connect, Dns, Timeout, Tls};
use wecom_hyper::Roots;
use wecom_upstream::Upstream;

use crate::row::{Ends, Row};
use crate::stage::{Fault, IMPORT, Lookup, Stage, Tunnel, assert_no_secret, import, quick_retry};

const LIMIT: Duration = Duration::from_millis(1200);

#[tokio::test]
async fn dns_failure() {
    Row::of_fault(Fault::Lookup(Lookup::Fails), Ends::Transport(Dns)).unsent().check().await;
}

#[tokio::test]
async fn dns_hang() {
    let row = Row::of_fault(Fault::Lookup(Lookup::Hangs), Ends::Transport(Timeout));
    row.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn connection_refused() {
    Row::of_fault(Fault::Lookup(Lookup::Nobody), Ends::Transport(Connect)).unsent().check().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn connection_black_holed() {
    let row = Row::of_fault(Fault::Lookup(Lookup::BlackHole), Ends::Transport(Timeout));
    row.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn tls_stall() {
    let row = Row::of_fault(Fault::Tls(SocketFault::SilentConnection), Ends::Transport(Timeout));
    row.unsent().until_connect_limit(LIMIT).check().await;
}

#[tokio::test]
async fn tls_broken_off() {
    let row = Row::of_fault(Fault::Tls(SocketFault::CloseOnAccept), Ends::Transport(Tls));
    row.unsent().not_repeated().check().await;
}

/// It lasts as long as the client does: the next call is that of one who trusts the certificate.
#[tokio::test]
async fn unknown_certificate_authority() {
    let stage = Stage::set_for(&Fault::Tls(SocketFault::None)).await;
    let another = Stage::new().await;
    let stranger = another.transport().roots(Roots::OnlyAdded).build().unwrap();
    let client = Upstream::new(stage.client(stranger).retry(quick_retry()).build());
    let error = client.import_chain_contact(import()).await.unwrap_err();
    assert_no_secret(&error);
    assert_eq!((Ends::of(&error), error.delivery()), (Ends::Transport(Tls), Delivery::NotSent));
    assert!(error.is_connect());
    assert_eq!((stage.server.requests().len(), stage.server.connections()), (0, 1));
    stage.upstream().import_chain_contact(import()).await.unwrap();
    assert_eq!(stage.seen(IMPORT), 1);
}

#[tokio::test]
async fn proxy_407() {
    Row::of_fault(Fault::Tunnel(Tunnel::WantsCredentials), Ends::Transport(Connect)).unsent().check().await;
}

#[tokio::test]
async fn proxy_hang() {
    let row = Row::of_fault(Fault::Tunnel(Tunnel::Hangs), Ends::Transport(Timeout));
    row.unsent().until_connect_limit(LIMIT).check().await;
}
