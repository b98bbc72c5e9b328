//! Conversions from and to the types of the `http` crate, version 1.

use ::http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use bytes::Bytes;
use thiserror::Error;

use crate::http::headers::Headers;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport_error::{Delivery, TransportError, TransportErrorKind};

/// Converts a request, URL, headers and body. The values of the headers are marked as sensitive.
///
/// The result does not carry the [time limit](Request::time_limit): a transport has to apply it.
///
/// **The URL contains the access token**, and `http::Request` prints it in its `Debug`.
///
/// ```
/// use bytes::Bytes;
/// use wecom_core::{AccessToken, Endpoint, Request};
///
/// const GET_CHAIN_LIST: Endpoint =
///     Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
///
/// let request = Request::new(&GET_CHAIN_LIST).with_token(AccessToken::new("the-token"));
/// let converted: http::Request<Bytes> = request.try_into()?;
/// assert_eq!(converted.uri().query(), Some("access_token=the-token"));
/// # Ok::<(), wecom_core::TransportError>(())
/// ```
impl TryFrom<Request> for ::http::Request<Bytes> {
    /// [`Unsupported`](TransportErrorKind::Unsupported), not sent.
    type Error = TransportError;

    fn try_from(request: Request) -> Result<Self, TransportError> {
        Self::try_from(&request)
    }
}

/// As the conversion of a [`Request`] by value.
impl TryFrom<&Request> for ::http::Request<Bytes> {
    /// [`Unsupported`](TransportErrorKind::Unsupported), not sent.
    type Error = TransportError;

    fn try_from(request: &Request) -> Result<Self, TransportError> {
        convert(request)
            .map_err(|error| TransportError::new(TransportErrorKind::Unsupported, Delivery::NotSent).with_source(error))
    }
}

fn convert(request: &Request) -> Result<::http::Request<Bytes>, Inexpressible> {
    let mut converted = ::http::Request::new(request.body().cloned().unwrap_or_default());
    *converted.method_mut() =
        ::http::Method::from_bytes(request.method().as_str().as_bytes()).map_err(|_| Inexpressible::Method)?;
    *converted.uri_mut() =
        ::http::Uri::from_maybe_shared(Bytes::from(request.expose_url())).map_err(Inexpressible::Url)?;
    for (name, value) in request.headers() {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| Inexpressible::HeaderName)?;
        if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
            return Err(Inexpressible::Framing);
        }
        let Ok(mut value) = HeaderValue::from_bytes(value) else { return Err(Inexpressible::HeaderValue(name)) };
        value.set_sensitive(true);
        converted.headers_mut().append(name, value);
    }
    Ok(converted)
}

/// The part of a request that HTTP can't express. The texts name the part and never repeat its value.
#[derive(Debug, Error)]
enum Inexpressible {
    #[error("invalid HTTP method")]
    Method,
    #[error("invalid URL")]
    Url(#[source] ::http::uri::InvalidUri),
    #[error("invalid name of an added header")]
    HeaderName,
    #[error("invalid value of the header {0}: control characters are not allowed")]
    HeaderValue(HeaderName),
    #[error("content-length and transfer-encoding can't be added: the HTTP library sets the framing of the body")]
    Framing,
}

/// Converts a response, status, headers and body.
impl From<::http::Response<Bytes>> for Response {
    fn from(response: ::http::Response<Bytes>) -> Self {
        let (head, body) = response.into_parts();
        Self::new(head.status.as_u16(), body).with_headers(Headers::from(&head.headers))
    }
}

/// Copies all headers in order.
impl From<&HeaderMap> for Headers {
    fn from(headers: &HeaderMap) -> Self {
        let mut copied = Self::with_capacity(headers.len());
        for (name, value) in headers {
            copied.push(name.as_str(), value.as_bytes());
        }
        copied
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::descriptor::Endpoint;
    use crate::secret::AccessToken;

    const ENDPOINT: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");

    fn request() -> Request {
        Request::new(&ENDPOINT).with_token(AccessToken::new("canary")).with_user_agent("tests/1").with_body("{}")
    }

    #[test]
    fn a_request_keeps_its_method_url_headers_and_body() {
        let request = request().with_header("x-key", "1").with_header("X-Key", "2");
        let converted = ::http::Request::<Bytes>::try_from(&request).unwrap();
        assert_eq!((converted.method().as_str(), converted.body().as_ref()), ("POST", &b"{}"[..]));
        assert_eq!(converted.uri().to_string(), request.expose_url());
        assert_eq!(converted.headers().get_all("x-key").iter().collect::<Vec<_>>(), ["1", "2"]);
        for (name, value) in [("accept", "application/json"), ("user-agent", "tests/1")] {
            assert_eq!(converted.headers()[name], value);
        }
        assert!(converted.headers().values().all(HeaderValue::is_sensitive));
    }

    #[test]
    fn a_request_that_http_cannot_express_is_unsupported_and_its_error_shows_no_value() {
        for request in [
            request().with_header("x-key", "canary\r\nx-other: 1"),
            request().with_header("x key", "canary"),
            request().with_header("Content-Length", "1"),
            request().with_header("transfer-encoding", "chunked"),
            request().with_token(AccessToken::new("canary".repeat(20_000))),
        ] {
            let error = ::http::Request::<Bytes>::try_from(request).unwrap_err();
            assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Unsupported, Delivery::NotSent));
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn a_response_keeps_its_status_headers_and_body() {
        let response = ::http::Response::builder().status(404).header("set-cookie", "a").header("set-cookie", "b");
        let converted = Response::from(response.body(Bytes::from_static(b"{}")).unwrap());
        assert_eq!((converted.status(), &converted.body()[..]), (404, &b"{}"[..]));
        let headers: Vec<_> = converted.headers().iter().collect();
        assert_eq!(headers, [("set-cookie", &b"a"[..]), ("set-cookie", &b"b"[..])]);
    }
}
