//! Requests that the server has received.

use std::fmt;

use serde_json::Value;
use wecom_core::secret::{Redactor, names};

use crate::scripted_server::request::RawRequest;

/// A request that a [`FaultServer`](crate::FaultServer) has received.
///
/// Its `Debug` output is redacted. Values with a secret name of the vendor, such as `access_token` or `corpsecret`, in the
/// query or in a JSON body appear as `***`. Headers appear without their values, and a body that is not JSON appears as its
/// length.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    raw: RawRequest,
    query: Vec<(String, String)>,
}

/// Returns the path of a request target.
pub(crate) fn path_of(target: &str) -> &str {
    target.split_once('?').map_or(target, |(path, _)| path)
}

impl ReceivedRequest {
    pub(crate) fn new(raw: RawRequest) -> Self {
        let query = raw.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = form_urlencoded::parse(query.as_bytes());
        let query = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Self { raw, query }
    }

    /// Returns the HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.raw.method
    }

    /// Returns the path as sent, without the query, such as `/cgi-bin/corpgroup/getresult`. For `CONNECT`, returns the
    /// requested address.
    #[must_use]
    pub fn path(&self) -> &str {
        path_of(&self.raw.target)
    }

    /// Returns the decoded pairs of the query, in order.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the first decoded value with this name in the query.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// Returns the headers in order, with names as sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.raw.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// Returns the first value of a header. Names are case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.raw.header_values(name).next()
    }

    /// Returns the body, without chunk framing. It is empty when the request has none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.raw.body
    }

    /// Returns the number of its connection, from 1.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.raw.connection
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.query().filter(|(name, _)| names::is_secret(name)).map(|(_, value)| value);
        let redactor = Redactor::new(secrets);
        let shown = |(name, value): (&str, &str)| match names::is_secret(name) {
            true => format!("{}=***", redactor.text(name)),
            false => format!("{}={}", redactor.text(name), redactor.text(value)),
        };
        let body = match serde_json::from_slice::<Value>(self.body()) {
            Ok(body) => redactor.json_text(&body),
            Err(_) => format!("{} bytes", self.body().len()),
        };
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method())
            .field("path", &redactor.text(self.path()))
            .field("query", &self.query().map(shown).collect::<Vec<_>>())
            .field("headers", &self.headers().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{body}"))
            .field("connection", &self.connection())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, body: &str) -> ReceivedRequest {
        let head = format!("POST {target} HTTP/1.1\r\nCookie: canary-header");
        let raw = RawRequest::parse(head.as_bytes(), 1).unwrap();
        ReceivedRequest::new(RawRequest { body: body.to_owned().into(), ..raw })
    }

    #[test]
    fn debug_output_holds_no_secret_of_query_body_or_headers() {
        let target = "/cgi-bin/x?access_token=canary%2Dquery&echo=canary-query&chain_id=ch1";
        let shown = format!("{:?}", request(target, r#"{"session_key":"canary-key","a":"canary-query","b":"seen"}"#));
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("chain_id=ch1") && shown.contains("seen") && shown.contains("Cookie"), "{shown}");
        let shown = format!("{:?}", request("/cgi-bin/x", "canary, not JSON"));
        assert!(shown.contains("16 bytes") && !shown.contains("canary"), "{shown}");
    }

    #[test]
    fn the_query_is_decoded() {
        let request = request("/x?a=%E4%BC%81+%2B&b", "");
        assert_eq!(request.query().collect::<Vec<_>>(), [("a", "企 +"), ("b", "")]);
        assert_eq!((request.query_value("a"), request.query_value("c")), (Some("企 +"), None));
    }
}
