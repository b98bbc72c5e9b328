//! The texts of errors: short, and without the token.

use std::error::Error as StdError;

use wecom_core::secret::Redactor;
use wecom_core::{AccessToken, Error, Request};

/// The token of every request. Its percent-encoded form and its JSON forms all differ.
const TOKEN: &str = "canary/to+ken\"x";

/// The length that the texts of an error and its sources never reach.
const LENGTH_LIMIT: usize = 64 * 1024;

/// Adds the token that no error may show.
pub(crate) fn with_token(request: Request) -> Request {
    request.with_token(AccessToken::new(TOKEN))
}

/// Asserts that no text of an error shows the token in any form, and that the texts are short.
pub(crate) fn assert_redacted(error: &Error) {
    let mut text = format!("{error}\n{error:?}");
    let mut source = error.kind().source();
    while let Some(error) = source {
        text.push_str(&format!("\n{error}\n{error:?}"));
        source = error.source();
    }
    assert!(!Redactor::new([TOKEN]).finds_secret(&text), "the token is shown: {text}");
    assert!(text.len() < LENGTH_LIMIT, "{} bytes of text", text.len());
}
