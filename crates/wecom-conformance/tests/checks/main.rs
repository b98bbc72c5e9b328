//! The conformance suite passes a transport that keeps the contract, and catches one that breaks a promise of it by the
//! check of that promise and no other.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "the transports here are real ones, on threads and in real time")]

mod exchanges;
mod plain;

use pollster::block_on;
use wecom_conformance::{Check, Report, Verdict, check, check_local};
use wecom_core::Transport;
use wecom_core::http::AsLocal;

use crate::plain::{Flaw, Plain};

fn report_on(flaw: Flaw) -> Report {
    block_on(check(&Plain::with(flaw)))
}

#[test]
fn a_transport_that_keeps_the_contract_passes_without_a_warning() {
    let report = block_on(check(&Plain::default()));
    assert!(report.verdicts().all(|(_, verdict)| *verdict == Verdict::Passed), "{report}");
    assert!(report.verdicts().map(|(check, _)| check).eq(Check::ALL.iter().copied()));
    report.assert();
}

#[test]
fn a_local_transport_and_one_behind_a_pointer_can_be_checked() {
    let behind: Box<dyn Transport> = Box::new(Plain::default());
    block_on(check(&*behind)).assert();
    block_on(check_local(&AsLocal(behind))).assert();
}

macro_rules! caught {
    ($($name:ident: $flaw:ident => $check:ident,)+) => {$(
        #[test]
        fn $name() {
            let report = report_on(Flaw::$flaw);
            assert!(report.failures().eq([Check::$check]), "{report}");
        }
    )+};
}

caught! {
    a_status_taken_for_an_error_is_caught: TakesStatusForError => AnyStatusIsOk,
    a_body_lost_with_an_error_status_is_caught: DropsBodiesOfErrors => AnyStatusIsOk,
    a_followed_redirect_is_caught: FollowsRedirects => RedirectsAreNotFollowed,
    a_lost_query_is_caught: LosesQuery => MethodAndUrlArrive,
    dropped_headers_are_caught: DropsHeaders => HeadersArriveOnce,
    headers_sent_twice_are_caught: SendsHeadersTwice => HeadersArriveOnce,
    a_body_sent_as_text_is_caught: SendsBodyAsText => BodyArrives,
    a_body_on_a_get_is_caught: SendsBodyOnGet => BodyArrives,
    a_repetition_after_a_503_is_caught: RepeatsOnStatus => OneCallIsOneRequest,
    a_repetition_after_a_lost_connection_is_caught: RepeatsOnLostConnection => OneCallIsOneRequest,
    a_reply_read_as_text_is_caught: ReadsText => ReplyBodyComesBack,
    gzip_that_was_asked_for_and_not_unpacked_is_caught: AsksForGzip => ReplyBodyComesBack,
    lost_reply_headers_are_caught: LosesReplyHeaders => ReplyHeadersComeBack,
    a_second_reply_header_lost_is_caught: JoinsReplyHeaders => ReplyHeadersComeBack,
    an_unbounded_reply_is_caught: TakesAnySize => ReplyIsBounded,
    an_ignored_limit_is_caught: IgnoresLimit => TimeLimitIsKept,
    a_limit_for_each_read_is_caught: LimitsEachRead => TimeLimitIsKept,
    a_refusal_taken_for_a_reply_is_caught: TakesRefusalForReply => RefusedConnectionIsAnError,
    not_sent_after_a_lost_connection_is_caught: LiesNotSent => LostConnectionMayBeDelivered,
    not_sent_after_a_broken_reply_is_caught: LiesNotSentOnBrokenReply => BrokenReplyIsAnError,
    a_truncated_reply_is_caught: Truncates => BrokenReplyIsAnError,
    a_connection_kept_by_a_dropped_call_is_caught: KeepsConnectionWhenDropped => DroppingCancels,
    a_failure_after_a_dropped_call_is_caught: FailsAfterDrop => UsableAfterDropping,
    mixed_replies_are_caught: MixesReplies => RepliesAreNotMixedUp,
}

macro_rules! warned_of {
    ($($name:ident: $flaw:ident => $check:ident, $text:literal;)+) => {$(
        #[test]
        fn $name() {
            let report = report_on(Flaw::$flaw);
            report.assert();
            assert!(report.warnings().eq([Check::$check]), "{report}");
            assert!(report.to_string().contains($text), "{report}");
        }
    )+};
}

warned_of! {
    a_refusal_that_may_have_been_sent_is_warned_of: DoubtsRefusal => RefusedConnectionIsAnError, "say Delivery::NotSent";
    a_timeout_by_another_name_is_warned_of: CallsTimeoutsOther => TimeLimitIsKept, "say TransportErrorKind::Timeout";
    a_call_that_goes_on_when_dropped_is_warned_of: GoesOnWhenDropped => DroppingCancels, "until its time limit";
    a_call_that_blocks_is_warned_of: BlocksThread => DroppingCancels, "blocks the thread";
    a_url_in_an_error_is_warned_of: ShowsUrl => ErrorsHoldNoToken, "leave the URL out";
}
