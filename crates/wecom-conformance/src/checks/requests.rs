//! What has to arrive at the server.

use wecom_core::Request;

use super::probe::{CheckResult, Probe, describe, get, post};
use super::report::Verdict;
use crate::scripted_server::ScriptedServer;
use crate::scripted_server::script::Script;

/// A server that answers `{}` to everything.
fn ok_server() -> std::io::Result<ScriptedServer> {
    ScriptedServer::scripted(|_, _| Script::reply(200, "{}"))
}

pub(crate) async fn method_and_url(probe: &Probe<'_>) -> CheckResult {
    const QUERY: &str = "access_token=conformance-canary-token&text=a%20b%26c%3Dd%2F%E4%BC%81%2B%25~%27\
                         &secret=conformance-canary-secret";
    let server = ok_server()?;
    for (request, line) in [
        (get(server.address())?, format!("GET /prefix/cgi-bin/conformance/get?{QUERY}")),
        (post(server.address())?, format!("POST /prefix/cgi-bin/conformance/post?{QUERY}")),
    ] {
        probe.reply(request, "Ok with status 200").await?;
        let actual = server.state().requests.last().map(|request| format!("{} {}", request.method, request.target));
        let actual = actual.unwrap_or_else(|| "no request".to_owned());
        if actual != line {
            return Err(Verdict::failed(line, actual));
        }
    }
    Ok(())
}

pub(crate) async fn headers(probe: &Probe<'_>) -> CheckResult {
    let server = ok_server()?;
    for request in [get(server.address())?, post(server.address())?] {
        let sent = request.clone();
        probe.reply(request, "Ok with status 200").await?;
        compare_headers(&server, &sent)?;
    }
    Ok(())
}

fn compare_headers(server: &ScriptedServer, sent: &Request) -> CheckResult {
    let state = server.state();
    let Some(received) = state.requests.last() else { return Err(Verdict::failed("one request", "no request")) };
    let host = server.address().to_string();
    for (name, value) in sent.headers().chain([("host", host.as_bytes())]) {
        let actual: Vec<_> = received.header_values(name).collect();
        if actual != [value] {
            let actual: Vec<_> = actual.into_iter().map(String::from_utf8_lossy).collect();
            return Err(Verdict::failed(
                format!("the header {name} once on a {}, as {}", sent.method(), String::from_utf8_lossy(value)),
                if actual.is_empty() { "no such header".to_owned() } else { actual.join(" and ") },
            ));
        }
    }
    Ok(())
}

pub(crate) async fn body(probe: &Probe<'_>) -> CheckResult {
    let server = ok_server()?;
    let every_byte: Vec<u8> = (0..=255).cycle().take(256 * 1024).collect();
    for (what, request) in [
        ("a GET", get(server.address())?),
        ("a POST of JSON", post(server.address())?),
        ("a POST of 256 KiB of all byte values", post(server.address())?.with_body(every_byte)),
    ] {
        let sent = request.body().cloned().unwrap_or_default();
        probe.reply(request, "Ok with status 200").await?;
        let state = server.state();
        let actual = state.requests.last().map(|request| &*request.body).unwrap_or_default();
        if actual != sent {
            return Err(Verdict::failed(
                format!("{what} with a body of {} bytes", sent.len()),
                difference(&sent, actual),
            ));
        }
    }
    Ok(())
}

/// Where bytes begin to differ.
pub(crate) fn difference(expected: &[u8], actual: &[u8]) -> String {
    let same = expected.iter().zip(actual).take_while(|(expected, actual)| expected == actual).count();
    format!("{} bytes, of which the first {same} are right", actual.len())
}

pub(crate) async fn once(probe: &Probe<'_>) -> CheckResult {
    // First what a library may take for a hint to try again, on a connection that is there already; then the end of it.
    let server = ScriptedServer::scripted(|index, _| match index {
        0 => Script::reply(200, "{}"),
        1 => Script::reply(503, "{}"),
        2 => Script::reply(429, "{}"),
        3 => Script::reply(408, "{}"),
        _ => Script::empty().close(),
    })?;
    for (sent, answered) in ["200", "503", "429", "408", "nothing, and the end of the connection"].iter().enumerate() {
        let outcome = probe.send(post(server.address())?).await?;
        let actual = server.state().requests.arrived();
        if actual != sent + 1 {
            return Err(Verdict::failed(
                format!("one POST that is answered with {answered}"),
                format!("{} of them, and then {}", actual.saturating_sub(sent), describe(&outcome)),
            ));
        }
    }
    Ok(())
}
