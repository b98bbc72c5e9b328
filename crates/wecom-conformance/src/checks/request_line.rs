//! The method, path and query reach the server unchanged.

use crate::checks::OK;
use crate::fixture::{BASE_PATH, Fixture, METHODS, QUERY};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::script::Script;

pub(crate) async fn arrives(probe: &Probe<'_>) -> CheckResult {
    let fixture = Fixture::new(probe, "replies with status 200", |_, _| Script::reply(200, OK))?;
    for endpoint in METHODS {
        let expected = format!("{} {BASE_PATH}/{}?{QUERY}", endpoint.method(), endpoint.path());
        let before = fixture.arrived();
        let outcome = fixture.send(fixture.request(endpoint)?).await?;
        let request = fixture.last_request().filter(|_| fixture.arrived() > before);
        let actual = match request {
            Some(request) => format!("{} {}", request.method, request.target),
            None if fixture.server().state().tls_handshakes > 0 => {
                format!("a TLS handshake to an http:// URL, and then {}", describe(&outcome))
            }
            None => format!("no request at the server, and then {}", describe(&outcome)),
        };
        if actual != expected {
            return Err(fixture.failed(&expected, endpoint, actual));
        }
    }
    Ok(())
}
