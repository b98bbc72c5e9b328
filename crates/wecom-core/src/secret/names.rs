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

#[cfg(test)]
mod tests {
    use super::*;

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
