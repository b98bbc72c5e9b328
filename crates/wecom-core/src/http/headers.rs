//! HTTP headers as plain text and bytes, whatever HTTP library they come from or go to.

use std::fmt;

/// HTTP headers: names compare without regard to case, values are bytes.
///
/// All of them lie in one buffer, so that taking over a reply's headers costs two allocations, not two a header.
///
/// ```
/// use wecom_core::http::Headers;
///
/// let mut headers = Headers::new();
/// headers.push("Retry-After", "5");
/// assert_eq!(headers.get("retry-after"), Some("5".as_bytes()));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    buffer: Vec<u8>,
    /// Where each name ends, and where the value behind it ends.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// No headers.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Room for this many headers, taken at once.
    #[must_use]
    pub fn with_capacity(headers: usize) -> Self {
        // A common header takes some thirty bytes; a wrong guess costs one more allocation.
        Self { buffer: Vec::with_capacity(headers * 32), ends: Vec::with_capacity(headers) }
    }

    /// Adds a header behind those that are there.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.buffer.extend_from_slice(name.as_bytes());
        let name_end = self.buffer.len();
        self.buffer.extend_from_slice(value.as_ref());
        self.ends.push((name_end, self.buffer.len()));
    }

    /// The value of the first header of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, value_end)| {
            let name = self.buffer.get(start..name_end).unwrap_or_default();
            let value = self.buffer.get(name_end..value_end).unwrap_or_default();
            start = value_end;
            (std::str::from_utf8(name).unwrap_or_default(), value)
        })
    }

    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Shows the names alone: a value may be a gateway's credential.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_was_taken_at_once_holds_as_many_common_headers() {
        let mut headers = Headers::with_capacity(10);
        let room = (headers.buffer.capacity(), headers.ends.capacity());
        for _ in 0..10 {
            headers.push("content-length", "0123456789012345");
        }
        assert_eq!((headers.buffer.capacity(), headers.ends.capacity()), room);
        assert!(room.0 < 1000, "{room:?}");
    }
}
