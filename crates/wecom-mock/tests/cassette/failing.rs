//! When a replay fails the test, and what it says.

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
fn another_request_fails_at_once_with_the_entry_and_the_difference() {
    let player = Player::new(through_file(&recorded()));
    let error = list_ids(&client(player.clone(), "canary-other"), "ch2").unwrap_err();
    let text = error.to_string();
    assert!(text.contains("entry 2 is: list_ids {\"chain_id\":\"ch1\",\"limit\":10}"), "{text}");
    assert!(text.contains("body.chain_id is \"ch2\", expected \"ch1\""), "{text}");
    assert!(!text.contains("limit is") && !format!("{error:?}{text}").contains("canary"), "{text}");
    let report = player.try_verify().unwrap_err().to_string();
    assert!(report.contains("entry 2 was not played") && report.contains("came: list_ids"), "{report}");
}

#[test]
fn another_endpoint_query_or_body_is_named() {
    for (request, difference) in [
        (Request::new(&LIST_IDS), "it is POST corpgroup/rule/list_ids, expected GET corpgroup/getresult"),
        (get_result("job2"), "query.jobid is \"job2\", expected \"job1\""),
        (Request::new(&GET_RESULT), "query.jobid is absent, expected \"job1\""),
        (get_result("job1").with_body("{}"), "body is {}, expected absent"),
        (
            get_result("job1").with_token(wecom_core::AccessToken::new("canary")),
            "it has an access token, expected none",
        ),
    ] {
        let player = Player::new(one());
        let error = replay(&player, request).unwrap_err();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Other, Delivery::NotSent));
        assert!(text(&error).contains(difference) && text(&error).contains("entry 1 is: get_result"), "{error}");
        assert!(player.try_verify().is_err());
    }
}

#[test]
fn a_pair_that_stands_twice_in_the_query_is_compared_twice() {
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
fn a_refused_request_leaves_the_entry_for_the_right_one() {
    let player = Player::new(one());
    assert!(replay(&player, get_result("job2")).is_err());
    assert!(replay(&player, get_result("job1")).is_ok());
    assert!(player.try_verify().unwrap_err().to_string().contains("not the recorded one"));
}

#[test]
fn a_request_behind_the_end_fails() {
    let player = Player::new(one());
    replay(&player, get_result("job1")).unwrap();
    player.verify();
    let error = text(&replay(&player, get_result("job1")).unwrap_err());
    assert!(error.contains("the cassette has ended"), "{error}");
    assert!(panic_text(move || drop(player)).contains("the cassette has ended"));
}

#[test]
fn entries_that_are_left_over_fail_the_test_when_the_last_clone_is_dropped() {
    let player = Player::new(recorded());
    let clone = player.clone();
    assert_eq!(panic_text(move || drop(player)), "");
    let report = panic_text(move || drop(clone));
    assert!(report.contains("entry 1 was not played: gettoken") && report.contains("entry 4"), "{report}");
    assert!(!report.contains("canary"), "{report}");
}

#[test]
fn verify_panics_with_the_report_and_the_drop_after_it_does_not() {
    let player = Player::new(one());
    assert!(panic_text(|| player.verify()).contains("entry 1 was not played: get_result jobid=job1"));
    assert_eq!(panic_text(move || drop(player)), "");
}

#[test]
fn a_player_is_silent_while_the_test_is_panicking_already() {
    let report = panic_text(|| {
        let _player = Player::new(one());
        assert_eq!(1, 2, "the first panic");
    });
    assert!(report.contains("the first panic") && !report.contains("get_result"), "{report}");
}

#[test]
fn of_many_refused_calls_and_unused_entries_some_are_named_and_the_rest_counted() {
    let recorder = wecom_mock::Recorder::new(wecom_core::from_fn(|_| async { Ok(Response::new(200, "{}")) }));
    for _ in 0..20 {
        pollster::block_on(Transport::send(&recorder, get_result("job1"))).unwrap();
    }
    let player = Player::new(recorder.cassette());
    (0..9).for_each(|_| drop(replay(&player, get_result("job2"))));
    let report = player.try_verify().unwrap_err().to_string();
    assert_eq!((report.matches("came:").count(), report.matches("was not played").count()), (5, 5));
    assert!(report.contains("and 4 more calls") && report.contains("and 15 more entries"), "{report}");
}

#[test]
fn a_secret_that_does_not_fit_is_told_of_and_not_shown() {
    let request = |secrets: [&'static str; 2]| {
        let mut query = Query::new();
        for (name, secret) in ["corpsecret", "suite_secret"].into_iter().zip(secrets) {
            query.push_secret(name, Secret::new(secret));
        }
        Request::new(&GET_RESULT).with_query(query).with_body(format!(r#"{{"session_key":"{}"}}"#, secrets[1]))
    };
    let cassette = recorded_once(request(["canary-1", "canary-2"]), Ok(Response::new(200, "{}")));
    let player = Player::new(cassette.clone());
    let error = replay(&player, request(["canary-3", "canary-3"])).unwrap_err();
    let text = format!("{error} {error:?} {}", player.try_verify().unwrap_err());
    assert!(text.contains("query.suite_secret is ***") && text.contains("body.session_key is ***"), "{text}");
    assert!(!text.contains("canary"), "{text}");
    replay(&Player::new(cassette), request(["canary-3", "canary-4"])).unwrap();
}

#[test]
fn a_secret_of_the_body_is_not_shown_where_another_field_repeats_it() {
    let request = |key: &str, note: &str| {
        Request::new(&LIST_IDS).with_body(format!(r#"{{"session_key":["{key}"],"note":"of {note}"}}"#))
    };
    let cassette =
        recorded_once(Request::new(&LIST_IDS).with_body(r#"{"note":"of nobody"}"#), Ok(Response::new(200, "{}")));
    let player = Player::new(cassette);
    let text = text(&replay(&player, request("canary-2", "canary-2")).unwrap_err());
    assert!(text.contains("body.note is \"of ***\", expected \"of nobody\""), "{text}");
    assert!(!format!("{text} {}", player.try_verify().unwrap_err()).contains("canary"), "{text}");
}
