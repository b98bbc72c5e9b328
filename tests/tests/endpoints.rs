//! What has to hold for every endpoint, present and future.

use std::collections::HashSet;
use std::path::Path;

use wecom_core::{Method, Safety};
use wecom_upstream::ENDPOINTS;

fn upstream_crate() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/wecom-upstream"))
}

#[test]
fn there_are_thirteen_with_names_and_paths_of_their_own() {
    assert_eq!(ENDPOINTS.len(), 13);
    assert_eq!(ENDPOINTS.iter().map(|endpoint| endpoint.name()).collect::<HashSet<_>>().len(), 13);
    assert_eq!(ENDPOINTS.iter().map(|endpoint| endpoint.path()).collect::<HashSet<_>>().len(), 13);
}

#[test]
fn each_has_a_title_a_document_and_a_quota() {
    for endpoint in ENDPOINTS {
        assert!(!endpoint.chinese_title().is_empty(), "{endpoint}");
        assert!(endpoint.document_numbers().iter().all(|number| (90_000..100_000).contains(number)), "{endpoint}");
        assert!(!endpoint.document_numbers().is_empty(), "{endpoint}");
        assert!(endpoint.documented_quota().hour().is_some(), "{endpoint}");
    }
}

#[test]
fn each_has_a_file_a_documented_reply_and_where_it_posts_one_a_documented_request() {
    for endpoint in ENDPOINTS {
        let name = endpoint.name();
        assert!(upstream_crate().join(format!("src/endpoints/{name}.rs")).is_file(), "{name}");
        assert!(upstream_crate().join(format!("samples/{name}.reply.json")).is_file(), "{name}");
        let posts = endpoint.method() == Method::Post;
        assert_eq!(upstream_crate().join(format!("samples/{name}.request.json")).is_file(), posts, "{name}");
    }
}

#[test]
fn each_has_a_method_of_its_name_on_the_facade() {
    let facade = std::fs::read_to_string(upstream_crate().join("src/upstream.rs")).unwrap();
    for endpoint in ENDPOINTS {
        assert!(facade.contains(&format!("pub async fn {}(", endpoint.name())), "{endpoint}");
    }
}

#[test]
fn only_the_import_is_not_safe_to_repeat_and_only_the_removal_changes_something_else() {
    let of = |safety| ENDPOINTS.iter().filter(|endpoint| endpoint.repetition() == safety).map(|e| e.name()).collect();
    let (not_idempotent, idempotent): (Vec<_>, Vec<_>) = (of(Safety::NotIdempotent), of(Safety::Idempotent));
    assert_eq!((not_idempotent, idempotent), (vec!["import_chain_contact"], vec!["remove_corp"]));
}

#[test]
fn the_documented_limits_on_concurrency_are_on_the_descriptors() {
    let limited: Vec<_> = ENDPOINTS
        .iter()
        .filter_map(|endpoint| Some((endpoint.name(), endpoint.documented_concurrency()?)))
        .filter(|(name, _)| *name != "import_chain_contact")
        .collect();
    assert_eq!(limited, [("get_result", 5), ("remove_corp", 1)]);
}
