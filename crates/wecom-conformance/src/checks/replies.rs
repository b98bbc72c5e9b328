//! What has to come back from the server.

use std::time::Duration;

use wecom_core::Response;

use super::probe::{CheckResult, Probe, describe, get, post};
use super::report::Verdict;
use super::requests::difference;
use super::wait::join_all;
use crate::scripted_server::ScriptedServer;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// How many calls are made at once.
const AT_ONCE: usize = 8;

/// How long a reply waits for other calls: a transport may well send one after the other.
const PATIENCE: Duration = Duration::from_millis(500);

pub(crate) async fn any_status(probe: &Probe<'_>) -> CheckResult {
    const STATUSES: [u16; 14] = [200, 201, 204, 302, 304, 400, 401, 403, 404, 429, 500, 502, 503, 504];
    for status in STATUSES {
        let body = body_of(status);
        let reply = body.clone();
        let server = ScriptedServer::scripted(move |_, _| Script::reply(status, &reply))?;
        let expected = format!("Ok with status {status} and {} bytes", body.len());
        let reply = probe.reply(post(server.address())?, &expected).await?;
        if reply.status() != status || reply.body() != body.as_bytes() {
            return Err(Verdict::failed(expected, describe(&Ok(reply))));
        }
    }
    Ok(())
}

fn body_of(status: u16) -> String {
    if matches!(status, 204 | 304) { String::new() } else { format!(r#"{{"status":{status}}}"#) }
}

pub(crate) async fn redirects(probe: &Probe<'_>) -> CheckResult {
    let elsewhere = ScriptedServer::scripted(|_, _| Script::reply(200, r#"{"errcode":0,"errmsg":"ok"}"#))?;
    let address = elsewhere.address();
    for status in [301, 302, 303, 307, 308] {
        for location in [format!("http://{address}/there"), "/there".to_owned()] {
            let headers = format!("location: {location}\r\n");
            let server = ScriptedServer::scripted(move |index, _| match index {
                0 => Script::bytes(reply::complete(status, &headers, b"moved")),
                _ => Script::reply(200, r#"{"errcode":0,"errmsg":"ok"}"#),
            })?;
            let expected = format!("Ok with status {status}, and nothing sent to the address that it names");
            let reply = probe.reply(get(server.address())?, &expected).await?;
            if reply.status() != status {
                return Err(Verdict::failed(expected, describe(&Ok(reply))));
            }
            let asked = elsewhere.state().requests.arrived() + server.state().requests.arrived().saturating_sub(1);
            if asked > 0 {
                return Err(Verdict::failed(expected, format!("{}, after {location} was asked", describe(&Ok(reply)))));
            }
        }
    }
    Ok(())
}

pub(crate) async fn body(probe: &Probe<'_>) -> CheckResult {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mebibyte: Vec<u8> = (0..=250).cycle().take(1024 * 1024).collect();
    let text = "\u{feff}{\"name\":\"上下游\"}\r\n".as_bytes().to_vec();
    let whole = |body: &[u8]| reply::complete(200, "content-type: application/json\r\n", body);
    let to_the_end = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", every_byte.as_slice()].concat();
    for (what, body, answer) in [
        ("of text with a byte order mark", text.clone(), Script::bytes(whole(&text))),
        ("of all byte values, not UTF-8", every_byte.clone(), Script::bytes(whole(&every_byte))),
        ("that is empty", Vec::new(), Script::bytes(whole(b""))),
        ("in chunks", every_byte.clone(), Script::bytes(chunked(&every_byte, 100))),
        ("in no chunk but the last", Vec::new(), Script::bytes(chunked(b"", 100))),
        ("that ends with the connection", every_byte, Script::bytes(to_the_end).close()),
        ("of 1 MiB", mebibyte.clone(), Script::bytes(whole(&mebibyte))),
        ("of 1 MiB in chunks", mebibyte.clone(), Script::bytes(chunked(&mebibyte, 16 * 1024))),
    ] {
        let answer = std::sync::Mutex::new(Some(answer));
        let server = ScriptedServer::scripted(move |_, _| {
            let mut answer = answer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            answer.take().unwrap_or_else(|| Script::empty().close())
        })?;
        let expected = format!("Ok with a body {what}, {} bytes", body.len());
        let reply = probe.reply(post(server.address())?, &expected).await?;
        if reply.body() != &body {
            return Err(Verdict::failed(expected, difference(&body, reply.body())));
        }
    }
    zipped_body(probe).await
}

/// A transport that says that it takes gzip has to unpack it.
async fn zipped_body(probe: &Probe<'_>) -> CheckResult {
    const PLAIN: &str = r#"{"errcode":0,"errmsg":"ok"}"#;
    const ZIPPED: &[u8] =
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x2d\x2a\x4a\xce\x4f\x49\x55\xb2\x32\xd0\x01\xb1\
        \x73\x8b\xd3\x95\xac\x94\xf2\xb3\x95\x6a\x01\xa7\x7e\x84\xf0\x1b\x00\x00\x00";
    let server = ScriptedServer::scripted(|_, request| {
        let accepted = request.header_values("accept-encoding").collect::<Vec<_>>().concat();
        let takes_gzip = String::from_utf8_lossy(&accepted).to_ascii_lowercase().contains("gzip");
        match takes_gzip {
            true => Script::bytes(reply::complete(200, "content-encoding: gzip\r\n", ZIPPED)),
            false => Script::reply(200, PLAIN),
        }
    })?;
    let expected = "Ok with a body unpacked from gzip, for a request that accepts it";
    let reply = probe.reply(post(server.address())?, expected).await?;
    if reply.body() != PLAIN.as_bytes() {
        return Err(Verdict::failed(expected, difference(PLAIN.as_bytes(), reply.body())));
    }
    Ok(())
}

/// A whole reply in chunks of this size.
fn chunked(body: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = reply::chunked_head();
    bytes.extend(body.chunks(size).chain([&b""[..]]).flat_map(reply::chunk));
    bytes
}

pub(crate) async fn headers(probe: &Probe<'_>) -> CheckResult {
    const SENT: &str = "Error-Code: 40014\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\nretry-after: 5\r\n";
    let server = ScriptedServer::scripted(|_, _| Script::bytes(reply::complete(200, SENT, b"{}")))?;
    let reply = probe.reply(post(server.address())?, "Ok with status 200").await?;
    for (name, values) in [("error-code", &["40014"][..]), ("set-cookie", &["a=1", "b=2"]), ("retry-after", &["5"])] {
        let actual = values_of(&reply, name);
        if actual != values {
            let actual = if actual.is_empty() { "no such header".to_owned() } else { actual.join(" and ") };
            return Err(Verdict::failed(format!("the header {name}, {}", values.join(" and ")), actual));
        }
    }
    Ok(())
}

fn values_of(reply: &Response, name: &str) -> Vec<String> {
    let named = reply.headers().iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
}

pub(crate) async fn not_mixed_up(probe: &Probe<'_>) -> CheckResult {
    // Answered together, the last first: whoever pairs replies by their order gets another's.
    let server = ScriptedServer::scripted(|number, request| {
        let (round, place) = (number / AT_ONCE, number % AT_ONCE);
        let (all_came, answered_before) = ((round + 1) * AT_ONCE, (round + 1) * AT_ONCE - 1 - place);
        Script::empty()
            .wait(PATIENCE, move |state| state.requests.arrived() >= all_came && state.completed >= answered_before)
            .send(reply::complete(200, "", &request.body))
    })?;
    // The second round finds the connections of the first.
    for round in 0..2 {
        let bodies: Vec<_> = (0..AT_ONCE).map(|call| format!(r#"{{"round":{round},"call":{call}}}"#)).collect();
        let mut calls = Vec::new();
        for body in &bodies {
            let request = post(server.address())?.with_body(body.clone());
            calls.push(probe.reply(request, "Ok for each of 8 calls at the same time"));
        }
        for (body, reply) in bodies.iter().zip(join_all(calls).await) {
            let reply = reply?;
            if reply.body() != body {
                let actual = String::from_utf8_lossy(reply.body()).into_owned();
                return Err(Verdict::failed(format!("for the call with {body}, the reply {body}"), actual));
            }
        }
    }
    Ok(())
}
