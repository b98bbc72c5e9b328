//! The imports inside each crate run in one direction: no module imports, over any number of steps, one that imports it.
//!
//! Two exceptions: a child may use what its parent defines, as long as the circle stays inside the parent's folder, and
//! ARCHITECTURE.md names single imports with the reason.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a failing test panics"
)]

mod circles;
mod imports;
mod modules;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::circles::{Import, circles};
use crate::modules::CrateSource;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The exceptions: the lines of ARCHITECTURE.md of the form ``- `wecom-core`: `a::b` → `c`: `` followed by a reason.
fn exceptions(krate: &str) -> Vec<Import> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap_or_default();
    text.lines().filter_map(|line| exception(line, krate)).collect()
}

fn exception(line: &str, krate: &str) -> Option<Import> {
    let rest = line.strip_prefix("- `")?.strip_prefix(krate)?.strip_prefix("`: `")?;
    let (from, rest) = rest.split_once("` → `")?;
    let (to, reason) = rest.split_once("`: ")?;
    assert!(!reason.trim().is_empty(), "an exception without a reason: {line}");
    Some(Import { from: from.to_owned(), to: to.to_owned() })
}

/// The circles of a crate or program, as text.
fn circles_of(name: &str, imports: &BTreeSet<Import>, exceptions: &[Import]) -> String {
    let mut problems = String::new();
    let counted: Vec<_> = imports.iter().filter(|import| !exceptions.contains(import)).cloned().collect();
    for circle in circles(&counted) {
        writeln!(problems, "{name}: {} modules import each other in a circle:", circle.modules.len()).unwrap();
        for import in circle.imports {
            writeln!(problems, "    {import}").unwrap();
        }
    }
    problems
}

/// The circles of a library, and the exceptions that it does not need, as text.
fn problems_of(krate: &str, lib: &Path) -> String {
    let imports = imports::of(&CrateSource::read(lib));
    let exceptions = exceptions(krate);
    let mut problems = circles_of(krate, &imports, &exceptions);
    for exception in exceptions.iter().filter(|exception| !imports.contains(exception)) {
        writeln!(problems, "{krate}: ARCHITECTURE.md allows {exception}, which does not exist").unwrap();
    }
    problems
}

/// The crate roots of the programs in a crate's `src/bin`.
fn programs(krate: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(krate.join("src/bin")) else { return Vec::new() };
    let root = |path: PathBuf| if path.is_dir() { path.join("main.rs") } else { path };
    folder.map(|entry| root(entry.unwrap().path())).collect()
}

/// What to do about a problem.
const REMEDY: &str = "Move what both modules need into a module of its own, or merge them. If the circle has a reason, name \
                      the import and the reason in ARCHITECTURE.md, \"Dependency rules\"; remove one that does not exist.";

#[test]
fn imports_inside_a_crate_run_in_one_direction() {
    let mut failures = String::new();
    let (mut crates, mut read_programs) = (Vec::new(), 0);
    for folder in fs::read_dir(root().join("crates")).unwrap() {
        let folder = folder.unwrap();
        let krate = folder.file_name().into_string().unwrap();
        failures.push_str(&problems_of(&krate, &folder.path().join("src/lib.rs")));
        for program in programs(&folder.path()) {
            let name = program.strip_prefix(root()).unwrap().display().to_string();
            failures.push_str(&circles_of(&name, &imports::of(&CrateSource::read(&program)), &[]));
            read_programs += 1;
        }
        crates.push(krate);
    }
    assert!(crates.len() >= 6 && read_programs >= 1, "{crates:?}, {read_programs} programs");
    assert!(failures.is_empty(), "\n{failures}{REMEDY}");
}

#[test]
fn an_exception_names_a_crate_two_modules_and_a_reason() {
    let line = "- `wecom-core`: `error` → `error::kind`: an error shows its kind";
    let import = Import { from: "error".to_owned(), to: "error::kind".to_owned() };
    assert_eq!(exception(line, "wecom-core"), Some(import));
    assert_eq!(exception(line, "wecom-mock"), None);
    assert_eq!(exception("- `wecom-core`: the call loop", "wecom-core"), None);
}
