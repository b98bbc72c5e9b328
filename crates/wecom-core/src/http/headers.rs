//! HTTP headers, independent of any HTTP library.

use std::fmt;

/// HTTP headers. Names are compared case-insensitively, and values are bytes.
///
/// All headers share one buffer, so copying the headers of a reply takes two allocations.
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
    /// The end of each name and of its value.
    ends: Vec<(usize, usize)>,
}

impl Headers {
    /// Creates an empty list.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates an empty list with capacity for a number of headers.
    #[must_use]
    pub fn with_capacity(headers: usize) -> Self {
        // A common header has about 30 bytes. A longer one costs another allocation.
        Self { buffer: Vec::with_capacity(headers * 32), ends: Vec::with_capacity(headers) }
    }

    /// Appends a header.
    pub fn push(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.buffer.extend_from_slice(name.as_bytes());
        let name_end = self.buffer.len();
        self.buffer.extend_from_slice(value.as_ref());
        self.ends.push((name_end, self.buffer.len()));
    }

    /// The value of the first header with a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Iterates over the headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = 0;
        self.ends.iter().map(move |&(name_end, value_end)| {
            let name = self.buffer.get(start..name_end).unwrap_or_default();
            let value = self.buffer.get(name_end..value_end).unwrap_or_default();
            start = value_end;
            (std::str::from_utf8(name).unwrap_or_default(), value)
        })
    }

    /// The number of headers.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no headers.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

/// Shows only the names, because a value may be a gateway's credential.
impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capacity_is_enough_for_that_number_of_common_headers() {
        let mut headers = Headers::with_capacity(10);
        let room = (headers.buffer.capacity(), headers.ends.capacity());
        for _ in 0..10 {
            headers.push("content-length", "0123456789012345");
        }
        assert_eq!((headers.buffer.capacity(), headers.ends.capacity()), room);
        assert!(room.0 < 1000, "{room:?}");
    }
}
