//! Redirects are returned, not followed.

use wecom_core::Endpoint;

use crate::checks::OK;
use crate::fixture::{Fixture, METHODS};
use crate::probe::{CheckResult, Probe, describe};
use crate::scripted_server::ScriptedServer;
use crate::scripted_server::reply;
use crate::scripted_server::script::Script;

/// All redirects, and statuses whose `location` is not a redirect.
const STATUSES: [u16; 8] = [200, 201, 300, 301, 302, 303, 307, 308];

pub(crate) async fn not_followed(probe: &Probe<'_>) -> CheckResult {
    let elsewhere = ScriptedServer::scripted(|_, _| Script::reply(200, OK))?;
    let address = elsewhere.address();
    for location in [format!("http://{address}/there"), format!("//{address}/there"), "/there".to_owned()] {
        let headers = STATUSES.map(|status| (status, format!("location: {location}")));
        // Browsers follow this one.
        let refresh = (200, format!("refresh: 0; url={location}"));
        for (status, header) in headers.into_iter().chain([refresh]) {
            for endpoint in METHODS {
                is_returned(probe, status, &header, &elsewhere, endpoint).await?;
            }
        }
    }
    Ok(())
}

async fn is_returned(
    probe: &Probe<'_>,
    status: u16,
    header: &str,
    elsewhere: &ScriptedServer,
    endpoint: &'static Endpoint,
) -> CheckResult {
    let headers = format!("{header}\r\n");
    let behavior = format!("replies with status {status} and {header}");
    let fixture = Fixture::new(probe, behavior, move |index, _| match index {
        0 => Script::bytes(reply::complete(status, &headers, b"moved")),
        _ => Script::reply(200, OK),
    })?
    .uncounted();
    let expected = format!("Ok with status {status}, and no request to the location");
    let outcome = fixture.send(fixture.request(endpoint)?).await?;
    let requests = elsewhere.state().requests.last().cloned().or_else(|| fixture.last_request());
    let followed = elsewhere.state().requests.arrived() + fixture.arrived().saturating_sub(1);
    if let Some(request) = requests.filter(|_| followed > 0) {
        let token = if request.target.contains("access_token") { "with" } else { "without" };
        let method = &request.method;
        let length = request.body.len();
        let actual = format!("a {method} to the location {token} the token and {length} bytes of body");
        return Err(fixture.failed(&expected, endpoint, format!("{}, after {actual}", describe(&outcome))));
    }
    match outcome {
        Ok(reply) if reply.status() == status => Ok(()),
        outcome => Err(fixture.failed(&expected, endpoint, describe(&outcome))),
    }
}
