//! The vendor's documented replies.

use std::fs;

use wecom_core::Endpoint;

/// What gettoken answers.
pub const TOKEN: &str = r#"{"errcode":0,"errmsg":"ok","access_token":"accesstoken000001","expires_in":7200}"#;

/// The documented reply of an endpoint.
#[must_use]
pub fn sample_of(endpoint: &Endpoint) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wecom-upstream/samples");
    fs::read_to_string(format!("{folder}/{}.reply.json", endpoint.name())).unwrap()
}
