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
                    x-text: 上下游\r\n\
                    x-case: Mixed CASE\r\n\
                    x-spaces: two  spaces\r\n";

/// The number of further headers.
const MORE: usize = 40;

/// The length of a long value.
const LONG: usize = 5000;

/// The values that must be returned, by name.
const EXPECTED: &[(&str, &[&str])] = &[
    ("error-code", &["40014"]),
    ("set-cookie", &["a=1; path=/", "b=2"]),
    ("x-list", &["1", "1", "2"]),
    ("retry-after", &["5"]),
    ("x-empty", &[""]),
    ("x-url", &["http://example.com:80/?a=b, c"]),
    ("x-text", &["上下游"]),
    ("x-case", &["Mixed CASE"]),
    ("x-spaces", &["two  spaces"]),
];

pub(crate) async fn come_back(probe: &Probe<'_>) -> CheckResult {
    let long = "0123456789".repeat(LONG / 10);
    let more: String = (0..MORE).map(|number| format!("x-{number}: {number}\r\n")).collect();
    let headers = format!("{SENT}{more}x-long: {long}\r\nx-last: 1\r\n");
    let fixture = Fixture::new(probe, "replies with repeated, empty, long and non-ASCII headers", move |_, _| {
        Script::bytes(reply::complete(200, &headers, b"{}"))
    })?;
    for endpoint in METHODS {
        let reply = fixture.reply(fixture.request(endpoint)?, "Ok with status 200").await?;
        for &(name, expected) in EXPECTED.iter().chain(&[("x-long", &[&*long][..]), ("x-last", &["1"])]) {
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
    folded(probe).await
}

/// Checks that a value over two lines is returned whole. RFC 9112 (5.2) has clients replace the line break by spaces, and many
/// HTTP libraries refuse the reply instead.
async fn folded(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with a header over two lines", |_, _| {
        Script::bytes(reply::complete(200, "x-folded: one\r\n two\r\nx-last: 1\r\n", b"{}")).close()
    })?;
    for endpoint in METHODS {
        let Ok(reply) = fixture.send(fixture.request(endpoint)?).await? else { continue };
        let folded = values_of(&reply, "x-folded");
        let words: Vec<_> = folded.iter().flat_map(|value| value.split_whitespace()).collect();
        if folded.len() != 1 || words != ["one", "two"] || values_of(&reply, "x-last") != ["1"] {
            let actual =
                reply.headers().iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value)));
            let actual = actual.collect::<Vec<_>>().join(", ");
            return Err(fixture.failed("the header x-folded as \"one two\", or an error", endpoint, actual));
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
