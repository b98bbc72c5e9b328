//! Which corp that has joined is which one that was pending: a corp gets another id when it joins.

use std::collections::{BTreeMap, HashMap, HashSet};

use wecom_core::ids::{CustomId, PendingCorpId};

use super::PlacedCorp;
use crate::calls::GroupCorp;

/// For the places of joined corps that came, the places of the pending corps that went and that they were.
pub(super) fn pairs(gone: &[PlacedCorp], new: &[PlacedCorp]) -> BTreeMap<usize, usize> {
    let mut pairs = BTreeMap::new();
    let mut paired = HashSet::new();
    for feature in [pending_corpid, custom_id, name] {
        let before = unique(gone, feature, |at, corp| !corp.is_joined && !paired.contains(&at));
        let after = unique(new, feature, |at, corp| corp.is_joined && !pairs.contains_key(&at));
        for (feature, (new_at, corp)) in after {
            let Some(&(gone_at, former)) = before.get(feature) else { continue };
            if !contradict(former, corp) {
                pairs.insert(new_at, gone_at);
                paired.insert(gone_at);
            }
        }
    }
    pairs
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

/// Whether two corps can't be the same: the upstream corp's books have them as two.
fn contradict(one: &GroupCorp, other: &GroupCorp) -> bool {
    let ids = custom_id(one).zip(custom_id(other));
    ids.is_some_and(|(one, other)| !one.is_empty() && !other.is_empty() && one != other)
}

/// The corps that alone have a feature, among those in question.
fn unique(
    list: &[PlacedCorp],
    feature: Feature,
    is_in_question: impl Fn(usize, &GroupCorp) -> bool,
) -> HashMap<&str, (usize, &GroupCorp)> {
    let mut found: HashMap<&str, Option<(usize, &GroupCorp)>> = HashMap::new();
    for (at, PlacedCorp { corp, .. }) in
        list.iter().enumerate().filter(|(at, placed)| is_in_question(*at, &placed.corp))
    {
        if let Some(text) = feature(corp).filter(|text| !text.is_empty()) {
            found.entry(text).and_modify(|place| *place = None).or_insert(Some((at, corp)));
        }
    }
    found.into_iter().filter_map(|(text, place)| Some((text, place?))).collect()
}
