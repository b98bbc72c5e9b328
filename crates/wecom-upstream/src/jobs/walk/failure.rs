//! The effect of a failed call on a walk.

use wecom_core::{ErrCode, Error, ErrorKind};

use crate::jobs::pager::PageError;
use crate::jobs::transience::may_pass;

/// What the walk does after a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    /// Lists the rest of the group at the end of the walk.
    Defer,
    /// Continues without the rest of the group.
    Skip,
    /// Stops, because the next call would fail too.
    Stop,
}

impl Consequence {
    pub(crate) fn of(error: &PageError) -> Self {
        match error {
            PageError::Call(error) if may_pass(error) => Self::Defer,
            PageError::Call(error) if affects_every_call(error) => Self::Stop,
            _ => Self::Skip,
        }
    }
}

/// Returns whether a lasting error affects all calls of a walk, and not one group.
fn affects_every_call(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Api(api) => {
            let is_denied = error.is_permission_denied() && api.code != ErrCode::GROUP_FORBIDDEN;
            error.is_token_rejected() || error.is_ip_not_trusted() || is_denied || api.code == ErrCode::UNKNOWN_CHAIN
        }
        // A reply with a corp that cannot be decoded, or a page that is too large.
        ErrorKind::Decode(_) => false,
        ErrorKind::Transport(transport) => transport.kind() != wecom_core::TransportErrorKind::ReplyTooLarge,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::Delivery::NotSent;
    use wecom_core::TransportErrorKind::{Connect, ReplyTooLarge, Tls};

    use super::Consequence::{Defer, Skip, Stop};
    use super::*;
    use crate::samples::{call_error, reply_error, text_error};

    #[test]
    fn a_failure_is_waited_for_or_stops_the_walk_or_costs_its_group() {
        let of = |error: Error| Consequence::of(&error.into());
        for (code, expected) in
            [(-1, Defer), (45_009, Defer), (60_020, Stop), (670_002, Stop), (40_014, Stop), (48_002, Stop), (99, Skip)]
        {
            assert_eq!(of(reply_error(200, code)), expected, "{code}");
        }
        for (kind, expected) in [(Connect, Defer), (Tls, Stop), (ReplyTooLarge, Skip)] {
            assert_eq!(of(call_error(kind, NotSent)), expected, "{kind:?}");
        }
        for (text, expected) in [("<html>", Defer), ("garbage", Defer), (r#"{"errcode":0,"chains":7}"#, Skip)] {
            assert_eq!(of(text_error(text)), expected, "{text}");
        }
    }
}
