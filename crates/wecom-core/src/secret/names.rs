//! The names of fields that hold a secret.
//!
//! A query marks its secret values; a body of JSON does not, so there the vendor's names tell.
//!
//! ```
//! use wecom_core::secret::names;
//!
//! assert!(names::is_secret("access_token") && names::is_secret("corpsecret"));
//! assert!(!names::is_secret("chain_id"));
//! ```

/// How the name of a field ends that holds a secret: `access_token`, `corpsecret`, `session_key`, `suite_ticket`.
pub const ENDINGS: [&str; 4] = ["token", "secret", "session_key", "ticket"];

/// Whether a field of this name holds a secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}
