//! Inputs made from the documented samples: every call is fuzzed without a stored input of its own.

use std::fs;
use std::path::Path;

/// Returns the inputs made from the samples for a target, each with a name. Some targets have none.
///
/// # Panics
///
/// Panics if the samples can't be read.
#[must_use]
pub fn seeds(target: &str) -> Vec<(String, Vec<u8>)> {
    let kind = match target {
        "envelope" | "replies" => "reply",
        "simulator" => "request",
        _ => return Vec::new(),
    };
    samples(kind).map(|(name, text)| (format!("sample-{name}"), input(target, &name, &text).into_bytes())).collect()
}

fn input(target: &str, name: &str, text: &str) -> String {
    match target {
        "envelope" => format!("200\n{text}"),
        "replies" => format!("{name}\n{text}"),
        _ => format!("{name} - {}\n", text.replace('\n', "")),
    }
}

/// The sample of every call, with the call's name.
fn samples(kind: &str) -> impl Iterator<Item = (String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/wecom-upstream/samples");
    let suffix = format!(".{kind}.json");
    fs::read_dir(folder).unwrap().filter_map(move |file| {
        let file = file.unwrap().path();
        let name = file.file_name().unwrap().to_str().unwrap().strip_suffix(&suffix)?.to_owned();
        Some((name, fs::read_to_string(file).unwrap()))
    })
}
