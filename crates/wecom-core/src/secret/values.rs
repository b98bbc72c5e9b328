//! Values of secret fields in texts of any format.

use crate::secret::forms::decoded;
use crate::secret::message::opaque_words;
use crate::secret::names::is_secret;
use crate::secret::redactor::Redactor;

/// Returns whether a text contains the name of a secret and something that may be its value: any text after `:` or `=`,
/// or a word that looks random, anywhere in the text. Takes linear time.
///
/// ```
/// use wecom_core::secret::values;
///
/// assert!(values::has_secret("corpsecret=x"));
/// assert!(values::has_secret("access_token hzQ0-9EbW3pZ_kT1vXy7 expired"));
/// assert!(!values::has_secret("access_token expired, from ip: 192.0.2.1"));
/// ```
#[must_use]
pub fn has_secret(text: &str) -> bool {
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
            assert!(has_secret(text), "{text}");
        }
        for text in [
            "",
            "invalid access_token",
            "the ticket shop hzQ0-9EbW3pZ_kT1vXy7",
            "access_token expired, hint: [1691412528612130566906556], from ip: 192.0.2.1, more info at \
             https://open.work.weixin.qq.com/devtool/query?e=42001",
        ] {
            assert!(!has_secret(text), "{text}");
        }
    }
}
