//! A call depends on no earlier call.

use std::time::Duration;

use wecom_core::Endpoint;

use crate::checks::OK;
use crate::checks::request_headers::FORBIDDEN;
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// Headers of a reply that HTTP libraries remember.
const REMEMBERED: &str = "set-cookie: session=1; path=/\r\n\
                          cache-control: public, max-age=3600\r\n\
                          etag: \"1\"\r\n\
                          last-modified: Mon, 01 Jan 2024 00:00:00 GMT\r\n\
                          strict-transport-security: max-age=3600; includeSubDomains\r\n\
                          alt-svc: h2=\":1\"; ma=3600\r\n";

const WHAT: &str = "cookies and headers for caches, HSTS and Alt-Svc";

/// The time limit of the later calls.
const LIMIT: Duration = Duration::from_secs(5);

pub(crate) async fn holds(probe: &Probe<'_>) -> CheckResult {
    for endpoint in METHODS {
        for (status, headers, what) in [
            (200, REMEMBERED.to_owned(), WHAT),
            (301, format!("{REMEMBERED}location: http://127.0.0.1:1/elsewhere\r\n"), WHAT),
            (404, REMEMBERED.to_owned(), WHAT),
            // RFC 9111 (4.2.2) lets a cache keep these replies without being asked to.
            (200, String::new(), "nothing for caches"),
            (404, String::new(), "nothing for caches"),
            (410, String::new(), "nothing for caches"),
        ] {
            let behavior = format!("replies with status {status} and {what}");
            let fixture = Fixture::new(probe, behavior, move |_, _| {
                Script::bytes(reply::complete(status, &headers, OK.as_bytes()))
            })?
            .uncounted();
            for _ in 0..3 {
                is_independent(&fixture, endpoint).await?;
            }
        }
    }
    Ok(())
}

async fn is_independent(fixture: &Fixture<'_>, endpoint: &'static Endpoint) -> CheckResult {
    let before = fixture.arrived();
    let outcome = fixture.send(fixture.request(endpoint)?.with_time_limit(LIMIT)).await?;
    if fixture.server().state().tls_handshakes > 0 {
        let actual = format!("a TLS handshake, and then {}", describe(&outcome));
        return Err(fixture.failed("a plain request, because HSTS does not apply to http", endpoint, actual));
    }
    let Some(request) = fixture.last_request().filter(|_| fixture.arrived() > before) else {
        let actual = format!("no request, and then {}", describe(&outcome));
        return Err(fixture.failed("a request, and not a cached reply or redirect", endpoint, actual));
    };
    for name in FORBIDDEN {
        if let Some(value) = request.header_values(name).next() {
            let actual = format!("{name}: {}", String::from_utf8_lossy(value));
            return Err(fixture.failed(&format!("no header {name} after an earlier call"), endpoint, actual));
        }
    }
    Ok(())
}
