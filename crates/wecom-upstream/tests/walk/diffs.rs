//! The changes between two trees.

use pollster::block_on;
use wecom_core::{Client, ErrCode};
use wecom_mock::Faults;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GET_CHAIN_CORPINFO_LIST, Group, GroupCorp, RemoveCorp};
use wecom_upstream::ids::{CustomId, PendingCorpId};
use wecom_upstream::jobs::chain_tree::{ChainDiff, ChainTree};
use wecom_upstream::jobs::walk::WalkEvent;
use wecom_upstream::{ChainId, CorpId, GroupId, Upstream, UserId};

/// A tree with two groups below the root, `a` and `b`.
fn tree(corps_of_a: &[GroupCorp], corps_of_b: &[GroupCorp]) -> ChainTree {
    let groups = [(0, "", 1, &[] as &[_]), (1, "a", 2, corps_of_a), (1, "b", 3, corps_of_b)];
    tree_of(groups.map(|(depth, name, groupid, corps)| {
        (depth, Group::new(GroupId::new(groupid), name, GroupId::ROOT), corps.to_vec())
    }))
}

fn tree_of(groups: impl IntoIterator<Item = (u32, Group, Vec<GroupCorp>)>) -> ChainTree {
    let mut tree = ChainTree::new(ChainId::new("Ch1"), true);
    for (depth, group, corps) in groups {
        tree.add(WalkEvent::Group { group, depth });
        corps.into_iter().for_each(|corp| tree.add(WalkEvent::Corp(corp)));
    }
    tree
}

fn joined(id: &str, name: &str) -> GroupCorp {
    GroupCorp::joined(GroupId::new(2), CorpId::new(id), name)
}

fn pending(id: &str, name: &str) -> GroupCorp {
    GroupCorp::pending(GroupId::new(2), PendingCorpId::new(id), name)
}

/// The displayed diff. Asserts that the diff survives serialization.
fn text(diff: &ChainDiff) -> String {
    let stored: ChainDiff = serde_json::from_str(&serde_json::to_string(diff).unwrap()).unwrap();
    assert_eq!(*diff, stored);
    diff.to_string()
}

#[test]
fn equal_trees_have_no_changes() {
    let tree = tree(&[joined("ww1", "one")], &[pending("wp1", "two")]);
    assert!(tree.diff(&tree).is_empty());
    assert_eq!(text(&tree.diff(&tree)), "");
}

#[test]
fn a_diff_lists_corps_that_joined_left_moved_were_invited_or_renamed() {
    let older = tree(&[joined("ww1", "one"), joined("ww2", "two"), joined("ww3", "three")], &[pending("wp9", "nine")]);
    let newer = tree(&[joined("ww1", "uno"), joined("ww4", "four")], &[joined("ww3", "tres"), pending("wp5", "five")]);
    let expected = "\
+ joined: four (ww4), in a
+ invited: five (wp5) [pending], in b
- left: two (ww2), from a
- left: nine (wp9) [pending], from b
~ moved: tres (ww3), from a to b
~ renamed: one (ww1) is now uno
~ renamed: three (ww3) is now tres
";
    assert_eq!(text(&newer.diff(&older)), expected);
}

/// Every list of at most four of the corps 1, 2 and 3, with repetitions. The name of a corp is its place.
fn lists_of_corps() -> Vec<Vec<GroupCorp>> {
    let mut lists: Vec<Vec<u32>> = vec![Vec::new()];
    for at in 0.. {
        let Some(list) = lists.get(at).filter(|list| list.len() < 4).cloned() else { break };
        lists.extend((1..4).map(|corp| [&list[..], &[corp]].concat()));
    }
    let corps = |list: Vec<u32>| {
        let named = list.into_iter().enumerate();
        named.map(|(at, corp)| joined(&format!("ww{corp}"), &format!("at {at}"))).collect()
    };
    lists.into_iter().map(corps).collect()
}

#[test]
fn a_diff_does_not_depend_on_the_order_of_the_corps_and_uses_the_first_of_repeated_ones() {
    fn first_of_each(corps: &[GroupCorp]) -> Vec<&GroupCorp> {
        let is_first = |at: usize, corp: &GroupCorp| corps[..at].iter().all(|other| other.corpid != corp.corpid);
        corps.iter().enumerate().filter(|(at, corp)| is_first(*at, corp)).map(|(_, corp)| corp).collect()
    }
    fn missing_from<'a>(corps: &[&GroupCorp], others: &[&'a GroupCorp]) -> Vec<&'a GroupCorp> {
        let is_missing = |other: &&GroupCorp| corps.iter().all(|corp| corp.corpid != other.corpid);
        others.iter().copied().filter(|other| is_missing(other)).collect()
    }
    let lists = lists_of_corps();
    for (before, after) in lists.iter().flat_map(|before| lists.iter().map(move |after| (before, after))) {
        let diff = tree(after, &[]).diff(&tree(before, &[]));
        let (before, after) = (first_of_each(before), first_of_each(after));
        assert!(diff.left.iter().map(|gone| &gone.corp).eq(missing_from(&after, &before)), "{before:?} {after:?}");
        assert!(diff.joined.iter().map(|new| &new.corp).eq(missing_from(&before, &after)), "{before:?} {after:?}");
        let former = |corp: &GroupCorp| before.iter().copied().find(|before| before.corpid == corp.corpid);
        let pairs = after.iter().filter_map(|&corp| Some((former(corp)?, corp)));
        let renamed = pairs.filter(|(before, after)| before.corp_name != after.corp_name);
        let listed = diff.renamed.iter().map(|change| (&change.before.corp, &change.after.corp));
        assert!(listed.eq(renamed), "{before:?} {after:?}");
    }
}

#[test]
fn a_diff_lists_groups_that_were_added_removed_moved_or_renamed() {
    let group = |groupid, name: &str, parentid| Group::new(GroupId::new(groupid), name, GroupId::new(parentid));
    let root = || (0, group(1, "", 1), vec![]);
    let older = tree_of([
        root(),
        (1, group(2, "north", 1), vec![]),
        (2, group(3, "city", 2), vec![joined("ww1", "one")]),
        (1, group(4, "south", 1), vec![]),
        (1, group(5, "old", 1), vec![]),
    ]);
    let newer = tree_of([
        root(),
        (1, group(2, "North", 1), vec![]),
        (1, group(4, "south", 1), vec![]),
        (2, group(3, "city", 4), vec![joined("ww1", "one")]),
        (2, group(6, "new", 4), vec![]),
    ]);
    let expected = "\
+ group: new #6 at south/new
- group: old #5 at old
~ group renamed: north #2 is now North
~ group moved: city #3 from north/city to south/city
";
    // The corp is still in the same group.
    assert_eq!(text(&newer.diff(&older)), expected);
}

#[test]
fn a_pending_corp_is_matched_after_it_joined() {
    let with = |corp: GroupCorp, custom_id: &str| corp.custom_id(CustomId::new(custom_id));
    let mut with_both_ids = joined("ww1", "one, renamed");
    with_both_ids.pending_corpid = Some(PendingCorpId::new("wp1"));
    let older = tree(
        &[pending("wp1", "one"), with(pending("wp2", "two"), "C2"), pending("wp3", "three"), pending("wp4", "four")],
        &[],
    );
    let newer = tree(
        &[with_both_ids, joined("ww3", "three"), joined("ww5", "five")],
        &[with(joined("ww2", "two, renamed and moved"), "C2")],
    );
    let diff = newer.diff(&older);
    let accepted: Vec<_> = diff
        .accepted
        .iter()
        .map(|change| (change.before.corp.corp_name.as_str(), change.after.corp.corpid.as_ref().unwrap().as_str()))
        .collect();
    assert_eq!(accepted, [("one", "ww1"), ("three", "ww3"), ("two", "ww2")]);
    assert_eq!((diff.renamed.len(), diff.moved.len()), (2, 1));
    assert_eq!(diff.joined.iter().map(|placed| &placed.corp.corp_name).collect::<Vec<_>>(), ["five"]);
    assert_eq!(diff.left.iter().map(|placed| &placed.corp.corp_name).collect::<Vec<_>>(), ["four"]);
}

#[test]
fn an_ambiguous_name_or_a_different_custom_id_does_not_match() {
    let older = tree(&[pending("wp1", "same"), pending("wp2", "same")], &[]);
    let newer = tree(&[joined("ww1", "same")], &[]);
    assert!(newer.diff(&older).accepted.is_empty());

    let older = tree(&[pending("wp1", "same").custom_id(CustomId::new("C1"))], &[]);
    let newer = tree(&[joined("ww1", "same").custom_id(CustomId::new("C2"))], &[]);
    let diff = newer.diff(&older);
    assert_eq!((diff.accepted.len(), diff.joined.len(), diff.left.len()), (0, 1, 1));
}

#[test]
fn a_joined_corp_that_left_is_not_matched_with_a_new_corp_of_its_name() {
    let diff = tree(&[joined("ww2", "same")], &[]).diff(&tree(&[joined("ww1", "same")], &[]));
    assert_eq!((diff.accepted.len(), diff.joined.len(), diff.left.len()), (0, 1, 1));
}

#[test]
fn pending_corps_do_not_count_if_one_tree_leaves_them_out() {
    let mut without = ChainTree::new(ChainId::new("Ch1"), false);
    without.add(WalkEvent::Group { group: Group::new(GroupId::new(2), "a", GroupId::ROOT), depth: 0 });
    let with = tree_of([(0, Group::new(GroupId::new(2), "a", GroupId::ROOT), vec![pending("wp1", "one")])]);
    assert!(with.diff(&without).is_empty());
    assert!(without.diff(&with).is_empty());
}

#[test]
fn a_corp_of_a_failed_group_does_not_count_as_left() {
    let simulator = Simulator::demo();
    let faults = Faults::new(simulator.clone());
    let upstream = Upstream::new(Client::builder(faults.clone()).credentials(simulator.credentials()).build());
    let walk = || block_on(upstream.walk(ChainId::new("ChSuppliers")).concurrency(1).collect()).unwrap();
    let whole = walk();
    let outage = faults.on(&GET_CHAIN_CORPINFO_LIST).nth(2).error_code(ErrCode::GROUP_FORBIDDEN);
    let partial = walk();
    assert_eq!((outage.injected(), partial.is_whole()), (1, false));
    let (lost, found) = (partial.diff(&whole), whole.diff(&partial));
    assert_eq!((lost.left.len(), lost.not_seen.len()), (0, 1));
    assert_eq!((found.joined.len(), found.first_seen.len()), (0, 1));
    assert_eq!(text(&lost), "? not seen, because the newer tree is incomplete: 鞍岭不锈钢 (wwanling), last in 钢材\n");
    assert_eq!(text(&found), "? first seen, because the older tree is incomplete: 鞍岭不锈钢 (wwanling), in 钢材\n");
}

#[test]
fn changes_in_the_simulator_show_in_the_next_walk() {
    let simulator = Simulator::demo();
    let upstream = Upstream::new(simulator.client());
    let chain_id = ChainId::new("ChDealers");
    let walk = || block_on(upstream.walk(&chain_id).need_pending(true).collect()).unwrap();
    let older = walk();
    // One corp is matched by its custom id, the other by its name.
    simulator.join_corp(&chain_id, &PendingCorpId::new("wpjinyang"), CorpId::new("wwjinyang"));
    simulator.join_corp(&chain_id, &PendingCorpId::new("wptaihu"), CorpId::new("wwtaihu"));
    block_on(upstream.remove_corp(RemoveCorp::new(&chain_id, CorpId::new("wwjingxi")))).unwrap();
    let expected = "\
+ accepted: 晋阳家居 (wpjinyang) [pending] is now 晋阳家居 (wwjinyang), in 华北区
+ accepted: 太湖电器 (wptaihu) [pending] is now 太湖电器 (wwtaihu), in 华东区
- left: 京西厨卫商贸 (wwjingxi), from 华北区/北京市
";
    assert_eq!(text(&walk().diff(&older)), expected);
}

/// A tree whose groups are nested, each in the previous one, with a corp in the deepest group.
fn nested_groups(groups: u32) -> ChainTree {
    tree_of((0..groups).map(|depth| {
        let groupid = GroupId::new(i64::from(depth) + 1);
        let corps = if depth + 1 == groups { vec![joined("ww1", "one")] } else { vec![] };
        (depth, Group::new(groupid, format!("g{depth}"), GroupId::new(i64::from(depth))), corps)
    }))
}

#[test]
fn the_size_of_a_diff_and_of_a_displayed_tree_is_linear_in_the_number_of_nested_groups() {
    const GROUPS: u32 = 4_000;
    let (tree, none) = (nested_groups(GROUPS), ChainTree::new(ChainId::new("Ch1"), true));
    assert!(tree.diff(&nested_groups(GROUPS)).is_empty());
    let diff = tree.diff(&none);
    let longest = diff.groups_added.iter().map(|group| group.path.len()).max().unwrap();
    assert!(longest < 500 && diff.joined[0].path.len() < 500, "a path of {longest} bytes");
    assert!(diff.joined[0].path.starts_with("…/") && diff.joined[0].path.ends_with("/g3998/g3999"));
    let longest = tree.paths().map(|(path, _)| path.len()).max().unwrap();
    assert!(longest < 500, "a path of {longest} bytes");
    let longest = tree.to_string().lines().map(str::len).max().unwrap();
    assert!(longest < 500, "a line of {longest} bytes");
}

#[test]
fn a_diff_lists_changed_custom_ids_inviters_and_statuses() {
    let with = |corp: GroupCorp, custom_id: &str| corp.custom_id(CustomId::new(custom_id));
    let not_joined = |corp: GroupCorp| {
        let mut corp = corp;
        corp.is_joined = false;
        corp
    };
    let invited_by = |corp: GroupCorp, userid: &str| corp.invite_userid(UserId::new(userid));
    let older = tree(
        &[with(joined("ww1", "one"), "C1"), joined("ww2", "two"), not_joined(joined("ww3", "three"))],
        &[invited_by(joined("ww4", "four"), "li")],
    );
    let newer = tree(
        &[with(joined("ww1", "one"), "C9"), with(joined("ww2", "two"), "C2"), joined("ww3", "three")],
        &[invited_by(joined("ww4", "four"), "wang")],
    );
    let expected = "\
~ custom id: one (ww1): C1 is now C9
~ custom id: two (ww2): none is now C2
~ status: three (ww3) [pending] is now three (ww3)
~ inviter: four (ww4): li is now wang
";
    assert_eq!(text(&newer.diff(&older)), expected);
}
