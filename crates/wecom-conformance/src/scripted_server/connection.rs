//! One connection: reads requests from it, and writes to it, for as long as the server runs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::SockRef;

use crate::scripted_server::request::{Framing, MAX_BODY, RawRequest, length};
use crate::scripted_server::shared::{Shared, State};

/// How often a connection checks whether it has to end.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

const MAX_HEAD: usize = 64 * 1024;

/// What carries HTTP: a socket, or TLS on one.
pub(crate) trait Stream: Read + Write {
    /// Sends FIN.
    fn close_writing(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn close_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// A connection whose reads and writes last a tick at most, each.
pub(crate) struct Connection<'a, S> {
    stream: S,
    shared: &'a Shared,
    number: usize,
    /// What was read and not parsed yet.
    buffer: Vec<u8>,
    closed_by_client: bool,
}

impl<'a> Connection<'a, TcpStream> {
    pub(crate) fn new(stream: TcpStream, shared: &'a Shared, number: usize) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL_INTERVAL))?;
        stream.set_write_timeout(Some(POLL_INTERVAL))?;
        Ok(Self { stream, shared, number, buffer: Vec::new(), closed_by_client: false })
    }

    /// Ends the connection by RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        // The last handle of a socket that does not linger is dropped.
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Puts something on top of the socket, before anything was read from it.
    #[cfg(feature = "tls")]
    pub(crate) fn over<S: Stream>(self, layer: impl FnOnce(TcpStream) -> S) -> Connection<'a, S> {
        let Self { stream, shared, number, buffer, closed_by_client } = self;
        Connection { stream: layer(stream), shared, number, buffer, closed_by_client }
    }
}

impl<S: Stream> Connection<'_, S> {
    /// The address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Whether the next bytes are these, which are not taken.
    pub(crate) fn begins_with(&mut self, bytes: &[u8]) -> io::Result<bool> {
        while self.buffer.len() < bytes.len() && bytes.starts_with(&self.buffer) {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.buffer.starts_with(bytes))
    }

    /// The next bytes, this many; `None` where the connection ends before.
    pub(crate) fn take(&mut self, count: usize) -> io::Result<Option<Bytes>> {
        while self.buffer.len() < count {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer.drain(..count).collect()))
    }

    /// Writes all of it; an error where the client has ended the connection, or the server has to.
    pub(crate) fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        loop {
            self.check_open()?;
            let written = match bytes {
                [] => self.stream.flush().map(|()| 0),
                _ => self.stream.write(bytes),
            };
            match written {
                Ok(_) if bytes.is_empty() => return Ok(()),
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(error) if is_poll_timeout(&error) => {}
                Err(error) => {
                    self.record_client_close();
                    return Err(error);
                }
            }
        }
    }

    pub(crate) fn close_writing(&mut self) -> io::Result<()> {
        self.stream.close_writing()
    }

    /// Reads and discards until the client ends the connection, for no longer than this.
    pub(crate) fn hold(&mut self, at_most: Duration) -> io::Result<()> {
        let began = Instant::now();
        let held = loop {
            self.buffer.clear();
            match self.read() {
                Ok(Progress::End) => break Ok(()),
                Ok(_) if began.elapsed() >= at_most => break Ok(()),
                Ok(_) => {}
                Err(error) => break Err(error),
            }
        };
        if self.closed_by_client {
            self.shared.change(|state| state.abandoned += 1);
        }
        held
    }

    /// Lets time pass.
    pub(crate) fn pause(&self, duration: Duration) -> io::Result<()> {
        if duration.is_zero() || self.shared.pause(duration, self.number) {
            return Ok(());
        }
        Err(ErrorKind::ConnectionAborted.into())
    }

    /// Waits until the condition holds, for no longer than this.
    pub(crate) fn wait(&self, at_most: Duration, condition: impl Fn(&State) -> bool) {
        self.shared.wait_once(at_most, self.number, condition);
    }

    /// Records a request, and returns what `decide` makes of it and its number, from 0.
    pub(crate) fn record<T>(&self, request: RawRequest, decide: impl FnOnce(usize, &RawRequest) -> T) -> T {
        self.shared.record(request, decide)
    }

    /// Counts an answer that was given to its end.
    pub(crate) fn completed(&self) {
        self.shared.change(|state| state.completed += 1);
    }

    /// Reads one request to its end; `None` where the connection ends before.
    pub(crate) fn request(&mut self) -> io::Result<Option<RawRequest>> {
        while self.buffer.is_empty() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        // A method begins with a letter. Without this, other bytes would wait for the end of a head that never comes.
        if !self.buffer.first().is_some_and(u8::is_ascii_alphabetic) {
            return Err(ErrorKind::InvalidData.into());
        }
        let Some(head) = self.take_to(b"\r\n\r\n")? else { return Ok(None) };
        let mut request = RawRequest::parse(&head, self.number).ok_or(ErrorKind::InvalidData)?;
        if request.expects_continue() {
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        let body = match request.framing()? {
            Framing::Length(length) => self.take(length)?,
            Framing::Chunked => self.chunks()?,
        };
        Ok(body.map(|body| {
            request.body = body;
            request
        }))
    }

    /// Reads a body in chunks.
    fn chunks(&mut self) -> io::Result<Option<Bytes>> {
        let mut body = Vec::new();
        loop {
            let Some(line) = self.take_to(b"\r\n")? else { return Ok(None) };
            let size = length(&line, 16)?;
            if body.len() + size > MAX_BODY {
                return Err(ErrorKind::FileTooLarge.into());
            }
            let Some(chunk) = self.take(size + 2)? else { return Ok(None) };
            body.extend_from_slice(chunk.get(..size).unwrap_or_default());
            if size == 0 {
                return Ok(Some(body.into()));
            }
        }
    }

    /// The bytes before a mark, which is discarded; `None` where the connection ends before.
    fn take_to(&mut self, mark: &[u8]) -> io::Result<Option<Bytes>> {
        loop {
            let found = self.buffer.windows(mark.len()).position(|window| window == mark);
            if let Some(at) = found {
                let taken = self.take(at + mark.len())?;
                return Ok(taken.map(|taken| taken.slice(..at)));
            }
            if self.buffer.len() > MAX_HEAD {
                return Err(ErrorKind::InvalidData.into());
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// Reads more; `false` where there is no more, because the client has ended the connection.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            match self.read()? {
                Progress::More => return Ok(true),
                Progress::End => return Ok(false),
                Progress::Nothing => {}
            }
        }
    }

    /// Reads for a tick; an error where the client has reset the connection, or the server has to end it.
    fn read(&mut self) -> io::Result<Progress> {
        let mut piece = [0; 16 * 1024];
        self.check_open()?;
        match self.stream.read(&mut piece) {
            Ok(0) => {
                self.record_client_close();
                Ok(Progress::End)
            }
            Ok(read) => {
                self.buffer.extend_from_slice(piece.get(..read).unwrap_or_default());
                Ok(Progress::More)
            }
            Err(error) if is_poll_timeout(&error) => Ok(Progress::Nothing),
            Err(error) => {
                self.record_client_close();
                Err(error)
            }
        }
    }

    fn check_open(&self) -> io::Result<()> {
        if self.shared.must_close(self.number) { Err(ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }

    fn record_client_close(&mut self) {
        if !self.closed_by_client {
            self.closed_by_client = true;
            self.shared.change(|state| state.closed_by_client += 1);
        }
    }
}

/// What a read has brought.
enum Progress {
    More,
    Nothing,
    End,
}

/// Whether it only took too long.
fn is_poll_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
