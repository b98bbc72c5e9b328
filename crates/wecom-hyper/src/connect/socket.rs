//! A TCP stream that counts its writes, and can read the socket directly instead of through the runtime.

use std::io::{self, IoSlice, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Set in [`Wire::writes`] once nothing may be written any more.
const CLOSED: u64 = 1 << 63;

/// The maximum that a server may send up to the final head of a reply: interim replies (1xx) and the head itself.
pub(crate) const MAX_HEAD: usize = 1024 * 1024;

/// The state of a socket, shared with the owner of its connection.
#[derive(Debug)]
pub(crate) struct Wire {
    /// The number of writes, and [`CLOSED`] if no more are allowed.
    writes: AtomicU64,
    #[cfg(feature = "http2")]
    is_gone: AtomicBool,
    probe: AtomicBool,
    head_allowance: AtomicUsize,
}

/// The number of writes at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireMark(u64);

impl Wire {
    fn new() -> Self {
        Self {
            writes: AtomicU64::new(0),
            #[cfg(feature = "http2")]
            is_gone: AtomicBool::new(false),
            probe: AtomicBool::new(false),
            head_allowance: AtomicUsize::new(usize::MAX),
        }
    }

    pub(crate) fn mark(&self) -> WireMark {
        WireMark(self.writes.load(Ordering::Acquire) & !CLOSED)
    }

    /// Forbids all further writes if none began since the mark. Returns whether it did: then no byte was written since,
    /// and none will be.
    pub(crate) fn close_if_unwritten(&self, since: WireMark) -> bool {
        let closed = self.writes.compare_exchange(since.0, since.0 | CLOSED, Ordering::AcqRel, Ordering::Acquire);
        closed.is_ok() || closed == Err(since.0 | CLOSED)
    }

    /// Whether the socket is closed.
    #[cfg(feature = "http2")]
    pub(crate) fn is_gone(&self) -> bool {
        self.is_gone.load(Ordering::Acquire)
    }

    /// Makes the next read check the socket directly if the runtime reports no data.
    ///
    /// The runtime detects a closed connection only while it runs, and a runtime on the caller's thread does not run
    /// between two calls.
    pub(crate) fn probe_next_read(&self) {
        self.probe.store(true, Ordering::Relaxed);
    }

    /// Limits the bytes that may be read from now on.
    pub(crate) fn expect_head(&self) {
        self.head_allowance.store(MAX_HEAD, Ordering::Relaxed);
    }

    /// Removes the limit of [`Wire::expect_head`].
    pub(crate) fn head_arrived(&self) {
        self.head_allowance.store(usize::MAX, Ordering::Relaxed);
    }

    fn begin_write(&self) -> io::Result<()> {
        let mut writes = self.writes.load(Ordering::Acquire);
        loop {
            if writes & CLOSED != 0 {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            match self.writes.compare_exchange_weak(writes, writes + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Ok(()),
                Err(now) => writes = now,
            }
        }
    }

    fn take_back_write(&self) {
        self.writes.fetch_sub(1, Ordering::AcqRel);
    }

    fn admit(&self, bytes: usize) -> io::Result<()> {
        let allowance = self.head_allowance.load(Ordering::Relaxed);
        if allowance == usize::MAX {
            return Ok(());
        }
        let left =
            allowance.checked_sub(bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, HeadTooLarge))?;
        self.head_allowance.store(left, Ordering::Relaxed);
        Ok(())
    }
}

#[derive(Debug, Error)]
#[error("reply head too large: over {MAX_HEAD} bytes of interim replies (1xx) and headers")]
struct HeadTooLarge;

/// A TCP stream whose writes and reads a [`Wire`] counts.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    wire: Arc<Wire>,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> (Self, Arc<Wire>) {
        let wire = Arc::new(Wire::new());
        (Self { stream, wire: Arc::clone(&wire) }, wire)
    }

    /// Counts a write, unless it wrote nothing.
    fn write(&mut self, write: impl FnOnce(Pin<&mut TcpStream>) -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.wire.begin_write()?;
        let written = write(Pin::new(&mut self.stream));
        if !matches!(written, Poll::Ready(Ok(1..))) {
            self.wire.take_back_write();
        }
        written
    }

    /// Reads data that the runtime has not reported yet.
    fn read_directly(&self, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Large enough for the closing alert of TLS. The rest of longer data is read through the runtime.
        let mut bytes = [0; 64];
        let room = bytes.len().min(buffer.remaining());
        let Some(room) = bytes.get_mut(..room) else { return Poll::Pending };
        match (&*SockRef::from(&self.stream)).read(room) {
            Ok(read) => {
                buffer.put_slice(room.get(..read).unwrap_or_default());
                Poll::Ready(Ok(()))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

#[cfg(feature = "http2")]
impl Drop for Socket {
    fn drop(&mut self) {
        self.wire.is_gone.store(true, Ordering::Release);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let mut read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if self.wire.probe.load(Ordering::Relaxed) {
            self.wire.probe.store(false, Ordering::Relaxed);
            if read.is_pending() {
                read = self.read_directly(buffer);
            }
        }
        ready!(read)?;
        Poll::Ready(self.wire.admit(buffer.filled().len() - before))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.write(|stream| stream.poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.write(|stream| stream.poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// A connection with or without TLS.
#[derive(Debug)]
pub(crate) enum Stream {
    Plain(Socket),
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    Tls(Box<tokio_rustls::client::TlsStream<Socket>>),
}

macro_rules! either {
    ($stream:expr, $inner:ident => $call:expr) => {
        match $stream {
            Stream::Plain($inner) => $call,
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            Stream::Tls($inner) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        either!(&mut *self, inner => Pin::new(inner).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        either!(&mut *self, inner => Pin::new(inner).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(&mut *self, inner => Pin::new(inner).poll_write_vectored(context, pieces))
    }

    fn is_write_vectored(&self) -> bool {
        either!(self, inner => inner.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, inner => Pin::new(inner).poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(&mut *self, inner => Pin::new(inner).poll_shutdown(context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wire_without_a_write_since_the_mark_closes_and_allows_no_more() {
        let wire = Wire::new();
        wire.begin_write().unwrap();
        let mark = wire.mark();
        assert!(wire.close_if_unwritten(mark));
        assert_eq!(wire.begin_write().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(wire.close_if_unwritten(mark));
    }

    #[test]
    fn a_wire_with_a_write_since_the_mark_stays_open() {
        let wire = Wire::new();
        let mark = wire.mark();
        wire.begin_write().unwrap();
        assert!(!wire.close_if_unwritten(mark));
        wire.begin_write().unwrap();
    }

    #[test]
    fn a_write_of_zero_bytes_does_not_count() {
        let wire = Wire::new();
        let mark = wire.mark();
        wire.begin_write().unwrap();
        wire.take_back_write();
        assert!(wire.close_if_unwritten(mark));
    }

    #[test]
    fn the_limit_before_a_head_covers_all_reads_until_it_arrives() {
        let wire = Wire::new();
        wire.admit(2 * MAX_HEAD).unwrap();
        wire.expect_head();
        wire.admit(MAX_HEAD).unwrap();
        assert_eq!(wire.admit(1).unwrap_err().kind(), io::ErrorKind::InvalidData);
        wire.head_arrived();
        wire.admit(2 * MAX_HEAD).unwrap();
    }

    /// Both ends of a connection.
    async fn connect() -> (TcpStream, TcpStream) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    #[tokio::test]
    async fn only_the_bytes_of_the_read_itself_count_towards_the_limit() {
        use tokio::io::AsyncWriteExt;

        let (near, mut far) = connect().await;
        let (mut socket, wire) = Socket::new(near);
        far.write_all(b"a").await.unwrap();
        wire.expect_head();
        let mut bytes = vec![0; MAX_HEAD + 1];
        let mut buffer = ReadBuf::new(&mut bytes);
        buffer.set_filled(MAX_HEAD);
        std::future::poll_fn(|context| Pin::new(&mut socket).poll_read(context, &mut buffer)).await.unwrap();
        assert_eq!(buffer.filled().last(), Some(&b'a'));
    }

    #[tokio::test]
    async fn a_socket_that_is_shut_down_ends_the_peers_reading_while_it_stays_open() {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let (near, mut far) = connect().await;
        let (mut socket, _) = Socket::new(near);
        socket.shutdown().await.unwrap();
        let read = tokio::time::timeout(std::time::Duration::from_secs(20), far.read(&mut [0])).await;
        assert_eq!(read.unwrap().unwrap(), 0);
        drop(socket);
    }

    #[cfg(feature = "http2")]
    #[tokio::test]
    async fn a_socket_is_gone_once_it_is_dropped() {
        let (socket, wire) = Socket::new(connect().await.0);
        assert!(!wire.is_gone());
        drop(socket);
        assert!(wire.is_gone());
    }
}
