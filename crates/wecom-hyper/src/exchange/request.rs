//! The request that hyper sends.

use bytes::{Buf, Bytes};
use http::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING, USER_AGENT,
};
use http::uri::PathAndQuery;
use thiserror::Error;
use wecom_core::endpoint::Method;
use wecom_core::{BaseUrl, Delivery, Request, TransportError, TransportErrorKind};

use crate::connect::origin::Origin;
use crate::exchange::body::Whole;

/// The media type that every request accepts and every body has.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// `host`, `accept`, `user-agent` and `content-type`.
const USUAL_HEADERS: usize = 4;

/// Returns whether the base URL uses HTTPS, and its authority.
pub(crate) fn split(base: &BaseUrl) -> (bool, &str) {
    let after_scheme = base.as_str().split("://").nth(1).unwrap_or_default();
    (base.is_https(), after_scheme.split('/').next().unwrap_or_default())
}

/// Converts a request to this server. Its URI is the path and the query alone, as HTTP/1.1 sends it.
pub(crate) fn outgoing(request: &Request, origin: &Origin) -> Result<http::Request<Whole>, TransportError> {
    convert(request, origin)
        .map_err(|error| TransportError::new(TransportErrorKind::Unsupported, Delivery::NotSent).with_source(error))
}

/// A base URL whose authority is not one of HTTP's.
pub(crate) fn invalid_base_url() -> TransportError {
    TransportError::new(TransportErrorKind::Unsupported, Delivery::NotSent).with_source(Unsendable::BaseUrl)
}

fn convert(request: &Request, origin: &Origin) -> Result<http::Request<Whole>, Unsendable> {
    let mut sent = http::Request::new(Whole::new(request.body().cloned()));
    *sent.method_mut() = match request.method() {
        Method::Get => http::Method::GET,
        Method::Post => http::Method::POST,
        other => http::Method::from_bytes(other.as_str().as_bytes()).map_err(|_| Unsendable::Method)?,
    };
    let mut url = Bytes::from(request.expose_url());
    url.advance(origin.path_start().min(url.len()));
    *sent.uri_mut() = PathAndQuery::from_maybe_shared(url).map_err(Unsendable::Url)?.into();
    *sent.headers_mut() = headers(request, origin)?;
    Ok(sent)
}

/// The headers. Most requests have those of the first one, and copying a map is cheaper than filling one.
fn headers(request: &Request, origin: &Origin) -> Result<HeaderMap, Unsendable> {
    let usual = origin.usual_headers(request.body().is_some());
    if let Some(usual) = usual.get() {
        let expected = usual.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        // The last one is `host`.
        if request.headers().eq(expected.take(usual.len().saturating_sub(1))) {
            return Ok(usual.clone());
        }
    }
    let mut headers = HeaderMap::new();
    let has_host = put_headers(&mut headers, request)?;
    if !has_host {
        headers.append(HOST, origin.host().clone());
        let _ = usual.set(headers.clone());
    }
    Ok(headers)
}

/// Adds the headers of the request, and returns whether `host` is among them.
fn put_headers(headers: &mut HeaderMap, request: &Request) -> Result<bool, Unsendable> {
    headers.reserve(USUAL_HEADERS);
    let mut has_host = false;
    for (name, value) in request.headers() {
        let name = header_name(name)?;
        if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            return Err(Unsendable::Framing);
        }
        has_host |= name == HOST;
        if value == JSON.as_bytes() {
            headers.append(name, JSON);
            continue;
        }
        let Ok(mut value) = HeaderValue::from_bytes(value) else { return Err(Unsendable::HeaderValue(name)) };
        value.set_sensitive(true);
        headers.append(name, value);
    }
    Ok(has_host)
}

/// The usual names need no parsing.
fn header_name(name: &str) -> Result<HeaderName, Unsendable> {
    match name {
        "accept" => Ok(ACCEPT),
        "content-type" => Ok(CONTENT_TYPE),
        "user-agent" => Ok(USER_AGENT),
        added => HeaderName::from_bytes(added.as_bytes()).map_err(|_| Unsendable::HeaderName),
    }
}

/// The part of a request that HTTP can't express. The texts name the part and never repeat its value.
#[derive(Debug, Error)]
enum Unsendable {
    #[error("invalid HTTP method")]
    Method,
    #[error("invalid host in the base URL")]
    BaseUrl,
    #[error("invalid URL")]
    Url(#[source] http::uri::InvalidUri),
    #[error("invalid name of an added header")]
    HeaderName,
    #[error("invalid value of the header {0}: control characters are not allowed")]
    HeaderValue(HeaderName),
    #[error("content-length and transfer-encoding can't be added: the transport sets the framing of the body")]
    Framing,
}

#[cfg(test)]
mod tests {
    use wecom_core::{AccessToken, Endpoint};

    use super::*;

    const ENDPOINT: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");

    fn request() -> Request {
        let base = "https://a.example/cgi-bin/".parse().unwrap();
        Request::new(&ENDPOINT).with_base_url(base).with_token(AccessToken::new("canary")).with_body("{}")
    }

    fn origin(request: &Request) -> Origin {
        let (is_https, authority) = split(request.base_url());
        Origin::new(is_https, authority).unwrap()
    }

    fn sent(request: &Request) -> Result<http::Request<Whole>, TransportError> {
        outgoing(request, &origin(request))
    }

    fn refusal(request: &Request) -> String {
        let error = sent(request).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Unsupported, Delivery::NotSent));
        let text = format!("{error} {error:?} {error:#?}");
        assert!(!text.contains("canary"), "{text}");
        text
    }

    #[test]
    fn an_invalid_header_is_refused_by_name() {
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
    fn a_url_too_long_for_http_is_refused() {
        refusal(&request().with_token(AccessToken::new("canary".repeat(20_000))));
    }

    #[test]
    fn debug_output_shows_no_header_value() {
        let sent = sent(&request().with_header("x-key", "canary")).unwrap();
        assert!(!format!("{:?}", sent.headers()).contains("canary"));
    }

    #[test]
    fn a_header_added_twice_is_sent_twice() {
        let sent = sent(&request().with_header("x-key", "1").with_header("X-Key", "2")).unwrap();
        assert_eq!(sent.headers().get_all("x-key").iter().count(), 2);
    }

    #[test]
    fn the_uri_is_the_path_below_any_prefix_with_the_query() {
        for (base, expected) in [
            ("https://a.example", "/corpgroup/rule/list_ids?access_token=canary"),
            ("http://[::1]:80/b/cgi-bin", "/b/cgi-bin/corpgroup/rule/list_ids?access_token=canary"),
        ] {
            let sent = sent(&request().with_base_url(base.parse().unwrap())).unwrap();
            assert_eq!(sent.uri().to_string(), expected);
        }
    }

    #[test]
    fn an_added_host_header_replaces_the_servers() {
        let added = sent(&request().with_header("Host", "b.example")).unwrap();
        assert_eq!(added.headers().get_all("host").iter().collect::<Vec<_>>(), ["b.example"]);
        assert_eq!(sent(&request()).unwrap().headers()["host"], "a.example");
    }

    #[test]
    fn requests_after_the_first_have_their_own_headers() {
        let (first, other) = (request(), request().with_user_agent("other/1").with_header("x-key", "1"));
        let origin = origin(&first);
        let without_body = Request::new(&ENDPOINT).with_base_url(first.base_url().clone());
        for request in [&first, &other, &first, &without_body] {
            let sent = outgoing(request, &origin).unwrap();
            let names = |(name, value): (&str, &[u8])| (name.to_owned(), value.to_vec());
            let mut expected: Vec<_> = request.headers().map(names).collect();
            expected.push(("host".to_owned(), b"a.example".to_vec()));
            let found = sent.headers().iter().map(|(name, value)| names((name.as_str(), value.as_bytes())));
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn a_base_url_splits_into_scheme_authority_and_path() {
        for (base, expected) in [
            ("https://a.example:8443/b/", (true, "a.example:8443", "/b/")),
            ("http://[::1]:80", (false, "[::1]:80", "/")),
        ] {
            let base: BaseUrl = base.parse().unwrap();
            let (is_https, authority) = split(&base);
            let path = Origin::new(is_https, authority).unwrap().path_start();
            assert_eq!((is_https, authority, &base.as_str()[path..]), expected);
        }
    }
}
