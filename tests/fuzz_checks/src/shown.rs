//! What an error shows to a person.

use std::error::Error as StdError;

use wecom_core::secret::forms;
use wecom_core::{AccessToken, Error, Request};

/// Each of its forms is another text.
const TOKEN: &str = "canary/to+ken\"x";

/// What two errors that each quote a reply can't pass.
const LONGEST: usize = 64 * 1024;

/// The request with the token that no error may show.
pub(crate) fn with_token(request: Request) -> Request {
    request.with_token(AccessToken::new(TOKEN))
}

/// No text of the error holds the token, and none is as long as the reply may be.
pub(crate) fn assert_fit_to_show(error: &Error) {
    let mut shown = format!("{error}\n{error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        shown.push_str(&format!("\n{error}\n{error:?}"));
        source = error.source();
    }
    assert!(!forms::of(TOKEN).iter().any(|form| shown.contains(form)), "the token is shown: {shown}");
    assert!(shown.len() < LONGEST, "{} bytes are shown", shown.len());
}
