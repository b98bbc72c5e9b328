//! The checks, each in a module that is named after what it checks.

use std::time::Duration;

use crate::check::Check;
use crate::probe::{CheckResult, Probe};

mod broken_reply;
mod cancellation;
mod concurrency;
mod connection_reuse;
mod content_encoding;
mod delivery;
mod failures;
mod independence;
mod one_request;
mod redirects;
mod reply_body;
mod reply_headers;
mod reply_limit;
mod request_body;
mod request_headers;
mod request_line;
mod status;
mod time_limit;

/// How long a server keeps a silent connection open. Longer than any limit of the checks.
const HOLD: Duration = Duration::from_secs(10);

/// The body of a successful reply.
const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

pub(crate) async fn run(check: Check, probe: &Probe<'_>) -> CheckResult {
    match check {
        Check::AnyStatusIsOk => status::any_status(probe).await,
        Check::RedirectsAreNotFollowed => redirects::not_followed(probe).await,
        Check::MethodAndUrlArrive => request_line::arrives(probe).await,
        Check::HeadersArriveOnce => request_headers::arrive(probe).await,
        Check::BodyArrives => request_body::arrives(probe).await,
        Check::OneCallIsOneRequest => one_request::is_sent(probe).await,
        Check::CallsAreIndependent => independence::holds(probe).await,
        Check::ReplyBodyComesBack => reply_body::comes_back(probe).await,
        Check::ReplyHeadersComeBack => reply_headers::come_back(probe).await,
        Check::ReplyIsBounded => reply_limit::is_enforced(probe).await,
        Check::TimeLimitIsKept => time_limit::is_kept(probe).await,
        Check::RefusedConnectionIsAnError => delivery::refused_connection(probe).await,
        Check::NotSentIsTrue => delivery::not_sent_is_true(probe).await,
        Check::BrokenReplyIsAnError => broken_reply::is_an_error(probe).await,
        Check::ResetIsAnError => broken_reply::reset_is_an_error(probe).await,
        Check::DroppingCancels => cancellation::closes_the_connection(probe).await,
        Check::UsableAfterDropping => connection_reuse::after_dropping(probe).await,
        Check::UsableAfterFailure => connection_reuse::after_failure(probe).await,
        Check::ConnectionCloseIsHonored => connection_reuse::after_connection_close(probe).await,
        Check::ConnectionsAreReleased => connection_reuse::is_bounded(probe).await,
        Check::RepliesAreNotMixedUp => concurrency::replies_are_not_mixed_up(probe).await,
        Check::ErrorsHoldNoToken => delivery::errors_hold_no_token(probe).await,
    }
}
