//! The body of the request reaches the server unchanged.

use std::io;
use std::net::TcpStream;
use std::time::Duration;

use wecom_core::Request;

use crate::checks::OK;
use crate::fixture::{Fixture, GET, METHODS, POST};
use crate::probe::{CheckResult, Probe, difference};
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// Larger than any body of the API. An import of 10,000 contacts has about 1 MiB.
const LARGE: usize = 3 * 1024 * 1024;

/// Sizes that a transport may refuse to send. It must not send a part.
const LARGER: [usize; 3] = [LARGE + 1, 7 * 1024 * 1024, 17 * 1024 * 1024];

/// Text with a byte order mark.
const WITH_BYTE_ORDER_MARK: &str = "\u{feff}{\"name\":\"上下游\"}";

/// JSON with white space around it and the line breaks of Windows in it.
const WITH_LINE_BREAKS: &str = " \r\n{\r\n\t\"name\": \"a\",\n\t\"share\": 1\r\n}\r\n \n";

/// The pause after an interim reply, in which surplus bytes arrive.
const PAUSE: Duration = Duration::from_millis(20);

/// Replies with status 200, and never sends `100 Continue`.
struct IgnoresExpect;

impl Service for IgnoresExpect {
    type Plan = ();

    fn plan(&self) {}

    fn serve(&self, mut connection: Connection<'_, TcpStream>, (): ()) -> io::Result<()> {
        connection.ignore_expect();
        let after = connection.serve_requests(|_, _| Script::reply(200, OK))?;
        connection.end(after)
    }
}

pub(crate) async fn arrives(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    let post = |body: Vec<u8>| fixture.request(&POST).map(|request| request.with_body(body));
    without_body(&fixture).await?;
    same_body(&fixture, "JSON with unusual spacing and numbers", fixture.request(&POST)?).await?;
    same_body(&fixture, "an empty body", post(Vec::new())?).await?;
    same_body(&fixture, "text with a byte order mark", post(WITH_BYTE_ORDER_MARK.into())?).await?;
    same_body(&fixture, "JSON with line breaks", post(WITH_LINE_BREAKS.into())?).await?;
    for size in [1, 100 * 1024, 400 * 1024, LARGE] {
        same_body(&fixture, &format!("a body of {size} bytes of all values"), post(bytes_of(size))?).await?;
    }
    for size in LARGER {
        let request = post(bytes_of(size))?;
        if fixture.send(request.clone()).await?.is_ok() {
            has_arrived(&fixture, &format!("a body of {size} bytes of all values, or an error"), &request)?;
        }
    }
    let fixture = Fixture::with_service(probe, "ignores expect: 100-continue", IgnoresExpect)?;
    same_body(&fixture, "a large body", fixture.request(&POST)?.with_body(bytes_of(LARGE))).await?;
    arrives_once(probe).await
}

/// Returns a body of all byte values.
fn bytes_of(size: usize) -> Vec<u8> {
    let every_byte: Vec<u8> = (0..=255).collect();
    let mut body = every_byte.repeat(size / every_byte.len() + 1);
    body.truncate(size);
    body
}

/// Checks that a `GET` has no body. A `transfer-encoding` declares one, even if it has no chunk (RFC 9112, 6).
async fn without_body(fixture: &Fixture<'_>) -> CheckResult {
    same_body(fixture, "a GET without a body", fixture.request(&GET)?).await?;
    let received = fixture.last_request();
    match received.as_ref().and_then(|request| request.header_values("transfer-encoding").next()) {
        None => Ok(()),
        Some(value) => {
            let actual = format!("transfer-encoding: {}", String::from_utf8_lossy(value));
            Err(fixture.failed("a GET without a body", &GET, actual))
        }
    }
}

/// Checks that a transport that did not wait for `100 Continue` does not send the body again when it arrives.
async fn arrives_once(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "sends 100 Continue, which the request did not ask for", |_, _| {
        let reply = reply::complete(200, "", OK.as_bytes());
        Script::bytes("HTTP/1.1 100 Continue\r\n\r\n").pause(PAUSE).detect_surplus().send(reply)
    })?;
    for endpoint in METHODS {
        fixture.reply(fixture.request(endpoint)?, "Ok with status 200").await?;
        let surplus = fixture.server().state().surplus;
        if surplus > 0 {
            return Err(fixture.failed("nothing after the body", endpoint, format!("{surplus} more bytes")));
        }
    }
    Ok(())
}

async fn same_body(fixture: &Fixture<'_>, what: &str, request: Request) -> CheckResult {
    fixture.reply(request.clone(), &format!("Ok with status 200 to {what}")).await?;
    has_arrived(fixture, what, &request)
}

/// Checks that the last request that arrived has the body of this one.
fn has_arrived(fixture: &Fixture<'_>, what: &str, request: &Request) -> CheckResult {
    let sent = request.body().cloned().unwrap_or_default();
    let received = fixture.last_request().map(|request| request.body).unwrap_or_default();
    if received != sent {
        let expected = format!("{what}, {} bytes", sent.len());
        return Err(fixture.failed(&expected, request.endpoint(), difference(&sent, &received)));
    }
    Ok(())
}
