//! The file of a cassette.

use pollster::block_on;
use wecom_core::{AccessToken, Request, Transport};
use wecom_mock::{Cassette, Player};

use crate::replies::REPLIES;

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let cassette = match Cassette::from_json(text) {
        Ok(cassette) => cassette,
        Err(error) => return drop(format!("{error} {error:?}")),
    };
    let written = cassette.to_json().expect("a cassette without known secrets");
    let again = Cassette::from_json(&written).expect("what was written");
    assert_eq!(again.to_json().expect("the same cassette"), written);
    assert_eq!((again.len(), format!("{again:?}")), (cassette.len(), format!("{cassette:?}")));
    play(cassette);
}

/// A player replies to every request, or returns an error.
fn play(cassette: Cassette) {
    let player = Player::new(cassette);
    for (endpoint, read) in REPLIES {
        let request = Request::new(endpoint).with_token(AccessToken::new("any-token")).with_body("{}");
        match block_on(Transport::send(&player, request.clone())) {
            Ok(response) => drop(read(&request, &response)),
            Err(error) => drop(format!("{error} {error:?}")),
        }
    }
    if let Err(report) = player.try_verify() {
        drop(format!("{report}"));
    }
}
