//! One connection: reads requests and writes replies while the server runs.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use socket2::SockRef;

use crate::scripted_server::request::{Framing, MAX_BODY, RawRequest, length};
use crate::scripted_server::shared::{Shared, State};

/// How often a connection checks whether it must close.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

const MAX_HEAD: usize = 64 * 1024;

/// The first bytes of a TLS handshake.
const TLS_HANDSHAKE: &[u8] = &[22, 3];

/// A byte stream that carries HTTP: a socket, or TLS over one.
pub(crate) trait Stream: Read + Write {
    /// Sends FIN.
    fn close_writing(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn close_writing(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

/// A connection whose reads and writes each block for at most [`POLL_INTERVAL`].
pub(crate) struct Connection<'a, S> {
    stream: S,
    shared: &'a Shared,
    number: usize,
    /// Bytes read but not yet parsed.
    buffer: Vec<u8>,
    closed_by_client: bool,
    sends_continue: bool,
}

impl<'a> Connection<'a, TcpStream> {
    pub(crate) fn new(stream: TcpStream, shared: &'a Shared, number: usize) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(POLL_INTERVAL))?;
        stream.set_write_timeout(Some(POLL_INTERVAL))?;
        Ok(Self { stream, shared, number, buffer: Vec::new(), closed_by_client: false, sends_continue: true })
    }

    /// Sets the connection to close with RST.
    pub(crate) fn reset(self) -> io::Result<()> {
        // Dropping the last handle of a socket with zero linger sends RST.
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }

    /// Wraps the socket, before anything is read from it.
    #[cfg(feature = "tls")]
    pub(crate) fn over<S: Stream>(self, layer: impl FnOnce(TcpStream) -> S) -> Connection<'a, S> {
        let Self { stream, shared, number, buffer, closed_by_client, sends_continue } = self;
        Connection { stream: layer(stream), shared, number, buffer, closed_by_client, sends_continue }
    }
}

impl<S: Stream> Connection<'_, S> {
    /// Returns the address of the server.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Ignores `expect: 100-continue` on this connection.
    pub(crate) fn ignore_expect(&mut self) {
        self.sends_continue = false;
    }

    /// Whether the next bytes are these. Does not consume them.
    pub(crate) fn begins_with(&mut self, bytes: &[u8]) -> io::Result<bool> {
        while self.buffer.len() < bytes.len() && bytes.starts_with(&self.buffer) {
            if !self.fill()? {
                return Ok(false);
            }
        }
        Ok(self.buffer.starts_with(bytes))
    }

    /// Returns the next `count` bytes, or `None` when the connection ends before them.
    pub(crate) fn take(&mut self, count: usize) -> io::Result<Option<Bytes>> {
        while self.buffer.len() < count {
            if !self.fill()? {
                return Ok(None);
            }
        }
        Ok(Some(self.buffer.drain(..count).collect()))
    }

    /// Writes all bytes. Fails when the client has closed the connection, or the server must.
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

    /// Reads and discards until the client closes the connection or the duration elapses.
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

    /// Pauses. Fails when the connection must close.
    pub(crate) fn pause(&self, duration: Duration) -> io::Result<()> {
        if duration.is_zero() || self.shared.pause(duration, self.number) {
            return Ok(());
        }
        Err(ErrorKind::ConnectionAborted.into())
    }

    /// Waits until the condition holds or the duration elapses.
    pub(crate) fn wait(&self, at_most: Duration, condition: impl Fn(&State) -> bool) {
        self.shared.wait_once(at_most, self.number, condition);
    }

    /// Records whether bytes have arrived after the request, if an earlier wait for other requests has elapsed.
    pub(crate) fn detect_pipelining(&mut self) -> io::Result<()> {
        if !self.shared.state().wait_timed_out {
            return Ok(());
        }
        if self.buffer.is_empty() {
            self.read()?;
        }
        if !self.buffer.is_empty() {
            self.shared.change(|state| state.pipelined += 1);
        }
        Ok(())
    }

    /// Counts and discards the bytes that have arrived after the request.
    pub(crate) fn detect_surplus(&mut self) -> io::Result<()> {
        self.read()?;
        let surplus = self.buffer.len();
        self.buffer.clear();
        self.shared.change(|state| state.surplus += surplus);
        Ok(())
    }

    /// Records a request, and returns the result of `decide` for its number, from 0, and the request.
    pub(crate) fn record<T>(&self, request: RawRequest, decide: impl FnOnce(usize, &RawRequest) -> T) -> T {
        self.shared.record(request, decide)
    }

    /// Counts a step that holds the connection or waits.
    pub(crate) fn count_wait(&self) {
        self.shared.change(|state| state.waits += 1);
    }

    /// Counts a script that ran to its end.
    pub(crate) fn completed(&self) {
        self.shared.change(|state| state.completed += 1);
    }

    /// Reads one complete request, or returns `None` when the connection ends before.
    pub(crate) fn request(&mut self) -> io::Result<Option<RawRequest>> {
        while self.buffer.is_empty() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        if self.buffer.starts_with(TLS_HANDSHAKE) {
            self.shared.change(|state| state.tls_handshakes += 1);
        }
        // A method begins with a letter. Without this check, other bytes would wait for a head that never ends.
        if !self.buffer.first().is_some_and(u8::is_ascii_alphabetic) {
            return Err(ErrorKind::InvalidData.into());
        }
        let Some(head) = self.take_to(b"\r\n\r\n")? else { return Ok(None) };
        let mut request = RawRequest::parse(&head, self.number).ok_or(ErrorKind::InvalidData)?;
        if request.expects_continue() && self.sends_continue {
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

    /// Reads a chunked body.
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

    /// Returns the bytes before a delimiter, and discards the delimiter. Returns `None` when the connection ends before.
    fn take_to(&mut self, delimiter: &[u8]) -> io::Result<Option<Bytes>> {
        loop {
            let found = self.buffer.windows(delimiter.len()).position(|window| window == delimiter);
            if let Some(at) = found {
                let taken = self.take(at + delimiter.len())?;
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

    /// Reads more into the buffer. Returns `false` when the client has closed the connection.
    fn fill(&mut self) -> io::Result<bool> {
        loop {
            match self.read()? {
                Progress::More => return Ok(true),
                Progress::End => return Ok(false),
                Progress::Nothing => {}
            }
        }
    }

    /// Reads once, for at most [`POLL_INTERVAL`]. Fails when the client has reset the connection, or the server must close it.
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

/// The result of one read.
enum Progress {
    More,
    Nothing,
    End,
}

/// Whether the read or write timed out and may be repeated.
fn is_poll_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}
