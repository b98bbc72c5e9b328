//! Walks and trees.

use std::any::Any;

use pollster::block_on;
use wecom_upstream::calls::{Group, GroupCorp};
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkEvent;
use wecom_upstream::{CorpId, GroupId};

use crate::service::{chain, chain_id};
use crate::{Measure, Work};

pub(crate) fn works() -> Vec<Work> {
    const SIZES: [usize; 3] = [1_000, 10_000, 100_000];
    let instructions =
        |name, item, sizes, limit, prepare| Work { name, item, sizes, limit, measure: Measure::Instructions, prepare };
    vec![
        instructions("walk, 50 corps a group", "corp", SIZES, 1.0, |corps| walk(corps / 50, 50, 4)),
        instructions("walk of 5,000 corps, by calls at once", "call at once", [1, 10, 100], 0.0, |calls| {
            walk(100, 50, calls)
        }),
        instructions("diff of trees, one corp in 1,000 changed", "corp", SIZES, 1.0, |corps| diff(corps)),
        Work {
            name: "diff of trees, one corp in 1,000 changed: bytes",
            item: "corp",
            sizes: SIZES,
            measure: Measure::Allocated,
            limit: 1.0,
            prepare: |corps| diff(corps),
        },
        instructions("diff of groups in a line, the first renamed", "group", SIZES, 1.0, |groups| {
            diff_of_lines(groups)
        }),
        Work {
            name: "tree, one corp a group",
            item: "corp",
            sizes: SIZES,
            measure: Measure::Kept,
            limit: 1.0,
            prepare: |corps| tree(corps),
        },
        Work {
            name: "200 states of a walk",
            item: "group",
            sizes: SIZES,
            measure: Measure::Allocated,
            limit: 1.0,
            prepare: |groups| states(groups),
        },
    ]
}

fn walk(groups: usize, corps_in_each: usize, concurrency: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let upstream = chain(groups, corps_in_each);
    Box::new(move || {
        let mut walk = upstream.walk(chain_id()).concurrency(concurrency);
        let mut corps = 0;
        block_on(async {
            while let Some(event) = walk.next().await.unwrap() {
                corps += usize::from(matches!(event, WalkEvent::Corp(_)));
            }
        });
        assert_eq!(corps, groups * corps_in_each);
        Box::new(())
    })
}

fn diff(corps: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let tree_of = |name_of: &dyn Fn(usize) -> String| {
        let mut tree = ChainTree::new(chain_id(), false);
        for at in 0..corps {
            let groupid = GroupId::new(i64::try_from(at / 50).unwrap() + 1);
            if at % 50 == 0 {
                let group = Group::new(groupid, format!("group {groupid}"), GroupId::ROOT);
                tree.add(WalkEvent::Group { group, depth: 1 });
            }
            tree.add(WalkEvent::Corp(GroupCorp::joined(groupid, CorpId::new(format!("ww{at:016}")), name_of(at))));
        }
        tree
    };
    let older = tree_of(&|at| format!("corp {at}"));
    let newer = tree_of(&|at| format!("corp {at}{}", if at % 1_000 == 0 { " renamed" } else { "" }));
    Box::new(move || {
        let diff = newer.diff(&older);
        assert_eq!(diff.renamed.len(), corps / 1_000);
        Box::new(diff)
    })
}

fn diff_of_lines(groups: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let tree_of = |first: &str| {
        let mut tree = ChainTree::new(chain_id(), false);
        for at in 0..groups {
            let name = if at == 1 { first.to_owned() } else { format!("group {at}") };
            let id = |at: usize| GroupId::new(i64::try_from(at).unwrap());
            let group = Group::new(id(at + 1), name, id(at.max(1)));
            tree.add(WalkEvent::Group { group, depth: u32::try_from(at).unwrap() });
            let number = CorpId::new(format!("ww{at:016}"));
            tree.add(WalkEvent::Corp(GroupCorp::joined(id(at + 1), number, format!("{first} {at}"))));
        }
        tree
    };
    let (older, newer) = (tree_of("a"), tree_of("b"));
    Box::new(move || {
        let diff = newer.diff(&older);
        assert_eq!((diff.groups_renamed.len(), diff.renamed.len()), (1, groups));
        Box::new(diff)
    })
}

fn tree(corps: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let upstream = chain(corps, 1);
    Box::new(move || Box::new(block_on(upstream.walk(chain_id()).collect()).unwrap()))
}

fn states(groups: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let upstream = chain(groups, 1);
    let mut walk = upstream.walk(chain_id());
    block_on(walk.next()).unwrap();
    Box::new(move || {
        (0..200).for_each(|_| drop(walk.state()));
        Box::new(())
    })
}
