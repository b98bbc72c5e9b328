//! Reads JSON with a byte order mark, and with a comma after the last item of a list or an object.

use serde_json::{Map, Value};

/// Reads an object. Returns `None` if the text is no object, even after these repairs.
pub(super) fn read(body: &[u8]) -> Option<Map<String, Value>> {
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    serde_json::from_slice(&without_trailing_commas(body)).ok()
}

fn without_trailing_commas(body: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(body.len());
    // The length up to the last comma that only whitespace follows so far.
    let mut comma = None;
    let (mut is_in_string, mut is_escaped) = (false, false);
    for &byte in body {
        match byte {
            _ if is_in_string => {
                is_in_string = byte != b'"' || is_escaped;
                is_escaped = byte == b'\\' && !is_escaped;
            }
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    kept.truncate(comma);
                }
            }
            b',' => comma = Some(kept.len()),
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => {
                is_in_string = byte == b'"';
                comma = None;
            }
        }
        kept.push(byte);
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_byte_order_mark_and_commas_after_the_last_item_are_ignored() {
        for body in [
            "\u{feff}{\"a\":[1,2],\"b\":\"c\"}",
            "{\"a\":[1,2,],\"b\":\"c\",}",
            "{\"a\":[1,2 ,\n] , \"b\":\"c\" ,\r\n\t}",
            "\u{feff}{\"a\":[1,2],\"b\":\"c\",}",
        ] {
            assert_eq!(read(body.as_bytes()).map(Value::Object), Some(json!({"a": [1, 2], "b": "c"})), "{body}");
        }
    }

    #[test]
    fn strings_are_unchanged() {
        let fields = json!({"a": ",}", "b": "\",]", "c": "\\", "d": "x,"});
        let body = fields.to_string().replace("\"x,\"}", "\"x,\",}");
        assert_eq!(read(body.as_bytes()).map(Value::Object), Some(fields));
    }

    #[test]
    fn other_mistakes_are_not_repaired() {
        for body in ["", "{", "{\"a\":1,,}", "[1,]", "{\"a\":}", "{\"a\" 1}", "{\"a\":1}}", "\u{feff}\u{feff}{}"] {
            assert_eq!(read(body.as_bytes()), None, "{body}");
        }
    }
}
