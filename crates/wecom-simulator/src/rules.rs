//! The rules of a chain (对接规则): who of the upstream corp deals with whom downstream.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wecom_core::{ErrCode, wire};
use wecom_upstream::CorpId;

use crate::call::Call;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::view::View;
use crate::world::{OwnerRange, WorldCorpId};

pub(crate) struct Rules {
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
    owner_corp_range: OwnerCorpRange,
    member_corp_range: MemberCorpRange,
}

#[derive(Clone, Serialize, Deserialize)]
struct OwnerCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    departmentids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    userids: Vec<Id>,
}

#[derive(Clone, Serialize, Deserialize)]
struct MemberCorpRange {
    #[serde(default, deserialize_with = "wire::list")]
    groupids: Vec<Id>,
    #[serde(default, deserialize_with = "wire::list")]
    corpids: Vec<Id>,
}

/// An id that is written as a string, and taken as a number too.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
struct Id(#[serde(deserialize_with = "wire::text")] String);

impl Rules {
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

/// The `rule_info` of a call, which must name people of the chain's range, and groups and corps of the chain.
pub(crate) fn rule_info(view: &View<'_>, call: &Call<'_>) -> Result<RuleInfo, Refusal> {
    let rule: RuleInfo = call.parameters.object("rule_info")?;
    let RuleInfo { owner_corp_range: owner, member_corp_range: member } = &rule;
    if owner.departmentids.is_empty() && owner.userids.is_empty() {
        return Err(Refusal::about(ErrCode::EMPTY_PARAMETER, "owner_corp_range"));
    }
    if member.groupids.is_empty() && member.corpids.is_empty() {
        return Err(Refusal::about(ErrCode::EMPTY_PARAMETER, "member_corp_range"));
    }
    check_owner(owner, view.chain.owner_range.as_ref())?;
    for Id(groupid) in &member.groupids {
        view.check_group(groupid.parse().map_err(|_| invalid("groupids"))?)?;
    }
    for Id(corpid) in &member.corpids {
        view.corp(&WorldCorpId::Joined(CorpId::new(corpid.as_str())))?;
    }
    Ok(rule)
}

/// Whether all that are named on the upstream side take part in the chain.
fn check_owner(owner: &OwnerCorpRange, range: Option<&OwnerRange>) -> Result<(), Refusal> {
    for Id(departmentid) in &owner.departmentids {
        let departmentid = departmentid.parse::<i64>().map_err(|_| invalid("departmentids"))?;
        if range.is_some_and(|range| !range.departmentids.contains(&departmentid)) {
            return Err(Refusal::about(ErrCode::MEMBER_NOT_IN_RANGE, "departmentids"));
        }
    }
    let takes_part =
        |userid: &Id| range.is_none_or(|range| range.userids.iter().any(|there| there.as_str() == userid.0));
    if owner.userids.iter().all(takes_part) {
        Ok(())
    } else {
        Err(Refusal::about(ErrCode::MEMBER_NOT_IN_RANGE, "userids"))
    }
}
