//! One connection: reading and writing that ends when the server does, and requests out of it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;

use super::accept::Shared;
use super::http2::PREFACE;
use super::request::ReceivedRequest;

/// How often a connection looks whether it has to end.
pub(crate) const TICK: Duration = Duration::from_millis(20);

const MOST_HEAD: usize = 64 * 1024;
const MOST_BODY: usize = 4 * 1024 * 1024;

/// A connection whose reads and writes take a tick at most, each.
pub(crate) struct Wire<'a, S> {
    pub(crate) stream: S,
    pub(crate) shared: &'a Shared,
    pub(crate) connection: usize,
    /// What was read and not looked at yet.
    buffer: Vec<u8>,
}

/// What comes next over a connection.
pub(crate) enum Incoming {
    Request(ReceivedRequest),
    /// The first words of HTTP/2; they are not taken.
    Http2,
    /// The client has closed the connection.
    End,
}

/// Makes reads and writes end after a tick.
pub(crate) fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(TICK))?;
    stream.set_write_timeout(Some(TICK))
}

impl<'a, S: Read + Write> Wire<'a, S> {
    pub(crate) fn new(stream: S, shared: &'a Shared, connection: usize) -> Self {
        Self { stream, shared, connection, buffer: Vec::new() }
    }

    /// Reads more; `false` where there is no more, because the client has ended the connection.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        loop {
            self.go_on()?;
            match self.stream.read(&mut piece) {
                Ok(read) => {
                    self.buffer.extend_from_slice(piece.get(..read).unwrap_or_default());
                    if read == 0 {
                        self.ended_by_client();
                    }
                    return Ok(read > 0);
                }
                Err(error) if is_tick(&error) => {}
                Err(error) => {
                    self.ended_by_client();
                    return Err(error);
                }
            }
        }
    }

    /// Writes all of it; an error where the client has ended the connection, or the server is to.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            self.go_on()?;
            let written = match bytes {
                [] => self.stream.flush().map(|()| 0),
                _ => self.stream.write(bytes),
            };
            match written {
                Ok(_) if bytes.is_empty() => return Ok(()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if is_tick(&error) => {}
                Err(error) => {
                    self.ended_by_client();
                    return Err(error);
                }
            }
        }
    }

    /// Reads and throws away, until the client ends the connection.
    pub(crate) fn hold(&mut self) -> io::Result<()> {
        loop {
            self.buffer.clear();
            if !self.fill()? {
                return Ok(());
            }
        }
    }

    /// Lets time pass.
    pub(crate) fn pause(&self, duration: Duration) -> io::Result<()> {
        if self.shared.pause(duration, self.connection) { Ok(()) } else { Err(ErrorKind::ConnectionAborted.into()) }
    }

    fn go_on(&self) -> io::Result<()> {
        if self.shared.is_over(self.connection) { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn ended_by_client(&self) {
        self.shared.change(|state| state.ended_by_client += 1);
    }

    /// The next so many bytes; `None` where the connection ends before.
    pub(crate) fn take(&mut self, count: usize) -> io::Result<Option<Bytes>> {
        while self.buffer.len() < count {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer.drain(..count).collect()))
    }

    /// What comes up to a mark, without it; `None` where the connection ends before.
    fn take_to(&mut self, mark: &[u8]) -> io::Result<Option<Bytes>> {
        loop {
            let found = self.buffer.windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                let taken = self.take(at + mark.len())?;
                return Ok(taken.map(|taken| taken.slice(..at)));
            }
            if self.buffer.len() > MOST_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads one request to its end.
    pub(crate) fn incoming(&mut self) -> io::Result<Incoming> {
        while self.buffer.is_empty() {
            if !self.fill()? {
                return Ok(Incoming::End);
            }
        }
        // A method begins with a letter; anything else would be waited on for the end of a head that never comes.
        if !self.buffer.first().is_some_and(u8::is_ascii_alphabetic) {
            return Err(ErrorKind::InvalidData.into());
        }
        while self.buffer.len() < PREFACE.len() && PREFACE.starts_with(&self.buffer) {
            if !self.fill()? {
                return Ok(Incoming::End);
            }
        }
        if self.buffer.starts_with(PREFACE) {
            return Ok(Incoming::Http2);
        }
        let Some(head) = self.take_to(b"\r\n\r\n")? else { return Ok(Incoming::End) };
        let mut request = parse(&head, self.connection).ok_or(ErrorKind::InvalidData)?;
        if request.header("expect").is_some() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let Some(body) = self.body_of(&request)? else { return Ok(Incoming::End) };
        request.body = body;
        Ok(Incoming::Request(request))
    }

    fn body_of(&mut self, request: &ReceivedRequest) -> io::Result<Option<Bytes>> {
        if request.header("transfer-encoding").is_none() {
            let length = request.header("content-length").map_or(Ok(0), |digits| number(digits, 10))?;
            return self.take(length);
        }
        let mut body = Vec::new();
        loop {
            let Some(line) = self.take_to(b"\r\n")? else { return Ok(None) };
            let size = number(&line, 16)?;
            if body.len() + size > MOST_BODY {
                return Err(ErrorKind::FileTooLarge.into());
            }
            let Some(chunk) = self.take(size + 2)? else { return Ok(None) };
            body.extend_from_slice(chunk.get(..size).unwrap_or_default());
            if size == 0 {
                return Ok(Some(body.into()));
            }
        }
    }
}

/// Whether it only took too long.
fn is_tick(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

fn parse(head: &[u8], connection: usize) -> Option<ReceivedRequest> {
    let head = String::from_utf8_lossy(head);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), Bytes::from(value.trim().to_owned())))
    });
    Some(ReceivedRequest::new(method, target, headers.collect(), connection))
}

/// A length that is not beyond the bound.
fn number(digits: &[u8], radix: u32) -> io::Result<usize> {
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    // A chunk's length may be followed by words about it.
    let digits = digits.split(';').next().unwrap_or_default().trim();
    let number = usize::from_str_radix(digits, radix).map_err(|_| ErrorKind::InvalidData)?;
    if number > MOST_BODY { Err(ErrorKind::FileTooLarge.into()) } else { Ok(number) }
}
