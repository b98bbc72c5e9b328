//! A request as the suite's server read it from its socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// One request, to the byte.
pub(crate) struct Received {
    /// The method, and behind a space the target: path and query as they were sent.
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    /// Every value that was sent for a header.
    pub(crate) fn header(&self, name: &str) -> Vec<&[u8]> {
        let named = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_slice()).collect()
    }
}

/// Reads one request to its end; `None` where the client closed the connection instead.
///
/// Nothing is read ahead from one request to the next: no client sends the second before it has the first's reply.
pub(crate) fn read_request(stream: &TcpStream) -> io::Result<Option<Received>> {
    let mut reader = BufReader::new(stream);
    let line = read_line(&mut reader)?;
    if line.is_empty() {
        return Ok(None);
    }
    let mut headers = Vec::new();
    loop {
        let line = read_line(&mut reader)?;
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { break };
        let (name, value) = line.split_at(colon);
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        headers.push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    let line = String::from_utf8_lossy(&line);
    let line = line.strip_suffix(" HTTP/1.1").unwrap_or(&line).to_owned();
    let mut received = Received { line, headers, body: Vec::new() };
    received.body = read_body(&received, &mut reader, stream)?;
    Ok(Some(received))
}

fn read_body(head: &Received, reader: &mut impl BufRead, mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    if !head.header("expect").is_empty() {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let mut body = Vec::new();
    if head.header("transfer-encoding").is_empty() {
        let length = head.header("content-length").first().map_or(Ok(0), |length| number(length, 10))?;
        reader.take(length).read_to_end(&mut body)?;
        return Ok(body);
    }
    loop {
        let size = number(&read_line(reader)?, 16)?;
        reader.take(size).read_to_end(&mut body)?;
        read_line(reader)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

/// A line without its end; empty at the end of the connection.
fn read_line(reader: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    line.truncate(line.trim_ascii_end().len());
    Ok(line)
}

fn number(digits: &[u8], radix: u32) -> io::Result<u64> {
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    u64::from_str_radix(digits, radix).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
