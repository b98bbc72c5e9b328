//! The transports in `examples/` keep the contract, each on its runtime.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use wecom_conformance::{Check, Report, check, check_local};
use wecom_core::http::AsLocal;
use wecom_core::{Endpoint, LocalTransport, Request, TransportErrorKind};

#[path = "../examples/transport_curl.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_curl;
#[path = "../examples/transport_monoio.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_monoio;
#[path = "../examples/transport_reqwest.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_reqwest;
#[path = "../examples/transport_smol.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_smol;
#[path = "../examples/transport_tower.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_tower;
#[path = "../examples/transport_ureq.rs"]
#[allow(dead_code, reason = "the example's main")]
mod transport_ureq;

#[track_caller]
fn assert_passed(report: &Report, warnings: &[Check]) {
    report.assert();
    assert!(report.warnings().eq(warnings.iter().copied()), "{report}");
}

#[tokio::test]
async fn the_reqwest_recipe_keeps_the_contract() {
    let transport = transport_reqwest::transport(reqwest::Client::builder().no_proxy()).unwrap();
    assert_passed(&check(&transport).await, &[]);
}

#[test]
fn the_ureq_recipe_keeps_the_contract_except_for_resets_and_cannot_cancel() {
    let transport = transport_ureq::UreqTransport::new(ureq::Agent::config_builder().proxy(None));
    let report = pollster::block_on(transport_ureq::suite().check(&transport));
    assert_passed(&report, &[Check::DroppingCancels]);
    assert!(report.allowed_failures().eq([Check::ResetIsAnError]), "{report}");
}

#[tokio::test]
async fn the_tower_recipe_keeps_the_contract() {
    assert_passed(&check(&transport_tower::transport()).await, &[]);
}

/// The suite then checks the code that the README shows.
#[test]
fn the_readme_shows_the_reqwest_recipe() {
    let recipe = include_str!("../examples/transport_reqwest.rs");
    let (_, rest) = recipe.split_once("// <README>\n").unwrap();
    let (code, _) = rest.split_once("// </README>\n").unwrap();
    let readme = include_str!("../README.md");
    assert!(readme.contains(&format!("```rust\n{code}")), "README.md differs from examples/transport_reqwest.rs");
}

#[test]
fn the_curl_recipe_keeps_the_contract_but_cannot_cancel() {
    assert_passed(&pollster::block_on(check(&transport_curl::CurlTransport)), &[Check::DroppingCancels]);
}

#[test]
fn the_monoio_recipe_keeps_the_contract_on_its_thread() {
    assert_passed(&transport_monoio::block_on(check_local(&transport_monoio::MonoioTransport)), &[]);
}

#[test]
fn the_smol_recipe_keeps_the_contract() {
    assert_passed(&smol::block_on(check(&transport_smol::SmolTransport)), &[]);
}

/// How long the server of a flood sends, unless the client ends the connection.
const FLOOD: Duration = Duration::from_secs(30);

/// Calls a server that sends interim replies as fast as it can. The call must end long before the flood.
async fn flood_ends_at_the_time_limit(transport: &impl LocalTransport) {
    const GET: Endpoint = Endpoint::get("get", "get");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let base_url = format!("http://{}/", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let start = now();
        let _ = stream.read(&mut [0; 4096]);
        let replies = b"HTTP/1.1 102 Processing\r\n\r\n".repeat(4096);
        while start.elapsed() < FLOOD && stream.write_all(&replies).is_ok() {}
    });
    let limit = Duration::from_millis(300);
    let request = Request::new(&GET).with_base_url(base_url.parse().unwrap()).with_time_limit(limit);
    let start = now();
    let error = transport.send(request).await.unwrap_err();
    let elapsed = start.elapsed();
    assert!(error.kind() == TransportErrorKind::Timeout && elapsed < FLOOD / 2, "{error:?} after {elapsed:?}");
    server.join().unwrap();
}

#[allow(clippy::disallowed_methods, reason = "a flood takes real time")]
fn now() -> Instant {
    Instant::now()
}

#[test]
fn a_flood_of_interim_replies_does_not_extend_the_time_limit_of_the_smol_recipe() {
    smol::block_on(flood_ends_at_the_time_limit(&AsLocal(transport_smol::SmolTransport)));
}

#[test]
fn a_flood_of_interim_replies_does_not_extend_the_time_limit_of_the_monoio_recipe() {
    transport_monoio::block_on(flood_ends_at_the_time_limit(&transport_monoio::MonoioTransport));
}
