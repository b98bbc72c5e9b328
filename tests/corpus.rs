//! The checks of every fuzz target over all its inputs: see `fuzz/README.md`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failing test panics, and prints its input"
)]

use std::fs;
use std::path::PathBuf;

use wecom_core::token::{CORP_GET_TOKEN, GET_TOKEN};
use wecom_fuzz_checks::replies::REPLIES;
use wecom_fuzz_checks::seeds;
use wecom_upstream::{DOWNSTREAM_ENDPOINTS, ENDPOINTS};

/// The inputs of a target, by name: those in `fuzz/corpus/` and those made from the documented samples.
fn corpus_of(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus")).join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.unwrap().path());
    let stored = paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap()));
    stored.chain(seeds(target)).collect()
}

fn check_corpus_of(target: &str) {
    let corpus = corpus_of(target);
    assert!(corpus.len() >= 20, "{target}: {} inputs", corpus.len());
    for (name, input) in corpus {
        // A panic inside the check does not name the input.
        println!("{target}/{name}");
        wecom_fuzz_checks::check(target, &input);
    }
}

macro_rules! targets {
    ($($target:ident)+) => {
        $(#[test]
        fn $target() {
            check_corpus_of(stringify!($target));
        })+

        #[test]
        fn every_target_has_a_test_here_and_a_program() {
            let names: Vec<_> = wecom_fuzz_checks::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($target)),+]);
            for name in names {
                let program = format!("{}/../fuzz/fuzz_targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                assert!(fs::read_to_string(program).unwrap().contains(&format!("check(\"{name}\", input)")), "{name}");
            }
        }
    };
}

targets! { base_url callback_request callback_xml cassette envelope replies simulator steps world }

#[test]
fn the_replies_of_every_endpoint_are_fuzzed() {
    let seeds = corpus_of("replies");
    for endpoint in ENDPOINTS.iter().chain(DOWNSTREAM_ENDPOINTS).chain(&[&GET_TOKEN, &CORP_GET_TOKEN]) {
        assert!(REPLIES.iter().any(|(known, _)| known == endpoint), "{endpoint}");
        let first_line = format!("{endpoint}\n");
        assert!(seeds.iter().any(|(_, seed)| seed.starts_with(first_line.as_bytes())), "{endpoint}");
    }
}
