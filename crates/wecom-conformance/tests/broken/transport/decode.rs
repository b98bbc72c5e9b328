//! The reply as it is read from a connection: its head, and what decides whether the connection is used again.

use std::io::{self, ErrorKind};
use std::sync::atomic::Ordering;

use wecom_core::Response;
use wecom_core::http::Headers;

use crate::bug::Bug;
use crate::transport::Inner;
use crate::transport::call::Call;
use crate::transport::connection::{Connection, Limit};
use crate::transport::encode::{Outgoing, collapsed};

/// The largest head of a reply, and the largest line.
pub(crate) const HEAD_LIMIT: usize = 256 * 1024;

/// A reply, and whether the connection can be used again.
pub(crate) struct Received {
    pub(crate) reply: Response,
    pub(crate) keeps_alive: bool,
}

/// The head of a reply.
pub(crate) struct Head {
    is_http_1_0: bool,
    pub(crate) status: u16,
    headers: Headers,
}

impl Head {
    /// Returns all values of a header.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| String::from_utf8_lossy(value).to_ascii_lowercase()).collect()
    }

    /// Returns the first value of a header.
    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value).to_ascii_lowercase())
    }
}

impl Inner {
    pub(crate) fn read_reply(
        &self,
        connection: &mut Connection,
        outgoing: &Outgoing,
        call: &Call,
    ) -> io::Result<Received> {
        if self.has(Bug::AcceptsAnythingAsBody) && !starts_like_http(connection)? {
            return self.read_anything(connection);
        }
        let head = self.read_final_head(connection, outgoing)?;
        call.has_head.store(true, Ordering::SeqCst);
        if self.has(Bug::LimitsHeadOnly) || self.has(Bug::LimitsHeadOfErrorsOnly) && head.status >= 400 {
            connection.limit = Limit::Never;
        }
        let has_length = head.value("content-length").is_some() || head.value("transfer-encoding").is_some();
        let body = self.read_body(connection, &head)?;
        let body = self.decode(body, &head)?;
        let keeps_alive = (has_length || matches!(head.status, 204 | 304))
            && !self.must_close(&head)
            && (!head.is_http_1_0 || self.has(Bug::ReusesHttp10));
        Ok(Received { reply: Response::new(head.status, body).with_headers(head.headers), keeps_alive })
    }

    /// Whether the server reads no other request from the connection.
    fn must_close(&self, head: &Head) -> bool {
        let values = head.values("connection");
        let values = if self.has(Bug::IgnoresCloseInSecondHeader) { &values[..values.len().min(1)] } else { &values };
        let is_close = |value: &String| match self.has(Bug::IgnoresCloseInList) {
            true => value == "close",
            false => value.split(',').any(|option| option.trim() == "close"),
        };
        let is_ignored = match self.bug {
            Some(Bug::IgnoresConnectionClose) => true,
            Some(Bug::IgnoresCloseOfErrors) => head.status >= 400,
            Some(Bug::IgnoresCloseOfNoContent) => head.status == 204,
            _ => false,
        };
        values.iter().any(is_close) && !is_ignored
    }

    fn read_anything(&self, connection: &mut Connection) -> io::Result<Received> {
        while connection.fill()? > 0 {}
        let reply = Response::new(200, std::mem::take(&mut connection.buffer));
        Ok(Received { reply, keeps_alive: false })
    }

    fn read_final_head(&self, connection: &mut Connection, outgoing: &Outgoing) -> io::Result<Head> {
        loop {
            let head = self.read_head(connection)?;
            if head.status == 100 && self.has(Bug::SendsBodyAgainAfterContinue) {
                let body = outgoing.body.as_deref().unwrap_or_default();
                connection.write(body, connection.limit).map_err(|(_, error)| error)?;
            }
            if head.status < 200 && self.has(Bug::EndsLimitAtInterimReply) {
                connection.limit = Limit::Never;
            }
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
            if self.has(Bug::SkipsFoldedLines) && line.starts_with(b" ") {
                continue;
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
                || self.has(Bug::DropsEmptyHeaders) && value.is_empty()
                || self.has(Bug::DropsLongHeaders) && value.len() > 1024
                || matches!(self.bug, Some(Bug::KeepsReplyHeaders(most)) if names.len() > most && name != "content-length");
            if is_dropped {
                continue;
            }
            match self.bug {
                Some(Bug::ReadsHeadersAsLatin1) => {
                    returned.push(name, value.iter().copied().map(char::from).collect::<String>());
                }
                Some(Bug::LowercasesReplyHeaderValues) => returned.push(name, value.to_ascii_lowercase()),
                Some(Bug::CollapsesSpacesInReplyHeaders) => returned.push(name, collapsed(value)),
                _ => returned.push(name, value),
            }
        }
        returned
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
