//! The fault matrix: every fault that the client is made for, and the test that shows what comes of it.
//!
//! The rows of this suite are context end to end: the whole client, with credentials, retries and a deadline, over the real
//! transport, against a server on a raw socket ([`FaultServer`](wecom_conformance::FaultServer)) or, where the fault is in the
//! service, against the simulator on a socket. `case.rs` says what a [`FaultCase`](case::FaultCase) asserts of each: kind, delivery, time,
//! no secret in any text, how often the server saw the call, and that the next calls go well.
//!
//! Here: a module of this suite. core: `crates/wecom-core/tests/`. hyper: `crates/wecom-hyper/tests/it/`.
//!
//! | fault | what comes of it | test |
//! |---|---|---|
//! | DNS fails | `Dns`, not sent, any call repeated | `connecting::dns_failure`; hyper `resolving.rs::what_a_resolver_does_not_know_is_not_sent` |
//! | DNS hangs | `Timeout` at the connect limit, not sent | `connecting::dns_hang`; hyper `resolving.rs::a_resolver_that_hangs_ends_at_the_connect_limit` |
//! | connection refused | `Connect`, not sent | `connecting::connection_refused`; hyper `connecting.rs::a_refused_connection_has_sent_nothing` |
//! | connection black-holed | `Timeout` at the connect limit, not sent | `connecting::connection_black_holed` (Linux); hyper `resolving.rs::a_dead_address_alone_takes_no_longer_than_the_connect_limit` |
//! | TLS stalls | `Timeout` at the connect limit, not sent | `connecting::tls_stall`; hyper `connecting.rs::a_tls_handshake_without_an_answer_ends_at_the_connect_limit` |
//! | TLS broken off | `Tls`, not sent, not repeated | `connecting::tls_broken_off` |
//! | unknown certificate authority | `Tls`, not sent, not repeated | `connecting::unknown_certificate_authority`; hyper `tls.rs::a_certificate_of_an_unknown_authority_is_refused` |
//! | certificate for another host | `Tls`, not sent | hyper `tls.rs::a_certificate_for_another_host_is_refused` |
//! | empty trust store | no transport is built | hyper `tls.rs::a_builder_without_any_roots_says_so` |
//! | both crypto providers compiled in | each makes connections, none is installed | hyper `tls.rs::each_crypto_provider_makes_connections_and_none_is_installed` (with all features) |
//! | FIN or RST on a new connection | `ConnectionLost` or `Connect`, as early as it comes | `breaking::fin_on_a_new_connection`, `breaking::reset_on_a_new_connection` |
//! | FIN on an idle pooled connection | an import goes through, seen once | `breaking::fin_on_an_idle_pooled_connection`; hyper `reuse.rs` |
//! | FIN and a request cross | goes through, or may have been carried out; never twice | `breaking::fin_crosses_a_request` |
//! | request read, then FIN | `ConnectionLost`, reads repeated, an import seen once | `breaking::request_read_and_connection_closed`, `breaking::request_read_and_connection_half_closed` |
//! | request read, then RST | the same | `breaking::request_read_and_connection_reset` |
//! | reset mid-reply | the same | `breaking::reset_mid_reply` |
//! | reply shorter than its length, short chunk | the same | `breaking::reply_shorter_than_its_length`, `breaking::chunk_shorter_than_its_length` |
//! | reply longer than its length | `Truncated`, not repeated, connection not used again | `breaking::reply_longer_than_its_length` |
//! | silence after the request, or before it is read | `Timeout` at the attempt's limit, whatever the deadline | `limits::silence`, `limits::silent_connection`, `limits::stall_mid_reply` |
//! | one byte a second | the same | `limits::one_byte_a_second`; hyper `hostile.rs::a_reply_that_only_trickles_ends_at_the_limit` |
//! | oversize and endless replies | `ReplyTooLarge`, not repeated; `Protocol` for a head | `limits::oversize_reply`, `limits::endless_reply`, `limits::endless_head`; memory: `reply_memory.rs` |
//! | garbage instead of HTTP | `Protocol` | `replies::garbage_instead_of_http` |
//! | 200 with HTML, empty, 204 | `Html`, `Empty`, not repeated | `replies::html_with_status_200`, `replies::empty_reply`, `replies::status_204` |
//! | no JSON, half of it, somebody else's | `NotJson`, `Truncated`, `Foreign` or `Shape` | `replies::reply_that_is_not_json`, `replies::json_that_breaks_off`, `replies::json_of_somebody_else` |
//! | control characters, byte order mark | read as they are meant | `replies::control_characters_and_a_byte_order_mark` |
//! | bad UTF-8 | `NotJson`, not repeated | `replies::bad_utf_8` |
//! | 5xx and 429 without `Retry-After` | `Status`, reads repeated | `replies::status_5xx_without_retry_after`, `replies::status_429_without_retry_after` |
//! | 5xx and 429 with `Retry-After` | waited for; beyond the deadline the call ends | `replies::status_429_and_5xx_with_retry_after`, `replies::retry_after_beyond_the_deadline` |
//! | 4xx | `Status`, not repeated | `replies::status_4xx` |
//! | 3xx | `Status`, not followed, the token goes nowhere | `replies::redirect` |
//! | a refusal that echoes secrets | they are taken out | `replies::refusal_that_echoes_secrets`; any form: `properties.rs`, `canary.rs` |
//! | GOAWAY | not sent, any call repeated, on another connection | `http2::goaway`; hyper `http2.rs` |
//! | REFUSED_STREAM | not sent, any call repeated, on the same connection | `http2::refused_stream` |
//! | dead HTTP/2 connection | found out by pings, not used again | `http2::dead_connection` |
//! | proxy answers 407 | to `CONNECT`: `Connect`, not sent; to a request: `Status` | `connecting::proxy_407`, `replies::status_407`; hyper `proxy.rs` |
//! | proxy hangs | `Timeout` at the connect limit, not sent | `connecting::proxy_hang` |
//! | -1 twice, then well | well, for a call that may be repeated and for `gettoken` | `refusals::busy_twice_and_then_well`; core `survive/retries.rs::busy_twice_and_then_well_is_well_after_waits_of_up_to_half_a_second_and_a_second` |
//! | -1 for ever, and for an import | three attempts; one | `refusals::busy_for_ever`, `refusals::busy_for_an_import` |
//! | 45009 | not repeated, the endpoint is left alone, its siblings go on | `refusals::too_often`; core `survive/quotas.rs::too_often_closes_that_endpoint_for_a_minute_while_its_siblings_go_on` |
//! | 45033 | repeated after a second | `refusals::too_many_at_once`; core `survive/quotas.rs::too_many_at_once_halves_what_is_sent_and_it_grows_again` |
//! | 42001, 40014 once | the token is replaced, the call repeated | `refusals::token_expired_once`, `refusals::token_invalid_once` |
//! | 42001, 40014 for ever | replaced once and no more | `refusals::token_expired_for_ever`, `refusals::token_invalid_for_ever` |
//! | 1,000 tasks at expiry | one fetch | `tokens::a_thousand_tasks_at_expiry`, `tokens::a_hundred_tasks_at_expiry_over_sockets`; core `survive/renewal.rs::a_thousand_calls_at_the_expiry_share_one_fetch` |
//! | late refusal of an old token | the new one stays | core `tokens.rs::a_late_refusal_of_an_old_token_keeps_the_new_one` |
//! | `expires_in` 0, negative, absent, huge | the token serves until it is refused | `tokens::expires_in_zero_negative_absent_or_huge`; core `tokens.rs::a_validity_that_is_zero_negative_or_endless_does_not_cause_a_fetch_a_call` |
//! | 40001 at `gettoken`, 100 callers | asked once, never again | `tokens::wrong_credentials_with_a_hundred_callers`; core `survive/renewal.rs::a_hundred_calls_with_wrong_credentials_ask_once` |
//! | early refresh fails | nobody sees it, tried again a minute later | `tokens::early_refresh_fails`, `tokens::early_refresh_hangs`; core `survive/renewal.rs::a_renewal_that_fails_is_invisible_and_tried_again_a_minute_later` |
//! | token rotated by another process | the next refusal brings the new one | `tokens::token_rotated_by_another_process`; with a store: core `survive/stores.rs::a_token_that_another_process_has_rotated_is_taken_from_the_store` |
//! | leader cancelled | one of those who wait takes over | `tokens::leader_cancelled`; core `tokens.rs::a_leader_that_is_dropped_leaves_the_fetch_to_one_of_those_who_wait` |
//! | all callers cancelled | the next call fetches | `tokens::all_callers_cancelled`; core `tokens.rs::those_who_wait_may_all_be_dropped_too` |
//! | cancelled at any poll | done or not done, nothing is left over, the next call goes well | `cancelling::add_rule_dropped_at_every_poll`, `cancelling::remove_corp_dropped_at_every_poll`, each also `…_while_the_token_is_fetched_too` |
//! | clock jumps by an hour | a fetch at most; within a call, its deadline at most | `clocks::clock_jumps_by_an_hour_between_calls`, `clocks::clock_jumps_by_an_hour_within_a_call`; core `survive/renewal.rs::a_clock_that_jumps_by_an_hour_costs_a_fetch_or_a_refusal_and_no_call` |
//! | a minute of total failure | a fifth of extra load at most, then all is well | `clocks::a_minute_of_total_failure`; core `survive/retries.rs::a_minute_of_total_failure_meets_no_more_than_a_fifth_of_extra_load_and_then_all_is_well` |
//! | upstream and downstream tokens expired at once | one fetch each, the right one dropped | core `survive/downstream.rs::upstream_and_downstream_tokens_that_expire_at_once_cost_one_fetch_each` |
//! | a cursor that repeats | `RepeatedCursor`, before an item is given twice | `crates/wecom-upstream/tests/pager/circles.rs::a_cursor_that_repeats_is_an_error_and_no_loop` |
//! | a cursor from elsewhere | WeCom's refusal | `crates/wecom-upstream/tests/pager/circles.rs::a_cursor_from_elsewhere_is_refused_by_the_service_and_the_refusal_passed_on` |

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
