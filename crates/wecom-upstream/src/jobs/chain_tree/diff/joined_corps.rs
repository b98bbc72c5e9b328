//! Matches each corp that has joined with its entry as a pending corp: a corp gets a new id when it joins.

use std::collections::{BTreeMap, HashMap, HashSet};

use wecom_core::ids::{CustomId, PendingCorpId};

use super::Entry;
use crate::calls::GroupCorp;

/// Maps the index of a joined corp in `new` to the index of its pending entry in `gone`.
pub(super) fn match_joined_corps(gone: &[Entry<'_>], new: &[Entry<'_>]) -> BTreeMap<usize, usize> {
    let mut matches = BTreeMap::new();
    let mut matched = HashSet::new();
    for feature in [pending_corpid, custom_id, name] {
        let before = unique(gone, feature, |at, corp| !corp.is_joined && !matched.contains(&at));
        let after = unique(new, feature, |at, corp| corp.is_joined && !matches.contains_key(&at));
        for (feature, (new_at, corp)) in after {
            let Some(&(gone_at, former)) = before.get(feature) else { continue };
            if !have_different_custom_ids(former, corp) {
                matches.insert(new_at, gone_at);
                matched.insert(gone_at);
            }
        }
    }
    matches
}

type Feature = fn(&GroupCorp) -> Option<&str>;

fn pending_corpid(corp: &GroupCorp) -> Option<&str> {
    corp.pending_corpid.as_ref().map(PendingCorpId::as_str)
}

fn custom_id(corp: &GroupCorp) -> Option<&str> {
    corp.custom_id.as_ref().map(CustomId::as_str)
}

fn name(corp: &GroupCorp) -> Option<&str> {
    Some(&corp.corp_name)
}

/// Returns whether two corps have different custom ids and so cannot be the same.
fn have_different_custom_ids(one: &GroupCorp, other: &GroupCorp) -> bool {
    let ids = custom_id(one).zip(custom_id(other));
    ids.is_some_and(|(one, other)| !one.is_empty() && !other.is_empty() && one != other)
}

/// Returns the candidates whose value of a feature is unique, by that value.
fn unique<'a>(
    list: &[Entry<'a>],
    feature: Feature,
    is_candidate: impl Fn(usize, &GroupCorp) -> bool,
) -> HashMap<&'a str, (usize, &'a GroupCorp)> {
    let mut found: HashMap<&'a str, Option<(usize, &'a GroupCorp)>> = HashMap::new();
    let corps = list.iter().map(|entry| entry.corp).enumerate();
    for (at, corp) in corps.filter(|(at, corp)| is_candidate(*at, corp)) {
        if let Some(text) = feature(corp).filter(|text| !text.is_empty()) {
            found.entry(text).and_modify(|place| *place = None).or_insert(Some((at, corp)));
        }
    }
    found.into_iter().filter_map(|(text, place)| Some((text, place?))).collect()
}
