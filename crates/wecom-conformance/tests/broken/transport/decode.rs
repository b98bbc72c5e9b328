//! The reply as it is read from a connection.

use std::io::{self, ErrorKind, Read};
use std::sync::atomic::Ordering;

use flate2::read::GzDecoder;
use wecom_core::Response;
use wecom_core::http::Headers;

use crate::bug::Bug;
use crate::transport::call::Call;
use crate::transport::connection::{Connection, Limit};
use crate::transport::{Inner, REPLY_LIMIT};

/// The largest head of a reply, and the largest line.
const HEAD_LIMIT: usize = 256 * 1024;

/// A reply, and whether the connection can be used again.
pub(crate) struct Received {
    pub(crate) reply: Response,
    pub(crate) keeps_alive: bool,
}

/// The head of a reply.
struct Head {
    is_http_1_0: bool,
    status: u16,
    headers: Headers,
}

impl Head {
    fn value(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value).to_ascii_lowercase())
    }
}

impl Inner {
    pub(crate) fn read_reply(&self, connection: &mut Connection, call: &Call) -> io::Result<Received> {
        if self.has(Bug::AcceptsAnythingAsBody) && !starts_like_http(connection)? {
            return self.read_anything(connection);
        }
        let head = self.read_final_head(connection)?;
        call.has_head.store(true, Ordering::SeqCst);
        if self.has(Bug::LimitsHeadOnly) {
            connection.limit = Limit::Never;
        }
        let has_length = head.value("content-length").is_some() || head.value("transfer-encoding").is_some();
        let body = self.read_body(connection, &head)?;
        let body = self.decode(body, &head)?;
        let asks_to_close = head.value("connection").is_some_and(|value| value == "close");
        let keeps_alive = (has_length || matches!(head.status, 204 | 304))
            && (!asks_to_close || self.has(Bug::IgnoresConnectionClose))
            && (!head.is_http_1_0 || self.has(Bug::ReusesHttp10));
        Ok(Received { reply: Response::new(head.status, body).with_headers(head.headers), keeps_alive })
    }

    fn read_anything(&self, connection: &mut Connection) -> io::Result<Received> {
        while connection.fill()? > 0 {}
        let reply = Response::new(200, std::mem::take(&mut connection.buffer));
        Ok(Received { reply, keeps_alive: false })
    }

    fn read_final_head(&self, connection: &mut Connection) -> io::Result<Head> {
        loop {
            let head = self.read_head(connection)?;
            if head.status >= 200 || self.has(Bug::ReturnsInterimReplies) {
                return Ok(head);
            }
        }
    }

    fn read_head(&self, connection: &mut Connection) -> io::Result<Head> {
        if self.has(Bug::ReadsHeadAtOnce) && connection.buffer.is_empty() {
            connection.fill()?;
            if !connection.buffer.windows(4).any(|window| window == b"\r\n\r\n") {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        let most = if self.has(Bug::AcceptsAnyHead) { usize::MAX } else { HEAD_LIMIT };
        let line = connection.line(most)?.ok_or(ErrorKind::NotConnected)?;
        let (is_http_1_0, status) = self.status_line(&line).ok_or(ErrorKind::InvalidData)?;
        let mut headers = Headers::new();
        let mut size = 0;
        loop {
            let line = connection.line(most)?.ok_or(ErrorKind::UnexpectedEof)?;
            if line.is_empty() {
                return Ok(Head { is_http_1_0, status, headers: self.returned(headers) });
            }
            size += line.len();
            if size > most {
                return Err(ErrorKind::FileTooLarge.into());
            }
            let colon = line.iter().position(|&byte| byte == b':').ok_or(ErrorKind::InvalidData)?;
            let (name, value) = (String::from_utf8_lossy(&line[..colon]), line[colon + 1..].trim_ascii());
            if self.has(Bug::RejectsNonAsciiHeaders) && !value.is_ascii() {
                return Err(ErrorKind::InvalidData.into());
            }
            headers.push(&name, value);
        }
    }

    fn status_line(&self, line: &[u8]) -> Option<(bool, u16)> {
        let line = String::from_utf8_lossy(line);
        let is_http_1_0 = line.starts_with("HTTP/1.0 ");
        if is_http_1_0 && self.has(Bug::RejectsHttp10) {
            return None;
        }
        let rest = line.strip_prefix("HTTP/1.")?.get(2..)?;
        if self.has(Bug::RequiresReasonPhrase) && rest.len() < 5 {
            return None;
        }
        Some((is_http_1_0, rest.get(..3)?.parse().ok()?))
    }

    /// Returns the headers that the caller receives.
    fn returned(&self, headers: Headers) -> Headers {
        let mut returned = Headers::new();
        let mut names: Vec<String> = Vec::new();
        let count = |name: &str| headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count();
        for (name, value) in headers.iter() {
            names.push(name.to_ascii_lowercase());
            let seen = names.iter().filter(|other| other.eq_ignore_ascii_case(name)).count();
            let is_dropped = self.has(Bug::DropsSecondCookie) && name.eq_ignore_ascii_case("set-cookie") && seen > 1
                || self.has(Bug::KeepsLastOfRepeatedHeaders) && seen < count(name)
                || self.has(Bug::DropsEmptyHeaders) && value.is_empty();
            if is_dropped {
                continue;
            }
            if self.has(Bug::ReadsHeadersAsLatin1) {
                returned.push(name, value.iter().copied().map(char::from).collect::<String>());
            } else {
                returned.push(name, value);
            }
        }
        returned
    }

    fn read_body(&self, connection: &mut Connection, head: &Head) -> io::Result<Vec<u8>> {
        let is_empty = matches!(head.status, 204 | 304) || head.status < 200;
        if is_empty && !self.has(Bug::ReadsBodyOfNotModified) {
            return Ok(Vec::new());
        }
        let mut body = Vec::new();
        if head.value("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
            self.read_chunks(connection, &mut body)?;
        } else if let Some(length) = head.value("content-length") {
            let length: u64 = length.parse().map_err(|_| ErrorKind::InvalidData)?;
            self.check_size(length, Bug::AcceptsAnyDeclaredSize)?;
            self.read_exact(connection, length, &mut body, Bug::AcceptsTruncatedBody)?;
        } else if !is_empty {
            self.read_to_end(connection, &mut body)?;
        }
        if self.has(Bug::TruncatesLargeReplies) {
            body.truncate(64 * 1024);
        }
        Ok(body)
    }

    fn read_chunks(&self, connection: &mut Connection, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let Some(line) = connection.line(HEAD_LIMIT)? else {
                return if self.has(Bug::AcceptsTruncatedChunks) {
                    Ok(())
                } else {
                    Err(ErrorKind::UnexpectedEof.into())
                };
            };
            let line = String::from_utf8_lossy(&line).into_owned();
            if self.has(Bug::RejectsChunkExtensions) && line.contains(';') {
                return Err(ErrorKind::InvalidData.into());
            }
            let size = line.split(';').next().unwrap_or_default().trim();
            let size = u64::from_str_radix(size, 16).map_err(|_| ErrorKind::InvalidData)?;
            if size == 0 {
                break;
            }
            self.check_size(body.len() as u64 + size, Bug::AcceptsAnyChunkedSize)?;
            self.read_exact(connection, size, body, Bug::AcceptsTruncatedChunks)?;
            let _ = connection.line(HEAD_LIMIT)?;
        }
        // Skips the trailers.
        while connection.line(HEAD_LIMIT)?.ok_or(ErrorKind::UnexpectedEof)? != b"" {}
        Ok(())
    }

    fn check_size(&self, size: u64, bug: Bug) -> io::Result<()> {
        if size > REPLY_LIMIT as u64 && !self.has_any(&[bug, Bug::AcceptsAnySize]) {
            return Err(ErrorKind::FileTooLarge.into());
        }
        Ok(())
    }

    fn read_exact(&self, connection: &mut Connection, size: u64, body: &mut Vec<u8>, bug: Bug) -> io::Result<()> {
        let mut missing = size;
        loop {
            let count = missing.min(connection.buffer.len() as u64) as usize;
            body.extend(connection.buffer.drain(..count));
            missing -= count as u64;
            if missing == 0 {
                return Ok(());
            }
            if self.is_at_end(connection)? {
                return if self.has(bug) { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    fn read_to_end(&self, connection: &mut Connection, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            body.append(&mut connection.buffer);
            if body.len() > REPLY_LIMIT && !self.has(Bug::AcceptsAnySize) {
                return Err(ErrorKind::FileTooLarge.into());
            }
            if self.is_at_end(connection)? {
                return Ok(());
            }
        }
    }

    fn is_at_end(&self, connection: &mut Connection) -> io::Result<bool> {
        match connection.fill() {
            Err(error) if error.kind() == ErrorKind::ConnectionReset && self.has(Bug::TreatsResetAsEnd) => Ok(true),
            result => result.map(|count| count == 0),
        }
    }

    /// Whether the transport requests gzip and decodes it.
    fn decodes_gzip(&self) -> bool {
        self.has_any(&[Bug::DecodesTwice, Bug::LimitsEncodedSize, Bug::AcceptsTruncatedGzip, Bug::SniffsGzip])
    }

    pub(crate) fn requests_gzip(&self) -> bool {
        self.decodes_gzip() || self.has(Bug::RequestsGzip)
    }

    fn decode(&self, mut body: Vec<u8>, head: &Head) -> io::Result<Vec<u8>> {
        const GZIP: &[u8] = b"\x1f\x8b";
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let is_encoded = head.value("content-encoding").is_some_and(|value| value.contains("gzip"));
        if self.decodes_gzip() && (is_encoded || self.has(Bug::SniffsGzip) && body.starts_with(GZIP)) {
            body = self.gunzip(&body)?;
            if self.has(Bug::DecodesTwice) && body.starts_with(GZIP) {
                body = self.gunzip(&body)?;
            }
        }
        Ok(match body {
            _ if self.has(Bug::ReadsText) => String::from_utf8_lossy(&body).into_owned().into_bytes(),
            _ if self.has(Bug::StripsByteOrderMark) && body.starts_with(BYTE_ORDER_MARK) => body.split_off(3),
            _ if self.has(Bug::ConvertsCharset) && head.value("content-type").is_some_and(|it| it.contains("8859")) => {
                body.into_iter().map(char::from).collect::<String>().into_bytes()
            }
            _ => body,
        })
    }

    fn gunzip(&self, body: &[u8]) -> io::Result<Vec<u8>> {
        let most = if self.has(Bug::LimitsEncodedSize) { u64::MAX } else { REPLY_LIMIT as u64 + 1 };
        let mut decoded = Vec::new();
        match GzDecoder::new(body).take(most).read_to_end(&mut decoded) {
            Err(_) if self.has(Bug::AcceptsTruncatedGzip) => {}
            result => drop(result?),
        }
        if decoded.len() as u64 == most { Err(ErrorKind::FileTooLarge.into()) } else { Ok(decoded) }
    }
}

fn starts_like_http(connection: &mut Connection) -> io::Result<bool> {
    while connection.buffer.len() < 5 {
        if connection.fill()? == 0 {
            // Truncated: the regular parser reports the error.
            return Ok(true);
        }
    }
    Ok(connection.buffer.starts_with(b"HTTP/"))
}
