//! The file format: reading, writing, and the errors.

use serde_json::json;
use wecom_core::{Request, Response, TransportErrorKind};
use wecom_mock::{Cassette, Player};

use crate::support::{LIST_IDS, client, get_result, list_ids, recorded, recorded_once, replay, through_file};

const FILE: &str = r#"{
  "cassette": 1,
  "entries": [
    {
      "request": {
        "call": "GET corpgroup/getresult",
        "query": {
          "jobid": "job1"
        }
      },
      "reply": {
        "status": 200,
        "headers": {
          "content-type": "application/json"
        },
        "body": {
          "json": {
            "errcode": 0
          }
        }
      }
    }
  ]
}
"#;

#[test]
fn the_file_is_indented_json() {
    let reply = Response::new(200, r#"{"errcode":0}"#).with_header("content-type", "application/json");
    assert_eq!(recorded_once(get_result("job1"), Ok(reply)).to_json().unwrap(), FILE);
}

/// A later version must still replay this file, or change the version of the format.
#[test]
fn a_file_of_version_1_is_replayed_and_written_again() {
    let file = include_str!("fixture.json");
    let cassette = Cassette::from_json(file).unwrap();
    assert_eq!(cassette.to_json().unwrap(), file);
    let player = Player::new(cassette);
    assert_eq!(list_ids(&client(player.clone(), "any-secret"), "ch1").unwrap()["rule_ids"], json!([1, 2]));
    assert_eq!(replay(&player, get_result("job1")).unwrap().status(), 502);
    assert_eq!(replay(&player, get_result("job2")).unwrap().body(), &b"\xFF\xFE\0"[..]);
    assert_eq!(replay(&player, get_result("job3")).unwrap_err().kind(), TransportErrorKind::ConnectionLost);
    player.verify();
}

#[test]
fn writing_a_cassette_that_was_read_gives_the_same_text() {
    let text = recorded().to_json().unwrap();
    assert_eq!(Cassette::from_json(&text).unwrap().to_json().unwrap(), text);
}

#[test]
fn a_float_does_not_change_when_a_file_is_read_and_written() {
    for number in ["-9.221337203615479e+19", "1.844674407370956e+19", "0.30000000000000004", "5e-324"] {
        let edited = FILE.replace("\"errcode\": 0", &format!("\"errcode\": 0,\n            \"share\": {number}"));
        assert_eq!(Cassette::from_json(&edited).unwrap().to_json().unwrap(), edited);
    }
}

#[test]
fn an_edited_file_is_replayed() {
    let edited = FILE.replace("job1", "job2").replace("\"errcode\": 0", "\"errcode\": 0, \"share\": 0.5");
    let player = Player::new(Cassette::from_json(&edited).unwrap());
    assert_eq!(replay(&player, get_result("job2")).unwrap().body(), r#"{"errcode":0,"share":0.5}"#);
}

#[test]
fn a_cassette_is_written_to_a_file_and_read() {
    let path = std::env::temp_dir().join(format!("wecom-mock-cassette-{}.json", std::process::id()));
    recorded().write(&path).unwrap();
    let player = Player::new(Cassette::read(&path).unwrap());
    std::fs::remove_file(&path).unwrap();
    list_ids(&client(player.clone(), "any-secret"), "ch1").unwrap();
    player.verify();
}

#[test]
fn the_error_of_reading_a_file_shows_its_name() {
    let path = std::env::temp_dir().join("wecom-mock-no-such-cassette.json");
    let error = Cassette::read(&path).unwrap_err();
    assert!(error.to_string().contains("wecom-mock-no-such-cassette.json"), "{error}");
}

#[test]
fn the_error_of_an_invalid_file_shows_the_place() {
    for (from, to, problem) in [
        ("\"cassette\": 1", "\"cassette\": 2", "version 2"),
        ("\"status\"", "\"sttus\"", "line 12"),
        ("\"status\": 200", "\"status\": 0", "invalid cassette: entry 1: expected a status from 100 to 999"),
        ("\"status\": 200", "\"status\": 1000", "invalid cassette: entry 1: expected a status from 100 to 999"),
        ("\"json\"", "\"yaml\"", "unknown variant `yaml`"),
        (
            "{\n          \"json\": {\n            \"errcode\": 0\n          }\n        }",
            "{\"base64\": \"?\"}",
            "invalid Base64",
        ),
        ("\"content-type\": ", "", "expected `:`"),
        ("\"query\"", "\"qery\"", "entry 1: expected no parts of the request other than call, secrets, query and body"),
        ("\"call\": \"GET corpgroup/getresult\",", "", "entry 1: expected a call"),
        ("\"GET corpgroup/getresult\"", "5", "entry 1: expected a call"),
        ("\"reply\": {", "\"failure\": [\"dns\", \"unknown\"], \"reply\": {", "either a reply or a failure"),
        ("\"reply\": {", "\"failure\": [\"tired\", \"unknown\"], \"reply\": {", "tired"),
        ("\"reply\": {", "\"failure\": [\"dns\", \"lost\"], \"reply\": {", "not_sent` or `unknown"),
    ] {
        let edited = FILE.replace(from, to);
        assert_ne!(edited, FILE);
        let error = Cassette::from_json(&edited).unwrap_err().to_string();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn a_byte_order_mark_is_ignored() {
    assert_eq!(Cassette::from_json(&format!("\u{feff}{FILE}")).unwrap().to_json().unwrap(), FILE);
}

#[test]
fn base64_may_be_wrapped() {
    let edited = FILE.replace(
        "{\n          \"json\": {\n            \"errcode\": 0\n          }\n        }",
        "{\"base64\": \"Zm9v\\n YmE=\\n\"}",
    );
    let player = Player::new(Cassette::from_json(&edited).unwrap());
    assert_eq!(replay(&player, get_result("job1")).unwrap().body(), "fooba");
}

#[test]
fn json_of_any_depth_is_recorded_and_read_again() {
    for depth in [120, 121, 122, 123, 125, 127] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let body = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let request = || Request::new(&LIST_IDS).with_body(body.clone());
            let cassette = recorded_once(request(), Ok(Response::new(200, body.clone())));
            let player = Player::new(through_file(&cassette));
            assert_eq!(replay(&player, request()).unwrap().body(), &body, "{depth}");
        }
    }
}

#[test]
fn json_that_is_too_deep_is_recorded_without_its_secrets() {
    let body = format!(r#"{}{{"access_token":"canary"}}{}"#, "[".repeat(125), "]".repeat(125));
    let text = recorded_once(get_result("job1"), Ok(Response::new(200, body))).to_json().unwrap();
    assert!(text.contains(r#""text": "***""#) && !text.contains("canary"), "{text}");
}
