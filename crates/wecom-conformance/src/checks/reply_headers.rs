//! The headers of a reply are returned.

use wecom_core::Response;

use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe};
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

const SENT: &str = "Error-Code: 40014\r\n\
                    set-cookie: a=1; path=/\r\nSet-Cookie: b=2\r\n\
                    x-list: 1\r\nX-List: 1\r\nx-list: 2\r\n\
                    retry-after:   5  \r\n\
                    x-empty:\r\n\
                    x-url: http://example.com:80/?a=b, c\r\n\
                    x-text: 上下游\r\n";

/// The values that must be returned, by name.
const EXPECTED: &[(&str, &[&str])] = &[
    ("error-code", &["40014"]),
    ("set-cookie", &["a=1; path=/", "b=2"]),
    ("x-list", &["1", "1", "2"]),
    ("retry-after", &["5"]),
    ("x-empty", &[""]),
    ("x-url", &["http://example.com:80/?a=b, c"]),
    ("x-text", &["上下游"]),
];

pub(crate) async fn come_back(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with repeated, empty and non-ASCII headers", |_, _| {
        Script::bytes(reply::complete(200, SENT, b"{}"))
    })?;
    for endpoint in METHODS {
        let reply = fixture.reply(fixture.request(endpoint)?, "Ok with status 200").await?;
        for &(name, expected) in EXPECTED {
            let actual = values_of(&reply, name);
            // A transport may join the values of a header, except cookies.
            let is_joined = name != "set-cookie" && actual == [expected.join(", ")];
            if actual != expected && !is_joined {
                let expected = format!("the header {name} as {}", texts(expected));
                let actual: Vec<_> = actual.iter().map(String::as_str).collect();
                let actual = if actual.is_empty() { "no such header".to_owned() } else { texts(&actual) };
                return Err(fixture.failed(&expected, endpoint, actual));
            }
        }
    }
    Ok(())
}

fn values_of(reply: &Response, name: &str) -> Vec<String> {
    let named = reply.headers().iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
}

fn texts(values: &[&str]) -> String {
    values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" and ")
}
