//! The headers of the request reach the server, and nothing with credentials or state is added.

use wecom_core::{Endpoint, Request};

use crate::checks::OK;
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe};
use crate::scripted_server::request::RawRequest;
use crate::scripted_server::script::Script;

/// Headers that a transport must not add: they carry credentials or state, or change the meaning of the request.
pub(crate) const FORBIDDEN: [&str; 14] = [
    "authorization",
    "cookie",
    "forwarded",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "origin",
    "proxy-authorization",
    "range",
    "referer",
    "x-forwarded-for",
    "x-http-method-override",
];

pub(crate) async fn arrive(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    for endpoint in METHODS {
        let sent = with_unusual_values(fixture.request(endpoint)?);
        fixture.reply(sent.clone(), "Ok with status 200").await?;
        let received = fixture.last_request().ok_or_else(|| fixture.failed("a request", endpoint, "no request"))?;
        same_headers(&fixture, endpoint, &sent, &received)?;
        has_no_surplus(&fixture, endpoint, &received)?;
    }
    Ok(())
}

fn with_unusual_values(request: Request) -> Request {
    let long: Vec<_> = (0..1000).map(|number| format!("{number:05}")).collect();
    request
        .with_header("x-conformance-case", "Mixed CASE")
        .with_header("x-conformance-empty", "")
        .with_header("x-conformance-spaces", "two  spaces")
        .with_header("x-conformance-text", "上下游")
        .with_header("x-conformance-5000", long.concat())
}

fn same_headers(fixture: &Fixture<'_>, endpoint: &Endpoint, sent: &Request, received: &RawRequest) -> CheckResult {
    let host = fixture.server().address().to_string();
    let mut headers: Vec<_> = sent.headers().collect();
    headers.push(("host", host.as_bytes()));
    for (name, _) in &headers {
        let expected: Vec<_> = headers.iter().filter(|(other, _)| other == name).map(|(_, value)| *value).collect();
        let actual: Vec<_> = received.header_values(name).collect();
        // A list may arrive as one header or as several.
        if actual != expected && actual != [expected.join(&b", "[..])] {
            return Err(fixture.failed(
                &format!("the header {name} once, {}", texts(&expected)),
                endpoint,
                if actual.is_empty() { "no such header".to_owned() } else { texts(&actual) },
            ));
        }
    }
    Ok(())
}

fn has_no_surplus(fixture: &Fixture<'_>, endpoint: &Endpoint, received: &RawRequest) -> CheckResult {
    for name in FORBIDDEN {
        let actual: Vec<_> = received.header_values(name).collect();
        if !actual.is_empty() {
            let actual = format!("{name}: {}", texts(&actual));
            return Err(fixture.failed(&format!("no header {name}"), endpoint, actual));
        }
    }
    let lengths = received.header_values("content-length").count();
    let is_chunked = received.header_values("transfer-encoding").next().is_some();
    if lengths + usize::from(is_chunked) > 1 {
        let actual = format!("{lengths} content-length headers, transfer-encoding: {is_chunked}");
        return Err(fixture.failed("one content-length or one transfer-encoding", endpoint, actual));
    }
    Ok(())
}

fn texts(values: &[&[u8]]) -> String {
    let texts: Vec<_> = values.iter().map(|value| format!("{:?}", String::from_utf8_lossy(value))).collect();
    texts.join(" and ")
}
