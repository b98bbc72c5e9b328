//! The forms in which a secret may stand in a text: as it is, percent-encoded, escaped in JSON.
//!
//! For crates that keep recordings and logs of calls: each form of a secret is listed here once, for the writer of URLs
//! and for everything that searches a text for secrets.
//!
//! ```
//! use wecom_core::secret::forms;
//!
//! assert_eq!(forms::percent_encoded("a+b/c").to_string(), "a%2Bb%2Fc");
//! assert!(forms::of("a+b/c").contains(&"a+b\\/c".to_owned()));
//! ```

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Percent-encodes a value for a query: every character but the unreserved ones of RFC 3986.
///
/// The result is displayed, or iterated over piece by piece.
pub fn percent_encoded(value: &str) -> impl Iterator<Item = &str> + fmt::Display {
    utf8_percent_encode(value, ENCODED)
}

/// Lists the forms of a secret, each once: the secret itself, percent-encoded with digits of either case, and escaped in
/// JSON.
#[must_use]
pub fn of(secret: &str) -> Vec<String> {
    let in_json = serde_json::to_string(secret).unwrap_or_default();
    let in_json = in_json.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(secret).to_owned();
    let in_lower_case =
        |piece: &str| if piece.starts_with('%') { piece.to_ascii_lowercase() } else { piece.to_owned() };
    let (upper, lower) = (percent_encoded(secret).collect(), percent_encoded(secret).map(in_lower_case).collect());
    let mut forms = Vec::new();
    for form in [secret.to_owned(), upper, lower, in_json.replace('/', "\\/"), in_json] {
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_listed_in_each_of_its_forms() {
        let forms = of("Ca/na\"");
        assert_eq!(forms, ["Ca/na\"", "Ca%2Fna%22", "Ca%2fna%22", "Ca\\/na\\\"", "Ca/na\\\""]);
    }

    #[test]
    fn a_secret_of_unreserved_characters_has_one_form() {
        assert_eq!(of("a-secret_of.this~KIND"), ["a-secret_of.this~KIND"]);
    }
}
