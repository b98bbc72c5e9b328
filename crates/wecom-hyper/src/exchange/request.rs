//! What hyper is given to send.

use bytes::Bytes;
use http::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use http_body_util::Full;
use thiserror::Error;
use wecom_core::{Delivery, Request, TransportError, TransportErrorKind};

/// What every request accepts, and what every body is.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The three of every request, and the `host` that hyper adds.
const USUAL_HEADERS: usize = 4;

/// The request in hyper's terms.
pub(crate) fn outgoing(request: &Request) -> Result<http::Request<Full<Bytes>>, TransportError> {
    convert(request)
        .map_err(|error| TransportError::new(TransportErrorKind::Unsupported, Delivery::NotSent).with_source(error))
}

fn convert(request: &Request) -> Result<http::Request<Full<Bytes>>, Unsendable> {
    let mut sent = http::Request::new(Full::new(request.body().cloned().unwrap_or_default()));
    *sent.method_mut() =
        http::Method::from_bytes(request.method().as_str().as_bytes()).map_err(|_| Unsendable::Method)?;
    *sent.uri_mut() = http::Uri::from_maybe_shared(Bytes::from(request.expose_url())).map_err(Unsendable::Url)?;
    put_headers(sent.headers_mut(), request)?;
    Ok(sent)
}

fn put_headers(headers: &mut HeaderMap, request: &Request) -> Result<(), Unsendable> {
    headers.reserve(USUAL_HEADERS);
    for (name, value) in request.headers() {
        let name = header_name(name)?;
        if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            return Err(Unsendable::Framing);
        }
        if value == JSON.as_bytes() {
            headers.append(name, JSON);
            continue;
        }
        let Ok(mut value) = HeaderValue::from_bytes(value) else { return Err(Unsendable::HeaderValue(name)) };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(())
}

/// The names that every request has are not looked up each time.
fn header_name(name: &str) -> Result<HeaderName, Unsendable> {
    match name {
        "accept" => Ok(ACCEPT),
        "content-type" => Ok(CONTENT_TYPE),
        "user-agent" => Ok(USER_AGENT),
        added => HeaderName::from_bytes(added.as_bytes()).map_err(|_| Unsendable::HeaderName),
    }
}

/// Why HTTP can't express a request. The texts tell the place, never what stood there.
#[derive(Debug, Error)]
enum Unsendable {
    #[error("its method is not one of HTTP")]
    Method,
    #[error("its URL is not usable: {0}")]
    Url(http::uri::InvalidUri),
    #[error("the name of a header that was added is not one of HTTP")]
    HeaderName,
    #[error("the value of the header {0} holds a line break or another control character")]
    HeaderValue(HeaderName),
    #[error("content-length and transfer-encoding can't be added: the transport sets what frames the body")]
    Framing,
}

#[cfg(test)]
mod tests {
    use wecom_core::{AccessToken, Endpoint};

    use super::*;

    const ENDPOINT: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");

    fn request() -> Request {
        Request::new(&ENDPOINT).with_token(AccessToken::new("canary")).with_body("{}")
    }

    fn refusal(request: &Request) -> String {
        let error = outgoing(request).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Unsupported, Delivery::NotSent));
        let text = format!("{error} {error:?} {error:#?}");
        assert!(!text.contains("canary"), "{text}");
        text
    }

    #[test]
    fn a_header_that_http_cannot_carry_is_refused_by_name() {
        let text = refusal(&request().with_header("x-key", "canary\r\nx-other: 1"));
        assert!(text.contains("x-key"), "{text}");
        refusal(&request().with_header("x key", "canary"));
    }

    #[test]
    fn a_header_that_frames_the_body_is_refused() {
        refusal(&request().with_header("Content-Length", "1"));
        refusal(&request().with_header("transfer-encoding", "chunked"));
    }

    #[test]
    fn a_url_beyond_what_http_takes_is_refused() {
        refusal(&request().with_token(AccessToken::new("canary".repeat(20_000))));
    }

    #[test]
    fn the_headers_values_are_kept_from_debug_output() {
        let sent = outgoing(&request().with_header("x-key", "canary")).unwrap();
        assert!(!format!("{:?}", sent.headers()).contains("canary"));
    }

    #[test]
    fn a_header_that_is_added_twice_is_sent_twice() {
        let sent = outgoing(&request().with_header("x-key", "1").with_header("X-Key", "2")).unwrap();
        assert_eq!(sent.headers().get_all("x-key").iter().count(), 2);
    }
}
