//! Malformed trees of groups, and chains without groups.

use pollster::block_on;
use serde_json::json;
use wecom_upstream::Upstream;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkState;

use crate::support::{Directory, chain, rest, upstream_with};

#[test]
fn a_malformed_tree_yields_findings_and_all_corps() {
    let upstream = upstream_with(|endpoint, body| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [
            {"groupid": 2, "group_name": "in the tree", "parentid": 1, "order": 1},
            {"groupid": 3, "group_name": "an orphan", "parentid": 77, "order": 9},
            {"groupid": 4, "group_name": "below the orphan", "parentid": 3, "order": 9},
            {"groupid": 5, "group_name": "in a cycle", "parentid": 6, "order": 1},
            {"groupid": 6, "group_name": "in a cycle", "parentid": 5, "order": 2},
            {"groupid": 7, "group_name": "below the cycle", "parentid": 5},
            {"groupid": 8, "group_name": "its own parent", "parentid": 8},
            {"groupid": 2, "group_name": "again", "parentid": 8},
        ]}),
        _ => {
            let groupid = body["groupid"].as_i64().unwrap();
            json!({"errcode": 0, "group_corps": [{"groupid": groupid, "corp_name": format!("corp of {groupid}")}]})
        }
    });
    let expected = [
        "group 2 is listed more than once",
        "group 3 has the parent 77, which is not in the list",
        "the parents of groups form a cycle: 6 < 5 < 6",
        "the parents of groups form a cycle: 8 < 8",
        "group 1 at 0",
        "corp of 1",
        "group 2 at 1",
        "corp of 2",
        "group 3 at 0",
        "corp of 3",
        "group 4 at 1",
        "corp of 4",
        "group 6 at 0",
        "corp of 6",
        "group 5 at 1",
        "corp of 5",
        "group 7 at 2",
        "corp of 7",
        "group 8 at 0",
        "corp of 8",
    ];
    assert_eq!(block_on(rest(&mut upstream.walk(chain()))).unwrap(), expected);

    let tree = block_on(upstream.walk(chain()).collect()).unwrap();
    assert_eq!(tree.findings().len(), 4);
    let paths: Vec<_> = tree.paths().map(|(path, _)| path).collect();
    assert_eq!(
        paths,
        [
            "",
            "in the tree",
            "an orphan",
            "an orphan/below the orphan",
            "in a cycle",
            "in a cycle/in a cycle",
            "in a cycle/in a cycle/below the cycle",
            "its own parent",
        ]
    );
}

#[test]
fn an_empty_chain_has_only_the_root_group() {
    let upstream = Upstream::new(Directory::new(0, 0).simulator().client());
    assert_eq!(block_on(rest(&mut upstream.walk(chain()))).unwrap(), ["group 1 at 0"]);
    let tree = block_on(upstream.walk(chain()).collect()).unwrap();
    assert_eq!((tree.to_string().as_str(), tree.corps().count()), ("Ch1\n", 0));
}

#[test]
fn a_corp_listed_in_two_groups_is_yielded_twice() {
    let upstream = upstream_with(|endpoint, _| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [{"groupid": 2, "parentid": 1}]}),
        _ => json!({"errcode": 0, "group_corps": [{"groupid": 2, "corpid": "ww1", "corp_name": "a", "is_joined": 1}]}),
    });
    let lines = block_on(rest(&mut upstream.walk(chain()))).unwrap();
    assert_eq!(lines, ["group 1 at 0", "a", "group 2 at 1", "a"]);
}

#[test]
fn a_corp_without_a_preceding_group_is_kept() {
    let upstream = Upstream::new(Directory::new(0, 3).simulator().client());
    let mut walk = upstream.walk(chain());
    block_on(walk.next()).unwrap();
    let mut tree = ChainTree::new(chain(), false);
    block_on(walk.collect_into(&mut tree)).unwrap();
    assert_eq!((tree.groups().len(), tree.corps().count()), (1, 3));
}

#[test]
fn a_state_has_its_chain_and_whether_the_walk_has_ended() {
    let upstream = Upstream::new(Directory::new(1, 2).simulator().client());
    let mut walk = upstream.walk(chain());
    let state: WalkState = walk.state();
    assert_eq!((state.chain_id(), state.is_end()), (&chain(), false));
    block_on(rest(&mut walk)).unwrap();
    assert!(walk.state().is_end());
    assert!(block_on(upstream.resume_walk(walk.state()).next()).unwrap().is_none());
}
