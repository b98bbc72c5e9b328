//! A connection with a mark by which its replies are told from those of others.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection};

use crate::counters::Used;

/// A stream with a mark of its own that hyper adds to each reply from it.
///
/// It stands in for what hyper-util would add, the addresses of both ends, so it costs a call nothing.
#[derive(Debug)]
pub(crate) struct Marked<S> {
    stream: S,
    used: Used,
}

impl<S> Marked<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, used: Used::default() }
    }
}

impl<S: Connection> Connection for Marked<S> {
    fn connected(&self) -> Connected {
        let ours = Connected::new().extra(self.used.clone());
        if self.stream.connected().is_negotiated_h2() { ours.negotiated_h2() } else { ours }
    }
}

impl<S: Read + Unpin> Read for Marked<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: Write + Unpin> Write for Marked<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }
}
