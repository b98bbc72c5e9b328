//! Replays that fail, and their reports.

use wecom_core::http::Query;
use wecom_core::{Delivery, Request, Response, Secret, Transport, TransportErrorKind};
use wecom_mock::{Cassette, Player};

use crate::support::{
    GET_RESULT, LIST_IDS, client, get_result, list_ids, panic_text, recorded, recorded_once, replay, text, through_file,
};

fn one() -> Cassette {
    recorded_once(get_result("job1"), Ok(Response::new(200, "{}")))
}

#[test]
fn the_error_of_another_request_shows_the_nearest_entry_and_the_differences() {
    let player = Player::new(through_file(&recorded()));
    let error = list_ids(&client(player.clone(), "canary-other"), "ch2").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("nearest: entry 2: {") && text.contains("{\"chain_id\":\"ch1\",\"limit\":10}"), "{text}");
    assert!(text.contains("body.chain_id is \"ch2\", expected \"ch1\""), "{text}");
    assert!(!text.contains("limit is") && !format!("{error:?}{text}").contains("canary"), "{text}");
    let report = player.try_verify().unwrap_err().to_string();
    assert!(report.contains("not used: entry 2: {") && report.contains("call: {"), "{report}");
    assert_eq!(report.matches("\"call\":\"POST corpgroup/rule/list_ids\"").count(), 4, "{report}");
}

#[test]
fn the_error_shows_a_different_endpoint_query_body_or_token() {
    for (request, difference) in [
        (Request::new(&LIST_IDS), "the cassette has no unused entry for this endpoint"),
        (get_result("job2"), "query.jobid is \"job2\", expected \"job1\""),
        (Request::new(&GET_RESULT), "query is absent, expected {\"jobid\":\"job1\"}"),
        (get_result("job1").with_body("{}"), "body is {}, expected absent"),
        (
            get_result("job1").with_token(wecom_core::AccessToken::new("canary")),
            "secrets is {\"access_token\":\"***\"}, expected absent",
        ),
    ] {
        let player = Player::new(one());
        let error = replay(&player, request).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Other, Delivery::NotSent));
        assert!(text(&error).contains(difference), "{error}");
        assert!(player.try_verify().is_err());
    }
}

#[test]
fn a_query_name_that_occurs_twice_is_compared_twice() {
    let twice = |second: &str| {
        let mut query = Query::new();
        query.push("id", "1");
        query.push("id", second.to_owned());
        Request::new(&GET_RESULT).with_query(query)
    };
    let cassette = recorded_once(twice("2"), Ok(Response::new(200, "{}")));
    replay(&Player::new(cassette.clone()), twice("2")).unwrap();
    let player = Player::new(cassette);
    assert!(replay(&player, twice("3")).is_err());
    assert!(player.try_verify().is_err());
}

#[test]
fn a_request_without_a_match_uses_no_entry() {
    let player = Player::new(one());
    assert!(replay(&player, get_result("job2")).is_err());
    assert!(replay(&player, get_result("job1")).is_ok());
    assert!(player.try_verify().unwrap_err().to_string().contains("no unused entry of the cassette matches"));
}

#[test]
fn a_request_after_all_entries_are_used_fails() {
    let player = Player::new(one());
    replay(&player, get_result("job1")).unwrap();
    player.verify();
    let error = text(&replay(&player, get_result("job1")).unwrap_err());
    assert!(error.contains("no unused entry for this endpoint"), "{error}");
    assert!(panic_text(move || drop(player)).contains("no unused entry for this endpoint"));
}

#[test]
fn dropping_the_last_clone_panics_if_there_are_unused_entries() {
    let player = Player::new(recorded());
    let clone = player.clone();
    assert_eq!(panic_text(move || drop(player)), "");
    let report = panic_text(move || drop(clone));
    assert!(report.contains("not used: entry 1: {\"call\":\"GET gettoken\"") && report.contains("entry 4"), "{report}");
    assert!(!report.contains("canary"), "{report}");
}

#[test]
fn verify_panics_with_the_report_and_dropping_the_player_does_not_panic_again() {
    let player = Player::new(one());
    assert!(panic_text(|| player.verify()).contains("not used: entry 1: {\"call\":\"GET corpgroup/getresult\""));
    assert_eq!(panic_text(move || drop(player)), "");
}

#[test]
fn a_player_does_not_panic_during_another_panic() {
    let report = panic_text(|| {
        let _player = Player::new(one());
        assert_eq!(1, 2, "the first panic");
    });
    assert!(report.contains("the first panic") && !report.contains("get_result"), "{report}");
}

#[test]
fn five_unmatched_calls_and_unused_entries_are_reported_and_the_others_counted() {
    let recorder = wecom_mock::Recorder::new(wecom_core::from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    for _ in 0..20 {
        pollster::block_on(Transport::send(&recorder, get_result("job1"))).unwrap();
    }
    let player = Player::new(recorder.cassette());
    (0..9).for_each(|_| drop(replay(&player, get_result("job2"))));
    let report = player.try_verify().unwrap_err().to_string();
    assert_eq!((report.matches("call: ").count(), report.matches("not used: entry").count()), (5, 5));
    assert!(report.contains("and 4 more calls") && report.contains("and 15 more entries"), "{report}");
}

#[test]
fn no_report_shows_a_secret() {
    let request = |secrets: [&'static str; 2], jobid: &str| {
        let mut query = Query::new();
        query.push("jobid", jobid);
        for (name, secret) in ["corpsecret", "suite_secret"].into_iter().zip(secrets) {
            query.push_secret(name, Secret::new(secret));
        }
        Request::new(&GET_RESULT).with_query(query).with_body(format!(r#"{{"session_key":"{}"}}"#, secrets[1]))
    };
    let reply = Ok(Response::new(200, "{}"));
    let player = Player::new(recorded_once(request(["canary-1", "canary-2"], "job1"), reply));
    let error = replay(&player, request(["canary-3", "canary-4"], "canary-3")).unwrap_err();
    let text = format!("{error} {error:?} {}", player.try_verify().unwrap_err());
    assert!(text.contains("query.jobid is \"***\", expected \"job1\"") && !text.contains("canary"), "{text}");
    replay(&player, request(["canary-3", "canary-3"], "job1")).unwrap();
}

#[test]
fn a_secret_of_the_body_is_not_shown_in_another_field() {
    let request = |key: &str, note: &str| {
        Request::new(&LIST_IDS).with_body(format!(r#"{{"session_key":["{key}"],"note":"of {note}"}}"#))
    };
    let cassette =
        recorded_once(Request::new(&LIST_IDS).with_body(r#"{"note":"of no one"}"#), Ok(Response::new(200, "{}")));
    let player = Player::new(cassette);
    let text = text(&replay(&player, request("canary-2", "canary-2")).unwrap_err());
    assert!(text.contains("body.note is \"***\", expected \"of no one\""), "{text}");
    assert!(!format!("{text} {}", player.try_verify().unwrap_err()).contains("canary"), "{text}");
}
