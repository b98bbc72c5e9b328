//! The body of a reply.

use std::io::{self, ErrorKind, Read};

use flate2::read::{GzDecoder, MultiGzDecoder};

use crate::bug::Bug;
use crate::transport::connection::{Connection, Limit};
use crate::transport::decode::{HEAD_LIMIT, Head};
use crate::transport::{Inner, REPLY_LIMIT};

impl Inner {
    pub(crate) fn read_body(&self, connection: &mut Connection, head: &Head) -> io::Result<Vec<u8>> {
        let is_empty = matches!(head.status, 204 | 304) || head.status < 200;
        if is_empty && !self.has(Bug::ReadsBodyOfNotModified) {
            return Ok(Vec::new());
        }
        let mut body = Vec::new();
        let length = self.length(head)?;
        let is_chunked = head.value("transfer-encoding").is_some_and(|value| value.contains("chunked"));
        if is_chunked && !(self.has(Bug::PrefersLengthToChunks) && length.is_some()) {
            self.read_chunks(connection, &mut body)?;
        } else if let Some(length) = length {
            if !self.is_unlimited(head) {
                self.check_size(length, Bug::AcceptsAnyDeclaredSize)?;
            }
            self.read_exact(connection, length, &mut body, Bug::AcceptsTruncatedBody)?;
        } else if !is_empty {
            self.read_to_end(connection, &mut body, self.is_unlimited(head))?;
        }
        if let Some(Bug::TruncatesReplies(most)) = self.bug {
            body.truncate(most);
        }
        Ok(body)
    }

    /// Returns the declared length of the body.
    fn length(&self, head: &Head) -> io::Result<Option<u64>> {
        let declared = head.values("content-length");
        let values: Vec<_> = declared.iter().flat_map(|value| value.split(',')).map(str::trim).collect();
        let value = match &values[..] {
            [] => return Ok(None),
            [first, ..] if self.has(Bug::TakesFirstLength) => first,
            [.., last] if self.has(Bug::TakesLastLength) => last,
            [first, others @ ..] if others.iter().all(|other| other == first) => first,
            _ => return Err(ErrorKind::InvalidData.into()),
        };
        let value = match value {
            value if self.has(Bug::AcceptsSignedLength) => value.trim_start_matches('+'),
            value if self.has(Bug::AcceptsLengthWithUnit) => value.split(' ').next().unwrap_or_default(),
            value if self.has(Bug::AcceptsNegativeLength) && value.starts_with('-') => "0",
            value => value,
        };
        number(value, 10).map(Some)
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
            let size = number(size, 16)?;
            if size == 0 {
                break;
            }
            self.check_size(body.len() as u64 + size, Bug::AcceptsAnyChunkedSize)?;
            self.read_exact(connection, size, body, Bug::AcceptsTruncatedChunks)?;
            self.end_chunk(connection)?;
        }
        self.skip_trailers(connection)
    }

    fn skip_trailers(&self, connection: &mut Connection) -> io::Result<()> {
        let mut size = 0;
        if self.has(Bug::ReadsTrailersWithoutLimit) {
            connection.limit = Limit::Never;
        }
        loop {
            let line = connection.line(HEAD_LIMIT)?.ok_or(ErrorKind::UnexpectedEof)?;
            size += line.len();
            if line.is_empty() {
                return Ok(());
            }
            if size > HEAD_LIMIT {
                return Err(ErrorKind::FileTooLarge.into());
            }
        }
    }

    /// Reads the line break after the data of a chunk.
    fn end_chunk(&self, connection: &mut Connection) -> io::Result<()> {
        let mut end = Vec::new();
        self.read_exact(connection, 2, &mut end, Bug::AcceptsTruncatedChunks)?;
        if end.len() == 2 && end != b"\r\n" && !self.has(Bug::IgnoresEndOfChunks) {
            return Err(ErrorKind::InvalidData.into());
        }
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

    /// Whether a bug sets no limit to the body of a reply with this head.
    fn is_unlimited(&self, head: &Head) -> bool {
        self.has(Bug::AcceptsAnySize) || self.has(Bug::AcceptsAnySizeOfErrors) && head.status >= 400
    }

    fn read_to_end(&self, connection: &mut Connection, body: &mut Vec<u8>, is_unlimited: bool) -> io::Result<()> {
        loop {
            body.append(&mut connection.buffer);
            if body.len() > REPLY_LIMIT && !is_unlimited {
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
        self.requests_gzip
            || self.has_any(&[
                Bug::DecodesTwice,
                Bug::DecodesFirstMember,
                Bug::LimitsEncodedSize,
                Bug::AcceptsTruncatedGzip,
                Bug::AcceptsWrongChecksum,
                Bug::SniffsGzip,
            ])
    }

    pub(crate) fn requests_gzip(&self) -> bool {
        self.decodes_gzip() || self.has(Bug::RequestsGzip)
    }

    pub(crate) fn decode(&self, mut body: Vec<u8>, head: &Head) -> io::Result<Vec<u8>> {
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
            _ if self.has(Bug::EndsReplyAtNul) => body.split(|&byte| byte == 0).next().unwrap_or_default().to_vec(),
            _ if self.has(Bug::ConvertsLineBreaksOfReplies) => match String::from_utf8(body) {
                Ok(text) => text.replace("\r\n", "\n").into_bytes(),
                Err(error) => error.into_bytes(),
            },
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
        let result = match self.has(Bug::DecodesFirstMember) {
            true => GzDecoder::new(body).take(most).read_to_end(&mut decoded),
            false => MultiGzDecoder::new(body).take(most).read_to_end(&mut decoded),
        };
        match result {
            Err(_) if self.has(Bug::AcceptsTruncatedGzip) => {}
            Err(error) if self.has(Bug::AcceptsWrongChecksum) && error.kind() == ErrorKind::InvalidInput => {}
            result => drop(result?),
        }
        if decoded.len() as u64 == most { Err(ErrorKind::FileTooLarge.into()) } else { Ok(decoded) }
    }
}

/// Parses a length, which consists of digits alone.
fn number(digits: &str, radix: u32) -> io::Result<u64> {
    match digits.chars().all(|digit| digit.is_digit(radix)) {
        true => u64::from_str_radix(digits, radix).map_err(|_| ErrorKind::InvalidData.into()),
        false => Err(ErrorKind::InvalidData.into()),
    }
}
