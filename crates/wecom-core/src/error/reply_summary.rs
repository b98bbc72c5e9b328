//! What an error says about a reply without quoting it.

use std::fmt;

/// The kind and length of a reply that an error describes.
///
/// An error doesn't quote the reply, because a reply may contain a token, or people's names and telephone numbers. To see
/// the reply, wrap the [`Transport`](crate::Transport).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReplySummary {
    /// The kind of content.
    pub kind: ReplyKind,
    /// The length of the body, in bytes.
    pub bytes: usize,
}

/// The kind of content of a reply, judged by its first characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyKind {
    /// Nothing but white space.
    Empty,
    /// HTML or XML.
    Html,
    /// JSON, possibly truncated.
    Json,
    /// Other UTF-8 text.
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
    fn the_kind_of_a_reply_is_judged_by_its_first_characters() {
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
