//! Requests as read from a socket, and the parser of their heads.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};

use bytes::Bytes;

/// The largest body that is accepted.
pub(crate) const MAX_BODY: usize = 32 * 1024 * 1024;

/// A request as received: nothing in it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawRequest {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Bytes)>,
    pub(crate) body: Bytes,
    /// The number of the connection, from 1.
    pub(crate) connection: usize,
}

/// How a body is delimited.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(usize),
    Chunked,
}

impl RawRequest {
    /// Parses a head without its final empty line. Returns `None` when the request line is malformed.
    pub(crate) fn parse(head: &[u8], connection: usize) -> Option<Self> {
        let mut lines = head.split(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = String::from_utf8_lossy(lines.next()?).into_owned();
        let (method, target) = first.split_once(' ')?;
        let target =
            ["HTTP/1.1", "HTTP/1.0"].iter().find_map(|version| target.strip_suffix(version)?.strip_suffix(' '));
        let headers = lines.filter_map(|line| {
            let colon = line.iter().position(|&byte| byte == b':')?;
            let (name, value) = (line.get(..colon)?, line.get(colon + 1..)?);
            Some((String::from_utf8_lossy(name).into_owned(), Bytes::copy_from_slice(value.trim_ascii())))
        });
        Some(Self {
            method: method.to_owned(),
            target: target?.to_owned(),
            headers: headers.collect(),
            body: Bytes::new(),
            connection,
        })
    }

    /// Returns every value of a header, in order. Names are case-insensitive.
    pub(crate) fn header_values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.headers.iter().filter(move |(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| &**value)
    }

    pub(crate) fn framing(&self) -> io::Result<Framing> {
        if self.header_values("transfer-encoding").next().is_some() {
            return Ok(Framing::Chunked);
        }
        self.header_values("content-length").next().map_or(Ok(0), |digits| length(digits, 10)).map(Framing::Length)
    }

    /// Whether the client waits for `100 Continue` before it sends the body.
    pub(crate) fn expects_continue(&self) -> bool {
        self.header_values("expect").next().is_some()
    }

    /// Whether the client asks to close the connection after the reply.
    pub(crate) fn wants_close(&self) -> bool {
        self.header_values("connection").any(|value| value.eq_ignore_ascii_case(b"close"))
    }

    /// Returns its approximate size in memory, in bytes.
    fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        self.body.len() + headers + self.target.len()
    }
}

/// Parses the length of a body or chunk. Fails when it is malformed or over [`MAX_BODY`].
pub(crate) fn length(digits: &[u8], radix: u32) -> io::Result<usize> {
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    // Extensions may follow the length of a chunk.
    let digits = digits.split(';').next().unwrap_or_default().trim();
    let length = usize::from_str_radix(digits, radix).map_err(|_| ErrorKind::InvalidData)?;
    if length > MAX_BODY { Err(ErrorKind::FileTooLarge.into()) } else { Ok(length) }
}

/// The most recent requests, within bounds of number and size.
#[derive(Default)]
pub(crate) struct Requests {
    kept: VecDeque<RawRequest>,
    bytes: usize,
    arrived: usize,
}

impl Requests {
    const MAX: usize = 1000;
    const MAX_BYTES: usize = 32 * 1024 * 1024;

    pub(crate) fn add(&mut self, request: RawRequest) {
        self.arrived += 1;
        self.bytes += request.size();
        self.kept.push_back(request);
        while self.kept.len() > Self::MAX || self.bytes > Self::MAX_BYTES {
            let Some(oldest) = self.kept.pop_front() else { return };
            self.bytes -= oldest.size();
        }
    }

    /// Returns how many requests have arrived, including those no longer kept.
    pub(crate) fn arrived(&self) -> usize {
        self.arrived
    }

    pub(crate) fn last(&self) -> Option<&RawRequest> {
        self.kept.back()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RawRequest> {
        self.kept.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, body: &str) -> RawRequest {
        let request = RawRequest::parse(format!("POST {target} HTTP/1.1").as_bytes(), 1).unwrap();
        RawRequest { body: Bytes::from(body.to_owned()), ..request }
    }

    #[test]
    fn a_head_is_parsed_without_decoding() {
        let head = b"GET /cgi-bin/x?a=b%20c HTTP/1.1\r\nHost: x\r\nX-Bytes:  \xfe: \xff \r\nx-bytes: 2\r\nno header";
        let request = RawRequest::parse(head, 7).unwrap();
        assert_eq!((&*request.method, &*request.target, request.connection), ("GET", "/cgi-bin/x?a=b%20c", 7));
        assert_eq!(request.header_values("x-bytes").collect::<Vec<_>>(), [&b"\xfe: \xff"[..], b"2"]);
        assert_eq!(request.headers.len(), 3);
    }

    #[test]
    fn a_head_without_target_or_version_is_rejected() {
        for head in ["", "GET", "GET /", "GET / HTTP/2.0", "GET /HTTP/1.1"] {
            assert_eq!(RawRequest::parse(head.as_bytes(), 1), None, "{head}");
        }
    }

    #[test]
    fn a_body_is_delimited_by_its_length_or_by_chunks() {
        let longest = format!("content-length: {MAX_BODY}");
        let too_long = format!("content-length: {}", MAX_BODY + 1);
        for (header, framing) in [
            ("", Some(Framing::Length(0))),
            ("content-length: 12", Some(Framing::Length(12))),
            ("transfer-encoding: chunked", Some(Framing::Chunked)),
            ("content-length: 12\r\ntransfer-encoding: chunked", Some(Framing::Chunked)),
            (&*longest, Some(Framing::Length(MAX_BODY))),
            (&*too_long, None),
            ("content-length: twelve", None),
            ("content-length: ", None),
        ] {
            let head = format!("POST / HTTP/1.1\r\n{header}");
            assert_eq!(RawRequest::parse(head.as_bytes(), 1).unwrap().framing().ok(), framing, "{header}");
        }
    }

    #[test]
    fn the_oldest_requests_are_dropped_over_the_bounds() {
        let mut requests = Requests::default();
        for at in 0..Requests::MAX + 2 {
            requests.add(request(&format!("/{at}"), ""));
        }
        assert_eq!((requests.iter().count(), requests.arrived()), (Requests::MAX, Requests::MAX + 2));
        assert_eq!(requests.iter().next().unwrap().target, "/2");
        let large = "x".repeat(3 * 1024 * 1024);
        for _ in 0..20 {
            requests.add(request("/large", &large));
        }
        assert_eq!(requests.iter().count(), 10);
    }
}
