//! The rules of a chain (对接规则): which members of the upstream corp work with which downstream corps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wecom_core::ErrCode;
use wecom_core::codec::wire;

use crate::refusal::Refusal;

/// The rules of a chain, by id.
pub(crate) struct StoredRules {
    limit: Option<usize>,
    rules: BTreeMap<i64, Rule>,
    last_id: i64,
}

struct Rule {
    info: RuleInfo,
    /// The rule version of the last change.
    version: u64,
}

/// A rule. Each range has at least one of its two lists.
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

/// An id. It is written as a string and read from a string or a number.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Id(#[serde(deserialize_with = "wire::text")] pub(crate) String);

impl StoredRules {
    pub(crate) fn new(limit: Option<usize>) -> Self {
        Self { limit, rules: BTreeMap::new(), last_id: 0 }
    }

    pub(crate) fn ids(&self) -> impl Iterator<Item = i64> {
        self.rules.keys().copied()
    }

    pub(crate) fn add(&mut self, info: RuleInfo, version: u64) -> Result<i64, Refusal> {
        if self.limit.is_some_and(|limit| self.rules.len() >= limit) {
            return Err(ErrCode::RULES_EXCEEDED.into());
        }
        self.last_id += 1;
        self.rules.insert(self.last_id, Rule { info, version });
        Ok(self.last_id)
    }

    pub(crate) fn get(&self, id: i64) -> Result<&RuleInfo, Refusal> {
        self.rules.get(&id).map(|rule| &rule.info).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }

    /// Replaces a rule. Returns a version conflict if the rule was changed after the call arrived.
    pub(crate) fn replace(
        &mut self,
        id: i64,
        info: RuleInfo,
        version_on_arrival: u64,
        version: u64,
    ) -> Result<(), Refusal> {
        let rule = self.rules.get_mut(&id).ok_or(ErrCode::UNKNOWN_RULE)?;
        if rule.version > version_on_arrival {
            return Err(ErrCode::VERSION_CONFLICT.into());
        }
        *rule = Rule { info, version };
        Ok(())
    }

    pub(crate) fn delete(&mut self, id: i64) -> Result<(), Refusal> {
        self.rules.remove(&id).map(drop).ok_or_else(|| ErrCode::UNKNOWN_RULE.into())
    }
}
