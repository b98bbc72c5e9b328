//! Reads the reply that hyper received, within the limit.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use http::response;
use hyper::body::Body;
use wecom_core::http::Headers;
use wecom_core::{Response, TransportError};

use crate::failure;

/// The maximum that is allocated for a declared `content-length` alone.
const TRUSTED_LENGTH: usize = 1024 * 1024;

/// Reads the body of the reply to its end. Dropping the unread rest of a body closes the connection.
pub(crate) async fn collect<B>(head: response::Parts, body: B, limit: usize) -> Result<Response, TransportError>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let body = collect_body(body, limit).await?;
    let mut headers = Headers::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        headers.push(name.as_str(), value.as_bytes());
    }
    Ok(Response::new(head.status.as_u16(), body).with_headers(headers))
}

/// Reads a body. A body of one piece is returned without a copy.
async fn collect_body<B>(mut body: B, limit: usize) -> Result<Bytes, TransportError>
where
    B: Body<Data = Bytes, Error = hyper::Error> + Unpin,
{
    let declared = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if declared > limit {
        return Err(failure::too_large(limit));
    }
    let mut size = 0_usize;
    let mut first = Bytes::new();
    let mut joined = Vec::new();
    while !body.is_end_stream() {
        let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await else { break };
        let Ok(data) = frame.map_err(failure::of_body)?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size > limit {
            return Err(failure::too_large(limit));
        }
        if first.is_empty() {
            first = data;
            continue;
        }
        if joined.is_empty() {
            joined.reserve_exact(size.max(declared.min(TRUSTED_LENGTH)));
            joined.extend_from_slice(&first);
        }
        make_room(&mut joined, data.len(), declared);
        joined.extend_from_slice(&data);
    }
    Ok(if joined.is_empty() { first } else { joined.into() })
}

/// Makes room for the next piece: once up to the declared length, otherwise a quarter more each time. So at most about two
/// and a quarter times the size of the body is allocated at any moment.
fn make_room(joined: &mut Vec<u8>, next: usize, declared: usize) {
    if joined.capacity() - joined.len() < next {
        let missing = if joined.len() < TRUSTED_LENGTH { 0 } else { declared.saturating_sub(joined.len()) };
        joined.reserve_exact(next.max(missing).max(joined.len() / 4));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use hyper::body::{Frame, SizeHint};
    use wecom_core::TransportErrorKind;

    use super::*;

    /// A body that arrives in these pieces.
    struct Pieces {
        pieces: VecDeque<Bytes>,
        declared: u64,
    }

    impl Pieces {
        fn new(pieces: &[&'static str]) -> Self {
            Self { pieces: pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect(), declared: 0 }
        }
    }

    impl Body for Pieces {
        type Data = Bytes;
        type Error = hyper::Error;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
            Poll::Ready(self.pieces.pop_front().map(|piece| Ok(Frame::data(piece))))
        }

        fn size_hint(&self) -> SizeHint {
            let mut hint = SizeHint::new();
            hint.set_lower(self.declared);
            hint
        }
    }

    fn collected(body: Pieces, limit: usize) -> Result<Bytes, TransportErrorKind> {
        pollster::block_on(collect_body(body, limit)).map_err(|error| error.kind())
    }

    #[test]
    fn a_body_in_one_piece_is_not_copied() {
        let body = Pieces::new(&["{}"]);
        let there = body.pieces[0].as_ptr();
        assert_eq!(collected(body, 2).unwrap().as_ptr(), there);
    }

    #[test]
    fn pieces_are_joined_in_order_and_empty_ones_are_skipped() {
        assert_eq!(collected(Pieces::new(&["", "a", "", "b", "c"]), 3).unwrap(), "abc");
        assert_eq!(collected(Pieces::new(&[]), 0).unwrap(), "");
    }

    #[test]
    fn one_byte_over_the_limit_is_too_large() {
        assert_eq!(collected(Pieces::new(&["abc"]), 2), Err(TransportErrorKind::ReplyTooLarge));
        assert_eq!(collected(Pieces::new(&["a", "b", "c"]), 2), Err(TransportErrorKind::ReplyTooLarge));
    }

    #[test]
    fn a_declared_length_over_the_limit_is_refused_unread() {
        let body = Pieces { declared: 3, ..Pieces::new(&["a"]) };
        assert_eq!(collected(body, 2), Err(TransportErrorKind::ReplyTooLarge));
    }

    #[test]
    fn a_false_declared_length_costs_no_memory() {
        let body = Pieces { declared: u64::MAX / 2, ..Pieces::new(&["a", "b"]) };
        assert_eq!(collected(body, usize::MAX).unwrap(), "ab");
    }

    #[test]
    fn a_large_body_is_joined_with_at_most_a_quarter_of_spare_memory() {
        for declared in [0, 5_000_000] {
            let mut joined = Vec::with_capacity(1);
            while joined.len() < 5_000_000 {
                make_room(&mut joined, 1000, declared);
                joined.extend_from_slice(&[0; 1000]);
            }
            assert!(joined.capacity() <= 6_300_000, "{declared}: {}", joined.capacity());
        }
    }

    /// The capacity of a vector of this length and this spare capacity after `make_room`.
    fn capacity_after(length: usize, spare: usize, next: usize, declared: usize) -> usize {
        let mut joined = Vec::with_capacity(length + spare);
        joined.resize(length, 0);
        make_room(&mut joined, next, declared);
        joined.capacity()
    }

    #[test]
    fn a_piece_that_fits_allocates_nothing() {
        for spare in [1000, 1001] {
            assert_eq!(capacity_after(9000, spare, 1000, 0), 9000 + spare);
        }
    }

    #[test]
    fn a_declared_length_is_allocated_once_enough_has_arrived() {
        const DECLARED: usize = 3 * TRUSTED_LENGTH;
        assert_eq!(capacity_after(1000, 0, 10, DECLARED), 1250);
        assert_eq!(capacity_after(TRUSTED_LENGTH, 0, 10, DECLARED), DECLARED);
        assert_eq!(capacity_after(TRUSTED_LENGTH + 1, 0, 10, DECLARED), DECLARED);
    }
}
