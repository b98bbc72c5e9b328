//! Reading and checking the parameter `rule_info` of two calls.

use std::collections::HashSet;

use wecom_core::ErrCode;
use wecom_upstream::{CorpId, UserId};

use crate::call::Call;
use crate::chain::stored_rules::{Id, OwnerCorpRange, RuleInfo};
use crate::chain::visible_chain::VisibleChain;
use crate::parameters::invalid;
use crate::refusal::Refusal;
use crate::steps::each;
use crate::world::{OwnerRange, WorldCorpId};

/// Returns the `rule_info` of a call. Its members must be in the range of the chain, its groups and corps in the chain.
pub(crate) fn rule_info(view: &VisibleChain<'_>, call: &Call<'_>) -> Result<RuleInfo, Refusal> {
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

/// Returns an error if a department or member of the upstream corp is not in the range of the chain.
fn check_owner(owner: &OwnerCorpRange, range: Option<&OwnerRange>) -> Result<(), Refusal> {
    let departments: Option<HashSet<_>> = range.map(|range| each(&range.departmentids).copied().collect());
    let users: Option<HashSet<_>> = range.map(|range| each(&range.userids).map(UserId::as_str).collect());
    for Id(departmentid) in each(&owner.departmentids) {
        let departmentid = departmentid.parse::<i64>().map_err(|_| invalid("departmentids"))?;
        if departments.as_ref().is_some_and(|known| !known.contains(&departmentid)) {
            return Err(Refusal::about(ErrCode::MEMBER_NOT_IN_RANGE, "departmentids"));
        }
    }
    if each(&owner.userids).all(|Id(userid)| users.as_ref().is_none_or(|known| known.contains(userid.as_str()))) {
        Ok(())
    } else {
        Err(Refusal::about(ErrCode::MEMBER_NOT_IN_RANGE, "userids"))
    }
}
