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
/// assert_eq!(Headers::from_iter([("retry-after", "5")]).len(), 1);
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
    pub fn iter(&self) -> Iter<'_> {
        self.into_iter()
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

/// Appends headers.
impl<N: AsRef<str>, V: AsRef<[u8]>> Extend<(N, V)> for Headers {
    fn extend<I: IntoIterator<Item = (N, V)>>(&mut self, headers: I) {
        headers.into_iter().for_each(|(name, value)| self.push(name.as_ref(), value));
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        let mut all = Self::new();
        all.extend(headers);
        all
    }
}

impl<'a> IntoIterator for &'a Headers {
    type Item = (&'a str, &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        Iter { headers: self, ends: self.ends.iter(), start: 0 }
    }
}

/// An iterator over [`Headers`].
#[derive(Clone)]
pub struct Iter<'a> {
    headers: &'a Headers,
    ends: std::slice::Iter<'a, (usize, usize)>,
    start: usize,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let &(name_end, value_end) = self.ends.next()?;
        let name = self.headers.buffer.get(self.start..name_end).unwrap_or_default();
        let value = self.headers.buffer.get(name_end..value_end).unwrap_or_default();
        self.start = value_end;
        Some((std::str::from_utf8(name).unwrap_or_default(), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.ends.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone().map(|(name, _)| name)).finish()
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
