//! The method, path and query reach the server unchanged.

use wecom_core::{AccessToken, Endpoint, Request};

use crate::checks::OK;
use crate::fixture::{BASE_PATH, Fixture, METHODS, QUERY};
use crate::probe::{CANARY_TOKEN, CheckResult, Probe, describe, difference};
use crate::report::Verdict;
use crate::scripted_server::script::Script;

/// The length of a token that every transport must send. Those of the service have up to 512 bytes.
const LONG: usize = 4 * 1024;

/// The length of a token that a transport may refuse to send. It must not send a part.
const TOO_LONG: usize = 12 * 1024;

pub(crate) async fn arrives(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    for endpoint in METHODS {
        let request = fixture.request(endpoint)?;
        let expected = format!("{} {BASE_PATH}/{}?{QUERY}", endpoint.method(), endpoint.path());
        let actual = request_line(&fixture, request).await?;
        if actual != expected {
            return Err(fixture.failed(&expected, endpoint, actual));
        }
        for length in [LONG, TOO_LONG] {
            long_arrives(&fixture, endpoint, length).await?;
        }
    }
    Ok(())
}

/// Makes a call. Returns the method and target that arrived, or what happened instead.
async fn request_line(fixture: &Fixture<'_>, request: Request) -> Result<String, Verdict> {
    let before = fixture.arrived();
    let outcome = fixture.send(request).await?;
    let request = fixture.last_request().filter(|_| fixture.arrived() > before);
    Ok(match request {
        Some(request) => format!("{} {}", request.method, request.target),
        None if fixture.server().state().tls_handshakes > 0 => {
            format!("a TLS handshake to an http:// URL, and then {}", describe(&outcome))
        }
        None => format!("no request at the server, and then {}", describe(&outcome)),
    })
}

async fn long_arrives(fixture: &Fixture<'_>, endpoint: &'static Endpoint, length: usize) -> CheckResult {
    let before = fixture.arrived();
    let token = "0123456789abcdef".repeat(length / 16);
    let query = QUERY.replace(CANARY_TOKEN, &token);
    let request = fixture.request(endpoint)?.with_token(AccessToken::new(token));
    let expected = format!("{} {BASE_PATH}/{}?{query}", endpoint.method(), endpoint.path());
    let actual = request_line(fixture, request).await?;
    let is_refused = length == TOO_LONG && fixture.arrived() == before;
    if actual != expected && !is_refused {
        let what = format!("a token of {length} bytes, {} bytes in all", expected.len());
        return Err(fixture.failed(&what, endpoint, difference(expected.as_bytes(), actual.as_bytes())));
    }
    Ok(())
}
