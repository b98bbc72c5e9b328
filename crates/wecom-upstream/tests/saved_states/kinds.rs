//! Walks, trees, directories and customer stores: stored ones stay readable, and each reader refuses the others by name.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wecom_simulator::Simulator;
use wecom_upstream::calls::RemoveCorp;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::customers::{CustomerStore, InMemoryCustomerStore};
use wecom_upstream::jobs::directory::DirectoryState;
use wecom_upstream::jobs::walk::WalkState;
use wecom_upstream::{ChainId, CorpId, UnionId, Upstream};

/// A kind of saved state, with a stored one of the current version.
struct Kind {
    /// The kind with its article.
    name: &'static str,
    stored: &'static str,
    /// Reads a state and writes it again.
    rewrite: fn(&str) -> Result<Value, String>,
}

const KINDS: [Kind; 4] = [
    Kind { name: "a walk state", stored: include_str!("walk_state.v1.json"), rewrite: rewrite::<WalkState> },
    Kind { name: "a chain tree", stored: include_str!("chain_tree.v1.json"), rewrite: rewrite::<ChainTree> },
    Kind {
        name: "a directory state",
        stored: include_str!("directory_state.v1.json"),
        rewrite: rewrite::<DirectoryState>,
    },
    Kind {
        name: "a customer store",
        stored: include_str!("customer_store.v1.json"),
        rewrite: rewrite::<InMemoryCustomerStore>,
    },
];

fn rewrite<T: Serialize + DeserializeOwned>(json: &str) -> Result<Value, String> {
    let state: T = serde_json::from_str(json).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(state).unwrap())
}

fn read<T: DeserializeOwned>(at: usize) -> T {
    serde_json::from_str(KINDS[at].stored).unwrap()
}

#[test]
fn a_state_of_this_version_is_read_and_written_without_a_change() {
    for Kind { name, stored, rewrite } in &KINDS {
        assert_eq!(rewrite(stored).unwrap(), serde_json::from_str::<Value>(stored).unwrap(), "{name}");
    }
}

#[test]
fn a_state_of_another_kind_is_refused_by_its_name() {
    for expected in &KINDS {
        for other in KINDS.iter().filter(|other| other.name != expected.name) {
            let error = (expected.rewrite)(other.stored).unwrap_err();
            let start =
                format!("not {}: it is {}; load the document that this job saved, or ", expected.name, other.name);
            assert!(error.starts_with(&start), "{error}");
        }
    }
}

#[test]
fn a_state_without_a_name_is_refused() {
    for Kind { name, stored, rewrite } in &KINDS {
        let payload = serde_json::from_str::<Value>(stored).unwrap()["payload"].to_string();
        let error = rewrite(&payload).unwrap_err();
        let start = format!("not {name}: the field `format` is missing; load the document that this job saved, or ");
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_state_of_another_version_is_refused_with_what_to_do() {
    for Kind { name, stored, rewrite } in &KINDS {
        let (_, kind) = name.split_once(' ').unwrap();
        let newer = stored.replacen(", version 1", ", version 9", 1);
        let error = rewrite(&newer).unwrap_err();
        let start = format!(
            "unsupported version: the {kind} has version 9, and this library reads version 1; update wecom-upstream, or "
        );
        assert!(error.starts_with(&start), "{error}");
    }
}

#[test]
fn a_stored_walk_continues() {
    let upstream = Upstream::new(Simulator::demo().client());
    let mut walk = upstream.resume_walk(read(0));
    let mut events = 0;
    while pollster::block_on(walk.next()).unwrap().is_some() {
        events += 1;
    }
    assert_eq!((events, walk.progress().corps), (4, 6));
}

#[test]
fn a_stored_tree_equals_a_fresh_walk() {
    let upstream = Upstream::new(Simulator::demo().client());
    let walk = upstream.walk(ChainId::new("ChSuppliers")).need_pending(true);
    let tree: ChainTree = read(1);
    assert_eq!(pollster::block_on(walk.collect()).unwrap(), tree);
}

#[test]
fn a_stored_directory_reads_what_its_state_has_noted() {
    let upstream = Upstream::new(Simulator::demo().client());
    let chain_id = ChainId::new("ChSuppliers");
    // The state has noted an event of this corp.
    pollster::block_on(upstream.remove_corp(RemoveCorp::new(&chain_id, CorpId::new("wwjiahe")))).unwrap();
    let mut directory = upstream.resume_directory(read(2)).skip_first_walk();
    let changes = pollster::block_on(directory.refresh()).unwrap();
    assert_eq!(changes.to_string(), "- left: 嘉禾纸业 (wwjiahe), from 包装\n");
}

#[test]
fn a_stored_customer_is_found_by_both_ids() {
    let mut store: InMemoryCustomerStore = read(3);
    let record = pollster::block_on(store.get(&UnionId::new("oUnionWang"))).unwrap().unwrap();
    let pending = record.pending.clone().unwrap();
    assert_eq!(pollster::block_on(store.find(&pending.pending_id)).unwrap(), Some(record));
}
