//! What the compiler says about frequent mistakes: it names the mistake, and the step that is missing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

struct Mistake {
    name: &'static str,
    code: &'static str,
    /// Parts of the compiler's message.
    words: &'static [&'static str],
}

const MISTAKES: &[Mistake] = &[
    Mistake {
        name: "retry_without_timer",
        code: "fn f(t: impl Transport + 'static) { let _ = Client::builder(t).retry(Retry::new()); }",
        words: &["a setting that needs a timer is used without a timer", "call `.timer(...)` before `.retry(...)`"],
    },
    Mistake {
        name: "client_without_token",
        code: "fn f(t: impl Transport + 'static) { let _ = Client::builder(t).build(); }",
        words: &[
            "a client needs a source of tokens",
            "call `.credentials(...)`, `.token(...)` or `.token_provider(...)`",
        ],
    },
    Mistake {
        name: "local_transport",
        code: "fn f(t: impl LocalTransport + 'static) { let _ = Client::builder(t); }",
        words: &["is not a transport that can move between threads", "a `LocalTransport` goes to `Client::local`"],
    },
    Mistake {
        name: "shared_transport_in_a_local_client",
        code: "fn f(t: impl Transport + 'static) { let _ = Client::local(t); }",
        words: &["is not a transport for one thread", "wrap a `Transport` in `AsLocal`"],
    },
    Mistake {
        name: "wrong_kind_of_id",
        code: "fn f(corp: CorpId) { let _ = GetChainGroup::new(&corp); }",
        words: &["`ChainId: From<&CorpId>` is not satisfied"],
    },
    Mistake {
        name: "text_for_an_id",
        code: "fn f() { let _ = GetChainGroup::new(\"Ch1234\"); }",
        words: &["`ChainId: From<&str>` is not satisfied"],
    },
];

/// Writes a crate with a program for each mistake.
fn write_crate(folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let path = |krate: &str| toml_text(&root.join("crates").join(krate).canonicalize().unwrap());
    let manifest = format!(
        "[package]\nname = \"mistakes\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n\
         wecom-core = {{ path = {} }}\nwecom-upstream = {{ path = {} }}\n",
        path("wecom-core"),
        path("wecom-upstream"),
    );
    fs::create_dir_all(folder.join("src/bin")).unwrap();
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    for Mistake { name, code, .. } in MISTAKES {
        let code = format!(
            "#![allow(dead_code, unused_imports)]\nuse wecom_core::*;\nuse wecom_upstream::calls::GetChainGroup;\n\
             use wecom_upstream::CorpId;\n{code}\nfn main() {{}}\n"
        );
        fs::write(folder.join(format!("src/bin/{name}.rs")), code).unwrap();
    }
}

fn toml_text(path: &Path) -> String {
    format!("{:?}", path.to_str().unwrap())
}

/// The compiler's messages for each program of the crate.
fn messages(folder: &Path) -> HashMap<String, String> {
    let check = Command::new(env!("CARGO"))
        .args(["check", "--bins", "--offline", "--quiet", "--keep-going", "--message-format=json"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", folder.join("target"))
        .output()
        .unwrap();
    let mut messages = HashMap::<_, String>::new();
    for line in String::from_utf8(check.stdout).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        if let Some(text) = line["message"]["rendered"].as_str() {
            messages.entry(line["target"]["name"].as_str().unwrap().to_owned()).or_default().push_str(text);
        }
    }
    assert!(!messages.is_empty(), "{}", String::from_utf8_lossy(&check.stderr));
    messages
}

#[test]
fn the_compiler_names_the_mistake_and_the_missing_step() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mistakes");
    write_crate(&folder);
    let messages = messages(&folder);
    for Mistake { name, words, .. } in MISTAKES {
        let text = messages.get(*name).map_or("it compiles", String::as_str);
        for word in *words {
            assert!(text.contains(word), "{name}: no {word:?} in:\n{text}");
        }
    }
}
