//! What the server remembers of a request.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use serde_json::Value;

use super::mask::{Mask, brief, names_a_secret};

/// A request as a [`FaultServer`](crate::FaultServer) read it from its socket.
///
/// Its `Debug` may be shown: what is secret by the vendor's name for it (`access_token`, `corpsecret`, …), be it in the query
/// or in a body of JSON, is `***` there wherever it stands; of headers it has the names alone, and of a body that is not JSON
/// the length.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceivedRequest {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) body: Bytes,
    pub(crate) connection: usize,
    query: Vec<(String, String)>,
}

impl ReceivedRequest {
    pub(crate) fn new(method: &str, target: &str, headers: Vec<(String, Bytes)>, connection: usize) -> Self {
        let (target, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = form_urlencoded::parse(query.as_bytes());
        let query = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Self { method: method.to_owned(), target: target.to_owned(), headers, body: Bytes::new(), connection, query }
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path as it was sent, without the query: `/cgi-bin/corpgroup/getresult`; of a `CONNECT`, the address that it names.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.target
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
        self.headers.iter().map(|(name, value)| (name.as_str(), &**value))
    }

    /// The first value of a header; the case of the name doesn't matter.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The body, out of its chunks; empty when there is none.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// On which connection it came, counted from 1.
    #[must_use]
    pub fn connection(&self) -> usize {
        self.connection
    }

    /// About how much memory it takes.
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        let query: usize = self.query.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.body.len() + headers + query + self.target.len()
    }
}

impl fmt::Debug for ReceivedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let secrets = self.query().filter(|(name, value)| names_a_secret(name) && !value.is_empty());
        let mask = Mask::new(secrets.map(|(_, value)| value.to_owned()));
        let shown = |(name, value): (&str, &str)| match names_a_secret(name) {
            true => format!("{}=***", mask.text(name)),
            false => format!("{}={}", mask.text(name), mask.text(value)),
        };
        let body = match serde_json::from_slice::<Value>(&self.body) {
            Ok(body) => brief(&mask.value(&body)),
            Err(_) => format!("{} bytes", self.body.len()),
        };
        f.debug_struct("ReceivedRequest")
            .field("method", &self.method)
            .field("path", &mask.text(&self.target))
            .field("query", &self.query().map(shown).collect::<Vec<_>>())
            .field("headers", &self.headers().map(|(name, _)| name).collect::<Vec<_>>())
            .field("body", &format_args!("{body}"))
            .field("connection", &self.connection)
            .finish()
    }
}

/// The last requests, as many as there is room for.
#[derive(Default)]
pub(crate) struct Requests {
    kept: VecDeque<ReceivedRequest>,
    bytes: usize,
    arrived: usize,
}

impl Requests {
    const MOST: usize = 1000;
    const MOST_BYTES: usize = 32 * 1024 * 1024;

    pub(crate) fn add(&mut self, request: ReceivedRequest) {
        self.arrived += 1;
        self.bytes += request.size();
        self.kept.push_back(request);
        while self.kept.len() > Self::MOST || self.bytes > Self::MOST_BYTES {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.size();
        }
    }

    /// How many there have been, whether they are kept or not.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived
    }

    pub(crate) fn all(&self) -> Vec<ReceivedRequest> {
        self.kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, body: &str) -> ReceivedRequest {
        let headers = vec![("Cookie".to_owned(), Bytes::from("canary-header"))];
        let request = ReceivedRequest::new("POST", target, headers, 1);
        ReceivedRequest { body: Bytes::from(body.to_owned()), ..request }
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

    #[test]
    fn the_oldest_are_forgotten_when_there_is_no_room() {
        let mut requests = Requests::default();
        for at in 0..Requests::MOST + 2 {
            requests.add(request(&format!("/{at}"), ""));
        }
        assert_eq!((requests.all().len(), requests.arrived()), (Requests::MOST, Requests::MOST + 2));
        assert_eq!(requests.all()[0].path(), "/2");
        let large = "x".repeat(3 * 1024 * 1024);
        for _ in 0..20 {
            requests.add(request("/large", &large));
        }
        assert_eq!(requests.all().len(), 10);
    }
}
