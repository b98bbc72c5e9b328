//! Two slips that occur in good replies: a byte order mark in front, and raw control characters inside strings.

/// The body without a UTF-8 byte order mark.
pub(crate) fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// The body with each raw control character inside a string escaped as JSON wants it; `None` when there is none.
///
/// People paste line breaks and tabs into names, and not every server escapes them.
pub(crate) fn escape_control_characters(body: &[u8]) -> Option<Vec<u8>> {
    let mut escaped = Vec::new();
    let mut copied = 0;
    let mut in_string = false;
    let mut after_backslash = false;
    for (at, &byte) in body.iter().enumerate() {
        match byte {
            _ if after_backslash => after_backslash = false,
            b'\\' => after_backslash = in_string,
            b'"' => in_string = !in_string,
            0x00..0x20 if in_string => {
                escaped.extend_from_slice(body.get(copied..at).unwrap_or_default());
                escaped.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                copied = at + 1;
            }
            _ => {}
        }
    }
    if copied == 0 {
        return None;
    }
    escaped.extend_from_slice(body.get(copied..).unwrap_or_default());
    Some(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_inside_strings_alone() {
        let body = b"{\n\t\"a\":\"x\ny\t\\\"\x01\",\n\"b\\\\\":1}";
        let escaped = escape_control_characters(body).unwrap();
        let value: serde_json::Value = serde_json::from_slice(&escaped).unwrap();
        assert_eq!(value, serde_json::json!({"a": "x\ny\t\"\u{1}", "b\\": 1}));
    }

    #[test]
    fn what_has_none_is_not_copied() {
        assert_eq!(escape_control_characters(b"{\n\"a\": \"b\"}"), None);
        assert_eq!(escape_control_characters(b""), None);
    }
}
