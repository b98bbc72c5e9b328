//! The rules of a chain (对接规则): who of the upstream corp deals with whom downstream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wecom_core::ErrCode;
use wecom_core::codec::wire;

use crate::refusal::Refusal;

pub(crate) struct StoredRules {
    limit: Option<usize>,
    rules: BTreeMap<i64, Rule>,
    given_ids: i64,
}

struct Rule {
    info: RuleInfo,
    /// The number of its last change.
    changed: u64,
}

/// A rule: at least one of the two lists on either side.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RuleInfo {
    pub(crate) owner_corp_range: OwnerCorpRange,
    pub(crate) member_corp_range: MemberCorpRange,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OwnerCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    pub(crate) departmentids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    pub(crate) userids: Vec<Id>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MemberCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    pub(crate) groupids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    pub(crate) corpids: Vec<Id>,
}

/// An id that is written as a string, and taken as a number too.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Id(#[serde(deserialize_with = "wire::text")] pub(crate) String);

impl StoredRules {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, rules: BTreeMap::new(), given_ids: 0 }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        self.rules.keys().copied()
    }

    pub(crate) fn add(&mut self, info: RuleInfo, change: u64) -> Result<i64, Refusal> {
        if self.limit.is_some_and(|limit| self.rules.len() >= limit) {
            return Err(ErrCode::RULES_EXCEEDED.into());
        }
        self.given_ids += 1;
        self.rules.insert(self.given_ids, Rule { info, changed: change });
        Ok(self.given_ids)
    }

    pub(crate) fn get(&self, id: i64) -> Result<&RuleInfo, Refusal> {
        self.rules.get(&id).map(|rule| &rule.info).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }

    /// Changes a rule, unless it was changed since the caller came: then he has lost.
    pub(crate) fn replace(&mut self, id: i64, info: RuleInfo, came_after: u64, change: u64) -> Result<(), Refusal> {
        let rule = self.rules.get_mut(&id).ok_or(ErrCode::UNKNOWN_RULE)?;
        if rule.changed > came_after {
            return Err(ErrCode::VERSION_CONFLICT.into());
        }
        *rule = Rule { info, changed: change };
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: i64) -> Result<(), Refusal> {
        self.rules.remove(&id).map(drop).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }
}
