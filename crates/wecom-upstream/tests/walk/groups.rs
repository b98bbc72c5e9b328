//! Groups that are no tree, and chains without any.

use pollster::block_on;
use serde_json::json;
use wecom_upstream::Upstream;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkState;

use crate::support::{Directory, answered_by, chain, rest};

#[test]
fn groups_that_are_no_tree_are_told_and_their_corps_listed_all_the_same() {
    let upstream = answered_by(|endpoint, body| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [
            {"groupid": 2, "group_name": "in the tree", "parentid": 1, "order": 1},
            {"groupid": 3, "group_name": "an orphan", "parentid": 77, "order": 9},
            {"groupid": 4, "group_name": "below the orphan", "parentid": 3, "order": 9},
            {"groupid": 5, "group_name": "in a circle", "parentid": 6, "order": 1},
            {"groupid": 6, "group_name": "in a circle", "parentid": 5, "order": 2},
            {"groupid": 7, "group_name": "below the circle", "parentid": 5},
            {"groupid": 8, "group_name": "its own parent", "parentid": 8},
            {"groupid": 2, "group_name": "again", "parentid": 8},
        ]}),
        _ => {
            let groupid = body["groupid"].as_i64().unwrap();
            json!({"errcode": 0, "group_corps": [{"groupid": groupid, "corp_name": format!("corp of {groupid}")}]})
        }
    });
    let expected = [
        "group 2 is in the list more than once",
        "group 3 lies below group 77, which is not in the list",
        "groups lie below each other in a circle: 6 < 5 < 6",
        "groups lie below each other in a circle: 8 < 8",
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
            "in a circle",
            "in a circle/in a circle",
            "in a circle/in a circle/below the circle",
            "its own parent",
        ]
    );
}

#[test]
fn an_empty_chain_is_its_root() {
    let upstream = Upstream::new(Directory::new(0, 0).simulator().client());
    assert_eq!(block_on(rest(&mut upstream.walk(chain()))).unwrap(), ["group 1 at 0"]);
    let tree = block_on(upstream.walk(chain()).collect()).unwrap();
    assert_eq!((tree.to_string().as_str(), tree.corps().count()), ("Ch1\n", 0));
}

#[test]
fn a_corp_that_the_service_lists_in_two_groups_is_told_twice() {
    let upstream = answered_by(|endpoint, _| match endpoint {
        "get_chain_group" => json!({"errcode": 0, "groups": [{"groupid": 2, "parentid": 1}]}),
        _ => json!({"errcode": 0, "group_corps": [{"groupid": 2, "corpid": "ww1", "corp_name": "a", "is_joined": 1}]}),
    });
    let told = block_on(rest(&mut upstream.walk(chain()))).unwrap();
    assert_eq!(told, ["group 1 at 0", "a", "group 2 at 1", "a"]);
}

#[test]
fn a_corp_that_comes_before_any_group_is_not_lost() {
    let upstream = Upstream::new(Directory::new(0, 3).simulator().client());
    let mut walk = upstream.walk(chain());
    block_on(walk.next()).unwrap();
    let mut tree = ChainTree::new(chain(), false);
    block_on(walk.collect_into(&mut tree)).unwrap();
    assert_eq!((tree.groups().len(), tree.corps().count()), (1, 3));
}

#[test]
fn a_state_knows_its_chain_and_whether_it_is_over() {
    let upstream = Upstream::new(Directory::new(1, 2).simulator().client());
    let mut walk = upstream.walk(chain());
    let state: WalkState = walk.state();
    assert_eq!((state.chain_id(), state.is_end()), (&chain(), false));
    block_on(rest(&mut walk)).unwrap();
    assert!(walk.state().is_end());
    assert!(block_on(upstream.resume_walk(walk.state()).next()).unwrap().is_none());
}
