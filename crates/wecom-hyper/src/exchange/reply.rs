//! What hyper received, read within the limit.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use wecom_core::{Headers, Response, TransportError};

use crate::failure;

/// The most that is set aside on the word of a `content-length` alone.
const TRUSTED_LENGTH: usize = 1024 * 1024;

/// Reads the reply to its end. When it gives up, the rest is never read: dropping the body closes the connection.
pub(crate) async fn collect(reply: http::Response<Incoming>, limit: usize) -> Result<Response, TransportError> {
    let (head, body) = reply.into_parts();
    let body = collect_body(body, limit).await?;
    let mut headers = Headers::with_capacity(head.headers.len());
    for (name, value) in &head.headers {
        headers.push(name.as_str(), value.as_bytes());
    }
    Ok(Response::new(head.status.as_u16(), body).with_headers(headers))
}

/// The body; one that arrives in a single piece is handed on without a copy.
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
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(failure::of_body)?.into_data() else { continue };
        size = size.saturating_add(data.len());
        if size > limit {
            return Err(failure::too_large(limit));
        }
        if first.is_empty() {
            first = data;
        } else {
            if joined.is_empty() {
                joined.reserve(size.max(declared.min(TRUSTED_LENGTH)));
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&data);
        }
        if body.is_end_stream() {
            break;
        }
    }
    Ok(if joined.is_empty() { first } else { joined.into() })
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
    fn pieces_are_joined_in_order_and_empty_ones_don_t_matter() {
        assert_eq!(collected(Pieces::new(&["", "a", "", "b", "c"]), 3).unwrap(), "abc");
        assert_eq!(collected(Pieces::new(&[]), 0).unwrap(), "");
    }

    #[test]
    fn one_byte_over_the_limit_is_too_large() {
        assert_eq!(collected(Pieces::new(&["abc"]), 2), Err(TransportErrorKind::ReplyTooLarge));
        assert_eq!(collected(Pieces::new(&["a", "b", "c"]), 2), Err(TransportErrorKind::ReplyTooLarge));
    }

    #[test]
    fn a_declared_length_over_the_limit_is_enough_to_refuse() {
        let body = Pieces { declared: 3, ..Pieces::new(&["a"]) };
        assert_eq!(collected(body, 2), Err(TransportErrorKind::ReplyTooLarge));
    }

    #[test]
    fn a_declared_length_that_lies_costs_no_memory() {
        let body = Pieces { declared: u64::MAX / 2, ..Pieces::new(&["a", "b"]) };
        assert_eq!(collected(body, usize::MAX).unwrap(), "ab");
    }
}
