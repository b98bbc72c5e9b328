//! What has to hold for every endpoint, present and future.

use std::collections::HashSet;
use std::path::Path;

use wecom_core::{Endpoint, Method, Safety};
use wecom_upstream::{DOWNSTREAM_ENDPOINTS, ENDPOINTS, TRANSFER_SESSION};

fn upstream_crate() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wecom-upstream"))
}

/// The upstream corp's endpoints, and the one that only a downstream corp's token is good for.
fn all() -> Vec<&'static Endpoint> {
    ENDPOINTS.iter().copied().chain([&TRANSFER_SESSION]).collect()
}

#[test]
fn there_are_eighteen_and_one_with_names_and_paths_of_their_own() {
    assert_eq!(ENDPOINTS.len(), 18);
    assert_eq!(all().iter().map(|endpoint| endpoint.name()).collect::<HashSet<_>>().len(), 19);
    assert_eq!(all().iter().map(|endpoint| endpoint.path()).collect::<HashSet<_>>().len(), 19);
    assert!(DOWNSTREAM_ENDPOINTS.iter().all(|endpoint| all().contains(endpoint)));
}

#[test]
fn each_has_a_title_a_document_and_a_quota() {
    for endpoint in all() {
        assert!(!endpoint.title().is_empty(), "{endpoint}");
        assert!(endpoint.documents().iter().all(|number| (90_000..100_000).contains(number)), "{endpoint}");
        assert!(!endpoint.documents().is_empty(), "{endpoint}");
        assert!(endpoint.quota().per_hour().is_some(), "{endpoint}");
    }
}

#[test]
fn each_has_a_file_a_documented_reply_and_where_it_posts_one_a_documented_request() {
    for endpoint in all() {
        let name = endpoint.name();
        assert!(upstream_crate().join(format!("src/calls/{name}.rs")).is_file(), "{name}");
        assert!(upstream_crate().join(format!("samples/{name}.reply.json")).is_file(), "{name}");
        let posts = endpoint.method() == Method::Post;
        assert_eq!(upstream_crate().join(format!("samples/{name}.request.json")).is_file(), posts, "{name}");
    }
}

#[test]
fn each_has_a_method_of_its_name_on_the_facade() {
    let facade = std::fs::read_to_string(upstream_crate().join("src/upstream.rs")).unwrap();
    let has = |endpoint: &Endpoint| facade.contains(&format!("pub async fn {}(", endpoint.name()));
    for endpoint in ENDPOINTS {
        assert!(has(endpoint), "{endpoint}");
    }
    // The facade has the upstream corp's token, which is the wrong one.
    assert!(!has(&TRANSFER_SESSION));
}

#[test]
fn only_what_adds_is_not_safe_to_repeat_and_only_what_removes_or_replaces_changes_something_else() {
    let of = |safety| all().iter().filter(|endpoint| endpoint.safety() == safety).map(|e| e.name()).collect();
    let (not_idempotent, idempotent): (Vec<_>, Vec<_>) = (of(Safety::NotIdempotent), of(Safety::Idempotent));
    assert_eq!(not_idempotent, ["import_chain_contact", "add_rule"]);
    assert_eq!(idempotent, ["remove_corp", "delete_rule", "modify_rule"]);
}

#[test]
fn the_documented_limits_on_concurrency_are_on_the_descriptors() {
    let limited: Vec<_> = ENDPOINTS
        .iter()
        .filter_map(|endpoint| Some((endpoint.name(), endpoint.concurrency()?)))
        .filter(|(name, _)| *name != "import_chain_contact")
        .collect();
    assert_eq!(limited, [("get_result", 5), ("remove_corp", 1)]);
}

#[test]
fn adding_and_modifying_rules_has_the_documented_limit_of_a_day() {
    let limited: Vec<_> = all()
        .iter()
        .filter(|endpoint| endpoint.quota().per_day() == Some(1_000))
        .map(|endpoint| endpoint.name())
        .collect();
    assert_eq!(limited, ["add_rule", "modify_rule"]);
}
