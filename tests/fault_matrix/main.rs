//! The fault matrix: every fault that the client handles, its outcome, and the test that shows it.
//!
//! Each test of this suite runs end to end: a whole client with credentials, retries and a deadline, the real transport, and a
//! server. Faults of the network come from a server on a raw socket, [`FaultServer`](wecom_conformance::FaultServer); faults of
//! the service come from the simulator on a socket. [`FaultCase`](case::FaultCase) lists the assertions.
//!
//! A test without a file name is in a module of this suite. "core" stands for `crates/wecom-core/tests/`, "hyper" for
//! `crates/wecom-hyper/tests/it/`.
//!
//! | fault | outcome | test |
//! |---|---|---|
//! | DNS fails | `Dns`, not sent, any call repeated | `connecting::dns_failure`; hyper `resolving.rs::a_call_to_an_unknown_name_is_not_sent` |
//! | DNS hangs | `Timeout` at the connect limit, not sent | `connecting::dns_hang`; hyper `resolving.rs::a_resolver_that_hangs_ends_at_the_connect_limit` |
//! | connection refused | `Connect`, not sent | `connecting::connection_refused`; hyper `connecting.rs::a_refused_connection_has_sent_nothing` |
//! | connection black-holed | `Timeout` at the connect limit, not sent | `connecting::connection_black_holed` (Linux); hyper `resolving.rs::a_dead_address_alone_takes_no_longer_than_the_connect_limit` |
//! | TLS handshake stalls | `Timeout` at the connect limit, not sent | `connecting::tls_stall`; hyper `connecting.rs::a_tls_handshake_without_an_answer_ends_at_the_connect_limit` |
//! | TLS handshake aborted | `Tls`, not sent, not repeated | `connecting::tls_handshake_aborted` |
//! | unknown certificate authority | `Tls`, not sent, not repeated | `connecting::unknown_certificate_authority`; hyper `tls.rs::a_certificate_of_an_unknown_authority_is_refused` |
//! | certificate for another host | `Tls`, not sent | hyper `tls.rs::a_certificate_for_another_host_is_refused` |
//! | empty trust store | building the transport fails | hyper `tls.rs::a_builder_without_roots_fails` |
//! | both crypto providers compiled in | each makes connections, neither becomes the process default | hyper `tls.rs::each_crypto_provider_works_and_none_is_installed` (with all features) |
//! | FIN or RST on a new connection | `ConnectionLost`, or `Connect` if the client notices before it sends | `breaking::fin_on_a_new_connection`, `breaking::reset_on_a_new_connection` |
//! | FIN on an idle pooled connection | an import succeeds, received once | `breaking::fin_on_an_idle_pooled_connection`; hyper `reuse.rs` |
//! | FIN and a request cross | success or `Delivery::Unknown`; never received twice | `breaking::fin_crosses_a_request` |
//! | FIN after the request | `ConnectionLost`, reads repeated, an import received once | `breaking::connection_closed_after_the_request`, `breaking::connection_half_closed_after_the_request` |
//! | RST after the request | the same | `breaking::connection_reset_after_the_request` |
//! | RST in the middle of a reply | the same | `breaking::reset_mid_reply` |
//! | reply shorter than its length, short chunk | the same | `breaking::reply_shorter_than_its_length`, `breaking::chunk_shorter_than_its_length` |
//! | reply longer than its length | `Truncated`, not repeated, connection not reused | `breaking::reply_longer_than_its_length` |
//! | silence before or after the request is read | `Timeout` at the time limit of the attempt, regardless of the deadline | `limits::silence`, `limits::silent_connection`, `limits::stall_mid_reply` |
//! | a reply of one byte a second | the same | `limits::one_byte_a_second`; hyper `hostile.rs::a_reply_that_trickles_ends_at_the_time_limit` |
//! | oversize and endless replies | `ReplyTooLarge`, not repeated; `Protocol` for an endless head | `limits::oversize_reply`, `limits::endless_reply`, `limits::endless_head`; memory: `reply_memory.rs` |
//! | garbage instead of HTTP | `Protocol` | `replies::garbage_instead_of_http` |
//! | HTML or no body with status 200, status 204 | `Html`, `Empty`, not repeated | `replies::html_with_status_200`, `replies::empty_reply`, `replies::status_204` |
//! | a body without JSON, truncated JSON, JSON of another service | `NotJson`, `Truncated`, `Foreign` or `Shape` | `replies::reply_without_json`, `replies::truncated_json`, `replies::json_of_another_service` |
//! | control characters, byte order mark | decoded | `replies::control_characters_and_a_byte_order_mark` |
//! | bad UTF-8 | in a string: replacement characters; elsewhere: `NotJson`, not repeated | `replies::bad_utf_8_in_a_string`, `replies::bad_utf_8_outside_of_strings` |
//! | 5xx and 429 without `Retry-After` | `Status`, reads repeated | `replies::status_5xx_without_retry_after`, `replies::status_429_without_retry_after` |
//! | 5xx and 429 with `Retry-After` | repeated after that time; `Status` at once if it exceeds the deadline | `replies::status_429_and_5xx_with_retry_after`, `replies::retry_after_beyond_the_deadline` |
//! | 4xx | `Status`, not repeated | `replies::status_4xx` |
//! | 3xx | `Status`, not followed, the token is sent nowhere | `replies::redirect` |
//! | a refusal that echoes secrets | redacted | `replies::refusal_that_echoes_secrets`; any form: `properties.rs`, `canary.rs` |
//! | GOAWAY | not sent, any call repeated on another connection | `http2::goaway`; hyper `http2.rs` |
//! | REFUSED_STREAM | not sent, any call repeated on the same connection | `http2::refused_stream` |
//! | dead HTTP/2 connection | detected by pings, not reused | `http2::dead_connection` |
//! | proxy replies 407 | to `CONNECT`: `Connect`, not sent; to a request: `Status` | `connecting::proxy_407`, `replies::status_407`; hyper `proxy.rs` |
//! | proxy hangs | `Timeout` at the connect limit, not sent | `connecting::proxy_hang` |
//! | -1 twice, then success | success, for a call that may be repeated and for `gettoken` | `refusals::busy_twice_then_success`; core `resilience/retries.rs::a_call_succeeds_after_two_busy_replies_and_backoffs_of_up_to_half_a_second_and_a_second` |
//! | -1 always, and for an import | error after three attempts; after one for the import | `refusals::always_busy`, `refusals::busy_for_an_import` |
//! | 45009 | not repeated; the quota blocks this endpoint and no other | `refusals::rate_limited`; core `resilience/quotas.rs::frequency_exceeded_blocks_that_endpoint_for_a_minute_and_no_other` |
//! | 45033 | repeated after a second | `refusals::too_many_concurrent_calls`; core `resilience/quotas.rs::concurrency_exceeded_halves_the_limit_which_grows_again` |
//! | 42001, 40014 once | the token is refreshed, the call repeated | `refusals::token_expired_once`, `refusals::token_invalid_once` |
//! | 42001, 40014 always | one refresh, then the error | `refusals::token_always_expired`, `refusals::token_always_invalid` |
//! | 1,000 tasks at expiry | one fetch | `tokens::a_thousand_tasks_at_expiry`, `tokens::a_hundred_tasks_at_expiry_over_sockets`; core `resilience/renewal.rs::a_thousand_calls_at_the_expiry_share_one_fetch` |
//! | late refusal of an old token | the new token stays | core `tokens.rs::a_late_refusal_of_an_old_token_keeps_the_new_one` |
//! | `expires_in` 0, negative, absent, huge | the token is used until it is refused | `tokens::expires_in_zero_negative_absent_or_huge`; core `tokens.rs::a_zero_negative_or_endless_validity_does_not_cause_a_fetch_for_each_call` |
//! | 40001 from `gettoken`, 100 callers | one fetch, never repeated | `tokens::wrong_credentials_with_a_hundred_callers`; core `resilience/renewal.rs::a_hundred_calls_with_wrong_credentials_fetch_once` |
//! | 45009 or 60020 from `gettoken` | no fetch for a minute or ten seconds | core `resilience/unpolled.rs::a_gettoken_refused_for_frequency_or_ip_is_not_repeated_for_a_while` |
//! | early refresh fails | no call fails, next try a minute later | `tokens::early_refresh_fails`, `tokens::early_refresh_hangs`; core `resilience/renewal.rs::a_failed_renewal_fails_no_call_and_is_repeated_a_minute_later` |
//! | token rotated by another process | the next refusal leads to a refresh | `tokens::token_rotated_by_another_process`; with a store: core `resilience/stores.rs::a_token_that_another_process_rotated_is_taken_from_the_store` |
//! | the caller that started the token fetch is cancelled | the other callers complete the fetch, or share the next one if it hangs | `tokens::leader_cancelled`, `tokens::leader_cancelled_while_the_fetch_hangs`; core `tokens.rs::a_fetch_outlives_the_caller_that_began_it` |
//! | all callers of a token fetch are cancelled | the next call completes the fetch, or starts another if it hangs | `tokens::all_callers_cancelled`, `tokens::all_callers_cancelled_while_the_fetch_hangs`; core `tokens.rs::a_fetch_without_waiting_callers_is_continued_by_the_next_call` |
//! | callers that are not polled | hold no other caller | core `tokens.rs::a_caller_that_is_never_polled_again_delays_no_other_caller` |
//! | call dropped after any number of polls | carried out or not, no resource leaks, the next call succeeds | `cancelling::add_rule_dropped_at_every_poll`, `cancelling::remove_corp_dropped_at_every_poll`, `cancelling::add_rule_dropped_at_every_poll_while_the_token_is_fetched_too`, `cancelling::remove_corp_dropped_at_every_poll_while_the_token_is_fetched_too` |
//! | clock jumps by an hour | at most one fetch; within a call, at most its deadline | `clocks::clock_jumps_by_an_hour_between_calls`, `clocks::clock_jumps_by_an_hour_within_a_call`; core `resilience/renewal.rs::a_clock_that_jumps_by_an_hour_fails_no_call` |
//! | a minute of total failure | at most a fifth of extra load, then recovery | `clocks::a_minute_of_total_failure`; core `resilience/retries.rs::a_minute_of_total_failure_adds_at_most_a_fifth_of_load_and_then_calls_succeed` |
//! | upstream and downstream tokens expire at once | one fetch each, the right one dropped | core `resilience/downstream.rs::upstream_and_downstream_tokens_that_expire_together_cost_one_fetch_each` |
//! | a cursor repeats | `RepeatedCursor`, before any item is returned twice | `crates/wecom-upstream/tests/pager/cycles.rs::a_repeated_cursor_is_an_error` |
//! | a cursor of another list | WeCom's refusal | `crates/wecom-upstream/tests/pager/cycles.rs::an_unknown_cursor_is_an_error_of_the_call` |

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

mod breaking;
mod cancelling;
mod case;
mod clocks;
mod connecting;
mod harness;
mod http2;
mod limits;
mod refusals;
mod replies;
mod service;
mod tokens;

/// The files and functions that the table names: `file.rs` or `file.rs::function`, below the folder that comes before it.
#[test]
fn every_test_that_the_table_names_exists() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let text = include_str!("main.rs");
    let rows = text.lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1);
    let mut count = 0;
    for row in rows {
        let tests = row.rsplit(" | ").next().unwrap();
        let pieces: Vec<_> = tests.split('`').collect();
        let mut folder = "tests";
        for pair in pieces.chunks(2) {
            let [before, name] = pair else { continue };
            if before.contains("core ") {
                folder = "crates/wecom-core/tests";
            } else if before.contains("hyper ") {
                folder = "crates/wecom-hyper/tests/it";
            }
            let (file, function) = name.split_once("::").unwrap_or((name, ""));
            let file = match file.strip_suffix(".rs") {
                None => format!("tests/fault_matrix/{file}.rs"),
                Some(_) if file.starts_with("crates/") => file.to_owned(),
                Some(_) => format!("{folder}/{file}"),
            };
            let source =
                std::fs::read_to_string(format!("{root}/{file}")).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(source.contains(&format!("fn {function}")), "{file} has no test {function}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}
