//! The names of fields whose value is a secret.
//!
//! A query marks its secret values. A JSON body does not, so its secrets are recognized by the vendor's field names.
//!
//! ```
//! use wecom_core::secret::names;
//!
//! assert!(names::is_secret("access_token") && names::is_secret("corpsecret"));
//! assert!(!names::is_secret("chain_id"));
//! ```

use crate::secret::forms::decoded;
use crate::secret::message::opaque_words;
use crate::secret::redactor::Redactor;

/// The endings of the names of secret fields: `access_token`, `corpsecret`, `session_key`, `suite_ticket`.
pub const ENDINGS: [&str; 4] = ["token", "secret", "session_key", "ticket"];

/// Whether the value of a field with this name is a secret. Ignores case and separators: `accessToken`, `SESSION-KEY`.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let letters =
        |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let name = letters(name);
    ENDINGS.iter().any(|ending| name.ends_with(&letters(ending)))
}

/// Whether a text contains the name of a secret and something that may be its value: any text after `:` or `=`, or anywhere
/// a word that looks random. Takes linear time.
///
/// ```
/// use wecom_core::secret::names;
///
/// assert!(names::has_value("corpsecret=x"));
/// assert!(names::has_value("access_token hzQ0-9EbW3pZ_kT1vXy7 expired"));
/// assert!(!names::has_value("access_token expired, from ip: 192.0.2.1"));
/// ```
#[must_use]
pub fn has_value(text: &str) -> bool {
    // The name `token` alone may be a word of a sentence.
    let is_name = |word: &str| word.len() > "secret".len() && is_secret(word);
    let is_in_name = |character: char| character.is_ascii_alphanumeric() || "_-".contains(character);
    let plain = decoded(text);
    let mut before_values = plain.split([':', '=']).rev().skip(1);
    let mut words = plain.split(|character| !is_in_name(character));
    before_values.any(is_secret) || words.any(is_name) && opaque_words(&plain, &Redactor::default()).next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_follows_its_name_or_looks_random() {
        for text in [
            r#"{"access\u005ftoken":"x"#,
            "token: x",
            "corpid=ww1&corpsecret=",
            "<access_token>hzQ0-9EbW3pZ_kT1vXy7</access_token>",
            "hzQ0-9EbW3pZ_kT1vXy7 is no valid session_key",
        ] {
            assert!(has_value(text), "{text}");
        }
        for text in [
            "",
            "invalid access_token",
            "the ticket shop hzQ0-9EbW3pZ_kT1vXy7",
            "access_token expired, hint: [1691412528612130566906556], from ip: 192.0.2.1, more info at \
             https://open.work.weixin.qq.com/devtool/query?e=42001",
        ] {
            assert!(!has_value(text), "{text}");
        }
    }

    #[test]
    fn a_name_is_recognized_by_its_end_in_any_case() {
        for name in
            ["access_token", "accessToken", "corpsecret", "session_key", "sessionKey", "SESSION-KEY", "suite_ticket"]
        {
            assert!(is_secret(name), "{name}");
        }
        for name in ["", "tokens_left", "key", "chain_id", "session"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
