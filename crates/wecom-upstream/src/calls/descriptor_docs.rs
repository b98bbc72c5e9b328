//! The documentation of each descriptor lists its settings. These tests compare the two.

use wecom_core::endpoint::{Quota, TokenKind};
use wecom_core::{ApiCall, Endpoint, Safety};

use crate::calls;

/// Returns the lines of documentation that list the settings of a descriptor.
fn documentation(endpoint: &Endpoint) -> String {
    let documents: Vec<_> = endpoint.documents().iter().map(|number| link(*number)).collect();
    let mut rows = vec![
        ("request", format!("`{} {}`", endpoint.method(), endpoint.path())),
        ("document", format!("{} ({})", endpoint.title(), documents.join(", "))),
        ("token", token(endpoint.token_kind()).into()),
        ("safety", safety(endpoint.safety()).into()),
        ("quota", quota(endpoint.quota())),
    ];
    if let Some(ticketed) = endpoint.ticketed_quota() {
        rows.push(("quota with a ticket", quota(ticketed)));
    }
    if let Some(limit) = endpoint.concurrency() {
        rows.push(("concurrency", format!("at most {limit} at the same time")));
    }
    if endpoint.has_secret_reply() {
        rows.push(("reply", "contains a secret, so no error quotes it".into()));
    }
    let rows: String = rows.iter().map(|(name, value)| format!("/// | {name} | {value} |\n")).collect();
    format!("///\n/// | setting | value |\n/// |---|---|\n{rows}")
}

fn link(number: u32) -> String {
    format!("[{number}](https://developer.work.weixin.qq.com/document/path/{number})")
}

fn token(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Upstream => "the upstream corp's",
        TokenKind::Downstream => "the downstream corp's",
        TokenKind::UpstreamOrDownstream => "the upstream corp's or a downstream corp's",
        _ => "none",
    }
}

fn safety(safety: Safety) -> &'static str {
    match safety {
        Safety::Safe => "only reads data",
        Safety::Idempotent => "idempotent",
        _ => "not idempotent: never repeated if it may have been carried out",
    }
}

fn quota(quota: Quota) -> String {
    let limits = [
        (quota.per_minute(), "a minute"),
        (quota.per_hour(), "an hour"),
        (quota.per_day(), "a day"),
        (quota.per_month(), "a month"),
    ];
    let limits = limits.into_iter().filter_map(|(limit, window)| Some(format!("{} {window}", grouped(limit?))));
    format!("calls of one corp: {}", limits.collect::<Vec<_>>().join(", "))
}

/// Returns a number with commas between groups of three digits.
fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group).into_owned());
    groups.collect::<Vec<_>>().join(",")
}

macro_rules! compare_each_call {
    ($($section:ident {$(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+})+) => {$($(
        #[test]
        fn $method() {
            let expected = documentation(<calls::$request as ApiCall>::ENDPOINT);
            let file = concat!("calls/", stringify!($method), ".rs");
            let source = include_str!(concat!(stringify!($method), ".rs"));
            assert!(source.contains(&expected), "add these lines to the descriptor's documentation in {file}:\n{expected}");
        }
    )+)+};
}
for_each_call!(compare_each_call);
