//! The corps of a chain, with their members and contacts.

use std::fmt;

use wecom_upstream::calls::QualificationStatus;
use wecom_upstream::ids::{CustomId, PendingCorpId, UserCustomId};
use wecom_upstream::{CorpId, GroupId, UserId};

/// A corp in a chain. A corp in two chains has a value in each.
#[derive(Clone, Debug)]
#[must_use = "a corp does nothing without a chain"]
pub struct WorldCorp {
    pub(crate) groupid: GroupId,
    pub(crate) id: WorldCorpId,
    pub(crate) name: String,
    pub(crate) custom_id: Option<CustomId>,
    pub(crate) invite_userid: Option<UserId>,
    pub(crate) qualification: QualificationStatus,
    pub(crate) members: Vec<WorldMember>,
    pub(crate) contacts: Vec<WorldContact>,
}

/// The id of a corp. The variant tells whether the corp has joined.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WorldCorpId {
    Joined(CorpId),
    Pending(PendingCorpId),
}

/// A member of a joined corp.
#[derive(Clone, Debug)]
pub(crate) struct WorldMember {
    pub(crate) userid: UserId,
    pub(crate) user_custom_id: Option<UserCustomId>,
}

/// An imported contact of a corp.
#[derive(Clone, Debug)]
pub(crate) struct WorldContact {
    pub(crate) mobile: String,
    pub(crate) user_custom_id: Option<UserCustomId>,
}

impl WorldCorp {
    /// Creates a corp that has joined. It is unverified (未验证) by default.
    pub fn joined(groupid: impl Into<GroupId>, corpid: impl Into<CorpId>, name: impl Into<String>) -> Self {
        Self::with_id(groupid.into(), WorldCorpId::Joined(corpid.into()), name.into())
    }

    /// Creates a corp that is invited and has not joined.
    pub fn pending(groupid: impl Into<GroupId>, corpid: impl Into<PendingCorpId>, name: impl Into<String>) -> Self {
        Self::with_id(groupid.into(), WorldCorpId::Pending(corpid.into()), name.into())
    }

    pub(crate) fn with_id(groupid: GroupId, id: WorldCorpId, name: String) -> Self {
        Self {
            groupid,
            id,
            name,
            custom_id: None,
            invite_userid: None,
            qualification: QualificationStatus::Unverified,
            members: Vec::new(),
            contacts: Vec::new(),
        }
    }

    /// Sets the custom id (自定义企业id) that the upstream corp assigned to the corp. An empty value means no id.
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into()).filter(|id| !id.as_str().is_empty());
        self
    }

    /// Sets the upstream corp's member who invited the corp.
    pub fn invite_userid(mut self, userid: impl Into<UserId>) -> Self {
        self.invite_userid = Some(userid.into()).filter(|userid| !userid.as_str().is_empty());
        self
    }

    /// Sets the verification status.
    pub fn qualification(mut self, status: QualificationStatus) -> Self {
        self.qualification = status;
        self
    }

    /// Adds a member (成员) without a custom id.
    pub fn member(mut self, userid: impl Into<UserId>) -> Self {
        self.members.push(WorldMember { userid: userid.into(), user_custom_id: None });
        self
    }

    /// Adds a member (成员) with the custom id (自定义成员id) that the upstream corp assigned. An empty value means no id.
    pub fn member_with_custom_id(mut self, userid: impl Into<UserId>, custom_id: impl Into<UserCustomId>) -> Self {
        let user_custom_id = Some(custom_id.into()).filter(|id| !id.as_str().is_empty());
        self.members.push(WorldMember { userid: userid.into(), user_custom_id });
        self
    }
}

impl fmt::Display for WorldCorpId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(corpid) => write!(f, "{corpid}"),
            Self::Pending(pending_corpid) => write!(f, "{pending_corpid}"),
        }
    }
}
