//! A connection with a buffer and a deadline.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::transport::call::Call;

/// When reads and writes fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    /// At an instant.
    Deadline(Instant),
    /// After a read or write of this duration.
    Each(Duration),
    Never,
}

impl Limit {
    /// Returns the time left, or `None` for no limit.
    fn left(self) -> io::Result<Option<Duration>> {
        match self {
            Self::Deadline(at) => match at.saturating_duration_since(Instant::now()) {
                Duration::ZERO => Err(ErrorKind::TimedOut.into()),
                left => Ok(Some(left)),
            },
            Self::Each(duration) => Ok(Some(duration)),
            Self::Never => Ok(None),
        }
    }
}

pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    /// Bytes read but not used.
    pub(crate) buffer: Vec<u8>,
    /// The limit of reads.
    pub(crate) limit: Limit,
    pub(crate) is_reused: bool,
    /// Whether a bug uses the connection again without checking it.
    pub(crate) is_trusted: bool,
    /// The call whose drop interrupts reads.
    pub(crate) interrupted_by: Option<Arc<Call>>,
}

impl Connection {
    pub(crate) fn open(peer: SocketAddr, limit: Limit) -> io::Result<Self> {
        let stream = match limit.left()? {
            Some(left) => TcpStream::connect_timeout(&peer, left)?,
            None => TcpStream::connect(peer)?,
        };
        stream.set_nodelay(true)?;
        Ok(Self::over(stream, peer, limit))
    }

    pub(crate) fn over(stream: TcpStream, peer: SocketAddr, limit: Limit) -> Self {
        Self { stream, peer, buffer: Vec::new(), limit, is_reused: false, is_trusted: false, interrupted_by: None }
    }

    /// Writes all bytes. On failure, returns how many were written too.
    pub(crate) fn write(&mut self, bytes: &[u8], limit: Limit) -> Result<(), (usize, io::Error)> {
        let mut written = 0;
        while written < bytes.len() {
            let result = limit.left().and_then(|left| self.stream.set_write_timeout(left));
            match result.and_then(|()| self.stream.write(&bytes[written..])) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err((written, error)),
            }
        }
        Ok(())
    }

    /// Reads into the buffer, and returns the number of bytes, 0 at the end of the connection.
    pub(crate) fn fill(&mut self) -> io::Result<usize> {
        const INTERVAL: Duration = Duration::from_millis(5);
        let mut piece = [0; 16 * 1024];
        loop {
            let left = self.limit.left()?;
            let interval = left.unwrap_or(INTERVAL).min(INTERVAL);
            self.stream.set_read_timeout(if self.interrupted_by.is_some() { Some(interval) } else { left })?;
            let result = self.stream.read(&mut piece);
            self.buffer.extend_from_slice(&piece[..*result.as_ref().unwrap_or(&0)]);
            if self.interrupted_by.as_ref().is_some_and(|call| call.is_dropped()) {
                return Err(ErrorKind::Interrupted.into());
            }
            match result {
                Err(error) if is_timeout(&error) && self.interrupted_by.is_some() => {}
                result => return result,
            }
        }
    }

    /// Returns the next line without its end, or `None` at the end of the connection.
    pub(crate) fn line(&mut self, at_most: usize) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|&byte| byte == b'\n') {
                let mut line: Vec<_> = self.buffer.drain(..=searched + at).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return Ok(Some(line));
            }
            searched = self.buffer.len();
            if searched > at_most {
                return Err(ErrorKind::FileTooLarge.into());
            }
            if self.fill()? == 0 {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        }
    }

    /// Whether the server has closed the connection or sent bytes while it was idle.
    pub(crate) fn is_stale(&self) -> bool {
        let mut byte = [0];
        let peeked = self.stream.set_nonblocking(true).and_then(|()| self.stream.peek(&mut byte));
        let is_silent = peeked.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        !is_silent || self.stream.set_nonblocking(false).is_err()
    }
}

/// Whether a read or write reached its limit.
pub(crate) fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock)
}
