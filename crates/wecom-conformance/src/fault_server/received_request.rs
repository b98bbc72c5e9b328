//! What the server remembers of a request.

use std::fmt;

use serde_json::Value;
use wecom_core::secret::{Redactor, names};

use crate::scripted_server::request::RawRequest;

/// A request as a [`FaultServer`](crate::FaultServer) read it from its socket.
///
/// Its `Debug` may be shown: what is secret by the vendor's name for it (`access_token`, `corpsecret`, …), be it in the query
/// or in a body of JSON, is `***` there wherever it stands; of headers it has the names alone, and of a body that is not JSON
/// the length.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    raw: RawRequest,
    query: Vec<(String, String)>,
}

/// The path of a target.
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

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.raw.method
    }

    /// The path as it was sent, without the query: `/cgi-bin/corpgroup/getresult`; of a `CONNECT`, the address that it names.
    #[must_use]
    pub fn path(&self) -> &str {
        path_of(&self.raw.target)
    }

    /// The pairs of the query, decoded, in order.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of that name in the query, decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        self.query().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The headers in order, names as they were sent.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.raw.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// The first value of a header; the case of the name doesn't matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.raw.header_values(name).next()
    }

    /// The body, out of its chunks; empty when there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.raw.body
    }

    /// On which connection it came, counted from 1.
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
    fn what_is_shown_holds_no_secret_wherever_it_stands() {
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
