//! Which failed calls a job repeats.

use wecom_core::error::DecodeProblem;
use wecom_core::{Error, ErrorKind};

/// Returns whether the same call may succeed later: if its error is [transient](Error::is_transient), or the reply is not
/// WeCom's and may be that of a failing proxy.
pub(crate) fn may_pass(error: &Error) -> bool {
    let is_foreign = |problem| matches!(problem, DecodeProblem::Html | DecodeProblem::NotJson);
    error.is_transient() || matches!(error.kind(), ErrorKind::Decode(decode) if is_foreign(decode.problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{reply_error, text_error};

    #[test]
    fn a_transient_error_and_the_reply_of_a_proxy_may_pass() {
        for (code, expected) in [(-1, true), (45_009, true), (60_020, false), (670_002, false)] {
            assert_eq!(may_pass(&reply_error(200, code)), expected, "{code}");
        }
        for (text, expected) in
            [("<html>", true), ("garbage", true), ("", true), (r#"{"errcode":0,"chains":7}"#, false)]
        {
            assert_eq!(may_pass(&text_error(text)), expected, "{text}");
        }
    }
}
