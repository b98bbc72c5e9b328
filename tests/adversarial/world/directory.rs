//! The directory of a chain: groups in a tree, and the corps of each.

use std::collections::VecDeque;

use fastrand::Rng;
use serde_json::{Value, json};

/// The chain that is walked.
pub(crate) const CHAIN: &str = "ChWalk";

/// The directory of a chain. It never changes.
#[derive(Clone, Debug)]
pub(crate) struct Directory {
    groups: Vec<Group>,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) id: i64,
    parent: i64,
    order: i64,
    pub(crate) corps: VecDeque<String>,
}

impl Directory {
    pub(crate) fn random(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let groups = (1..=random.i64(1..7)).map(|id| Group {
            id,
            parent: if id == 1 { 0 } else { random.i64(1..id) },
            order: random.i64(0..3),
            corps: (0..random.u32(..7)).map(|number| format!("wwcorp{id}x{number}")).collect(),
        });
        Self { groups: groups.collect() }
    }

    /// Returns the groups in the order of a walk: each before the groups below it, siblings by descending order.
    pub(crate) fn in_order(&self) -> Vec<Group> {
        let mut ordered = Vec::new();
        self.visit(0, &mut ordered);
        ordered
    }

    fn visit(&self, parent: i64, ordered: &mut Vec<Group>) {
        let mut below: Vec<_> = self.groups.iter().filter(|group| group.parent == parent).collect();
        below.sort_by_key(|group| (-group.order, group.id));
        for group in below {
            ordered.push(group.clone());
            self.visit(group.id, ordered);
        }
    }

    pub(crate) fn list_groups(&self) -> String {
        let groups: Vec<_> = self.groups.iter().map(Group::listed).collect();
        format!("\"groups\":{}}}", Value::Array(groups))
    }

    pub(crate) fn list_corps(&self, request: &Value) -> String {
        let id = request["groupid"].as_i64().unwrap_or(0);
        let corps = self.groups.iter().filter(|group| group.id == id).flat_map(|group| &group.corps);
        page(corps.map(|corp| (corp.as_str(), corp.as_str())), id, request)
    }
}

impl Group {
    pub(crate) fn take_corp(&mut self) -> Option<String> {
        self.corps.pop_front()
    }

    fn listed(&self) -> Value {
        json!({"groupid": self.id, "group_name": "g", "parentid": self.parent, "order": self.order})
    }
}

/// Returns one page of corps, each with its id and name.
pub(super) fn page<'a>(corps: impl Iterator<Item = (&'a str, &'a str)>, group: i64, request: &Value) -> String {
    let begin = request["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let limit = request["limit"].as_u64().and_then(|limit| usize::try_from(limit).ok()).filter(|&limit| limit > 0);
    let mut corps = corps.skip(begin);
    let corp = |(id, name): (&str, &str)| json!({"groupid": group, "corpid": id, "corp_name": name, "is_joined": 1});
    let listed: Vec<_> = corps.by_ref().take(limit.unwrap_or(usize::MAX)).map(corp).collect();
    let (end, has_more) = (begin + listed.len(), corps.next().is_some());
    format!("\"has_more\":{has_more},\"next_cursor\":\"{end}\",\"group_corps\":{}}}", Value::Array(listed))
}
