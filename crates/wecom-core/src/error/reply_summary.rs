//! What an error says of a reply that it does not quote.

use std::fmt;

/// What came back in place of the documented reply: its kind and its length.
///
/// Errors don't quote replies, because a reply may hold a token, or people's names and numbers. To see the reply itself,
/// wrap the [`Transport`](crate::Transport).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplySummary {
    /// What the reply looks like.
    pub kind: ReplyKind,
    /// The length of the body, in bytes.
    pub bytes: usize,
}

/// What a reply looks like, by its first characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyKind {
    /// Nothing but white space.
    Empty,
    /// HTML or XML.
    Html,
    /// JSON, which may break off.
    Json,
    /// Other text in UTF-8.
    Text,
    /// Anything else.
    Binary,
}

impl ReplySummary {
    pub(crate) fn of(body: &[u8]) -> Self {
        let kind = match body.trim_ascii_start().first() {
            None => ReplyKind::Empty,
            Some(b'<') => ReplyKind::Html,
            Some(b'{' | b'[') => ReplyKind::Json,
            Some(_) if std::str::from_utf8(body).is_ok_and(|text| !text.contains('\0')) => ReplyKind::Text,
            Some(_) => ReplyKind::Binary,
        };
        Self { kind, bytes: body.len() }
    }
}

impl fmt::Display for ReplySummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ReplyKind::Empty => return f.write_str("empty"),
            ReplyKind::Html => "HTML",
            ReplyKind::Json => "JSON",
            ReplyKind::Text => "text",
            ReplyKind::Binary => "binary data",
        };
        write!(f, "{kind}, {} bytes", self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_told_by_how_it_begins() {
        for (body, expected) in [
            (&b""[..], "empty"),
            (b" \r\n", "empty"),
            (b" <html>", "HTML, 7 bytes"),
            (b"{\"a\"", "JSON, 4 bytes"),
            (b"[]", "JSON, 2 bytes"),
            ("企业".as_bytes(), "text, 6 bytes"),
            (b"a\0", "binary data, 2 bytes"),
            (b"a\xff", "binary data, 2 bytes"),
        ] {
            assert_eq!(ReplySummary::of(body).to_string(), expected);
        }
    }
}
