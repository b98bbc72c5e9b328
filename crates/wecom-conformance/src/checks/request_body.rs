//! The body of the request reaches the server unchanged.

use std::io;
use std::net::TcpStream;

use wecom_core::Request;

use crate::checks::OK;
use crate::fixture::{Fixture, GET, POST};
use crate::probe::{CheckResult, Probe, difference};
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;
use crate::scripted_server::script::Script;

/// Larger than any body of the API. An import of 10,000 contacts has about 1 MiB.
const LARGE: usize = 3 * 1024 * 1024;

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
    let every_byte: Vec<u8> = (0..=255).collect();
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    let post = |body: Vec<u8>| fixture.request(&POST).map(|request| request.with_body(body));
    same_body(&fixture, "a GET without a body", fixture.request(&GET)?).await?;
    same_body(&fixture, "JSON with unusual spacing and numbers", fixture.request(&POST)?).await?;
    same_body(&fixture, "an empty body", post(Vec::new())?).await?;
    for size in [1, 100 * 1024, 400 * 1024, LARGE] {
        let body = every_byte.iter().copied().cycle().take(size).collect();
        same_body(&fixture, &format!("a body of {size} bytes of all values"), post(body)?).await?;
    }
    let fixture = Fixture::with_service(probe, "ignores expect: 100-continue", IgnoresExpect)?;
    let body: Vec<u8> = every_byte.iter().copied().cycle().take(LARGE).collect();
    same_body(&fixture, "a large body", fixture.request(&POST)?.with_body(body)).await
}

async fn same_body(fixture: &Fixture<'_>, what: &str, request: Request) -> CheckResult {
    let sent = request.body().cloned().unwrap_or_default();
    let endpoint = request.endpoint();
    fixture.reply(request, &format!("Ok with status 200 to {what}")).await?;
    let received = fixture.last_request().map(|request| request.body).unwrap_or_default();
    if received != sent {
        let expected = format!("{what}, {} bytes", sent.len());
        return Err(fixture.failed(&expected, endpoint, difference(&sent, &received)));
    }
    Ok(())
}
