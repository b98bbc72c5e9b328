//! Requests with secrets, and the check that no error shows one.

use std::error::Error;

use wecom_core::http::Query;
use wecom_core::{
    AccessToken, BaseUrl, Delivery, Endpoint, Request, Secret, Transport, TransportError, TransportErrorKind,
};
use wecom_hyper::HyperTransport;

const GET: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
const POST: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");

/// A part of each secret in the requests below, and of the replies of the servers.
pub(crate) const CANARY: &str = "canary";

/// A request with a secret in every place that can hold one.
pub(crate) fn post(base: BaseUrl) -> Request {
    let mut query = Query::new();
    query.push("id", "a b");
    query.push_secret("corpsecret", Secret::new("canary-secret"));
    Request::new(&POST)
        .with_base_url(base)
        .with_token(AccessToken::new("canary-token"))
        .with_query(query)
        .with_user_agent("tests/1")
        .with_header("x-key", "canary-header")
        .with_body(r#"{"a":"canary-body"}"#)
}

/// A request without a body.
pub(crate) fn get(base: BaseUrl) -> Request {
    Request::new(&GET).with_base_url(base).with_token(AccessToken::new("canary-token"))
}

/// A transport with the default settings.
pub(crate) fn transport() -> HyperTransport {
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    let builder = crate::tls::builder();
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    let builder = HyperTransport::builder();
    builder.build().unwrap()
}

/// Sends a request that has to fail, and asserts that the error shows no secret.
pub(crate) async fn failure(transport: &HyperTransport, request: Request) -> (TransportErrorKind, Delivery) {
    let error = transport.send(request).await.expect_err("the request fails");
    assert_no_secret(&error);
    (error.kind(), error.delivery())
}

/// The text of an error and of its sources.
pub(crate) fn text(error: &TransportError) -> String {
    let links = std::iter::successors(Some(error as &dyn Error), |&link| link.source());
    links.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Asserts that neither the error nor any of its sources shows a secret or a URL in any of its texts.
pub(crate) fn assert_no_secret(error: &TransportError) {
    let links = std::iter::successors(Some(error as &dyn Error), |&link| link.source());
    for text in links.flat_map(|link| [link.to_string(), format!("{link:?}"), format!("{link:#?}")]) {
        assert!(!text.contains(CANARY) && !text.contains("corpgroup") && !text.contains("://"), "{text}");
    }
}
