//! The corps of a generated world. They are not stored: each access generates the corp again.

use wecom_upstream::calls::{Group, QualificationStatus};
use wecom_upstream::ids::{CustomId, PendingCorpId, UserCustomId};
use wecom_upstream::{CorpId, GroupId, UserId};

use super::corp::{WorldCorp, WorldCorpId};
use crate::hash::{OFFSET_BASIS, fnv1a};

const PLACES: [&str; 8] = ["长河", "云岭", "海津", "金沙", "北辰", "南屏", "东湖", "西原"];
const TRADES: [&str; 8] = ["家电", "建材", "粮油", "五金", "百货", "纸业", "服饰", "茶叶"];
const KINDS: [&str; 4] = ["商行", "贸易公司", "经销部", "配送中心"];
/// The number of corps for each group, and the maximum number of groups.
const CORPS_PER_GROUP: u64 = 100;
const MAX_GROUPS: u64 = 1000;

/// The corps of a seed, numbered from 0. The id, the custom id and the name of a corp contain its number, so that no index
/// is needed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GeneratedCorps {
    seed: u64,
    corps: u64,
    groups: u64,
}

impl GeneratedCorps {
    pub(crate) fn new(corps: u64, seed: u64) -> Self {
        Self { seed, corps, groups: (corps / CORPS_PER_GROUP).min(MAX_GROUPS) }
    }

    /// The number of corps.
    pub(crate) fn count(&self) -> u64 {
        self.corps
    }

    /// The group of a corp.
    pub(crate) fn group_of(&self, number: u64) -> GroupId {
        groupid(self.draw("group", number) % (self.groups + 1) + 1)
    }

    /// Generates a corp.
    pub(crate) fn corp(&self, number: u64) -> WorldCorp {
        let (groupid, id, name) = (self.group_of(number), self.id(number), self.name(number));
        let is_joined = matches!(id, WorldCorpId::Joined(_));
        let corp = WorldCorp::with_id(groupid, id, name).custom_id(custom_id(number));
        if !is_joined {
            return corp;
        }
        let status = QualificationStatus::from((self.draw("status", number) % 3) as i64 + 1);
        let (userid, user_custom_id) = (format!("user{number}"), (number + 1).to_string());
        corp.qualification(status).member_with_custom_id(UserId::new(userid), UserCustomId::new(user_custom_id))
    }

    /// The number of the corp with this id.
    pub(crate) fn number_by_id(&self, id: &WorldCorpId) -> Option<u64> {
        let text = match id {
            WorldCorpId::Joined(corpid) => corpid.as_str(),
            WorldCorpId::Pending(corpid) => corpid.as_str(),
        };
        let number = u64::from_str_radix(text.get(18..)?, 16).ok()?;
        (number < self.corps && self.id(number) == *id).then_some(number)
    }

    /// The number of the corp with this custom id.
    pub(crate) fn number_by_custom_id(&self, id: &CustomId) -> Option<u64> {
        let number = id.as_str().strip_prefix('C')?.parse().ok()?;
        (number < self.corps && custom_id(number) == *id).then_some(number)
    }

    /// The number of the corp with this name.
    pub(crate) fn number_by_name(&self, name: &str) -> Option<u64> {
        let words = name.trim_end_matches(|character: char| character.is_ascii_digit());
        let number = name.get(words.len()..)?.parse().ok()?;
        (number < self.corps && self.name(number) == name).then_some(number)
    }

    /// All groups except the root, which is group 1. Each group comes after its parent.
    pub(crate) fn groups(&self) -> impl Iterator<Item = Group> {
        (0..self.groups).map(|index| self.group(index))
    }

    fn group(&self, index: u64) -> Group {
        let parent = self.draw("parent", index) % (index + 1) / 2 + 1;
        let name = format!("{}第{}片区", pick(&PLACES, self.draw("place", index)), index + 1);
        Group::new(groupid(index + 2), name, groupid(parent)).order((index % 100) as i64)
    }

    fn id(&self, number: u64) -> WorldCorpId {
        let drawn = self.draw("id", number);
        if self.draw("pending", number) % 8 == 0 {
            WorldCorpId::Pending(PendingCorpId::new(format!("wp{drawn:016x}{number:x}")))
        } else {
            WorldCorpId::Joined(CorpId::new(format!("ww{drawn:016x}{number:x}")))
        }
    }

    fn name(&self, number: u64) -> String {
        let word = |words, purpose| pick(words, self.draw(purpose, number));
        format!("{}{}{}{number}", word(&PLACES, "place"), word(&TRADES, "trade"), word(&KINDS, "kind"))
    }

    /// A random number, determined by the seed, the purpose and the index.
    fn draw(&self, purpose: &str, index: u64) -> u64 {
        let seeded = fnv1a(OFFSET_BASIS, &self.seed.to_le_bytes());
        let number = fnv1a(fnv1a(seeded, purpose.as_bytes()), &index.to_le_bytes());
        let number = (number ^ (number >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
        number ^ (number >> 33)
    }
}

fn custom_id(number: u64) -> CustomId {
    CustomId::new(format!("C{number}"))
}

fn groupid(number: u64) -> GroupId {
    GroupId::new(number as i64)
}

fn pick<'a>(words: &[&'a str], number: u64) -> &'a str {
    words.get((number % words.len() as u64) as usize).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_corp_is_found_by_its_ids_and_its_name_and_no_other_is_found() {
        let generated = GeneratedCorps::new(300, 5);
        for number in 0..300 {
            let corp = generated.corp(number);
            assert_eq!(generated.number_by_id(&corp.id), Some(number));
            assert_eq!(generated.number_by_custom_id(corp.custom_id.as_ref().unwrap()), Some(number));
            assert_eq!(generated.number_by_name(&corp.name), Some(number));
        }
        let beyond = GeneratedCorps::new(301, 5).corp(300);
        assert_eq!((generated.number_by_id(&beyond.id), generated.number_by_name(&beyond.name)), (None, None));
        for odd in ["", "C", "C007", "c7", "C300"] {
            assert_eq!(generated.number_by_custom_id(&CustomId::new(odd)), None, "{odd}");
        }
        assert_eq!(generated.number_by_id(&WorldCorpId::Joined(CorpId::new("ww0000000000000007企"))), None);
        assert_eq!(generated.number_by_name("长河家电商行"), None);
    }

    #[test]
    fn the_same_seed_generates_the_same_corps_in_every_release() {
        let WorldCorp { name, groupid, id, qualification, .. } = GeneratedCorps::new(300, 5).corp(0);
        assert_eq!((name.as_str(), groupid, qualification.get()), ("长河服饰商行0", GroupId::new(4), 1));
        assert_eq!(id, WorldCorpId::Joined(CorpId::new("wwaeeae69958b346c40")));
    }

    #[test]
    fn every_word_and_every_documented_status_occurs() {
        let generated = GeneratedCorps::new(300, 5);
        let corps: Vec<_> = (0..300).map(|number| generated.corp(number)).collect();
        for word in PLACES.iter().chain(&TRADES).chain(&KINDS) {
            assert!(corps.iter().any(|corp| corp.name.contains(word)), "{word}");
        }
        let joined = corps.iter().filter(|corp| matches!(corp.id, WorldCorpId::Joined(_)));
        let statuses: BTreeSet<_> = joined.map(|corp| corp.qualification.get()).collect();
        assert_eq!(statuses, BTreeSet::from([1, 2, 3]));
    }
}
