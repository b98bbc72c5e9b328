//! The vendor's documented requests and replies.

use std::fs;

use serde_json::Value;
use wecom_core::Endpoint;

/// A reply of gettoken.
pub const TOKEN_REPLY: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}"#;

/// The documented reply of an endpoint.
///
/// # Panics
///
/// Panics if the endpoint has no sample.
#[must_use]
pub fn sample_reply(endpoint: &Endpoint) -> String {
    read(endpoint, "reply")
}

/// The documented request of an endpoint, as JSON.
///
/// # Panics
///
/// Panics if the endpoint has no sample.
#[must_use]
pub fn sample_request(endpoint: &Endpoint) -> Value {
    serde_json::from_str(&read(endpoint, "request")).unwrap()
}

fn read(endpoint: &Endpoint, kind: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wecom-upstream/samples");
    fs::read_to_string(format!("{folder}/{}.{kind}.json", endpoint.name())).unwrap()
}
