//! The transports in `examples/` keep the contract, each on its runtime.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use wecom_conformance::{Check, Report, check, check_local};

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
