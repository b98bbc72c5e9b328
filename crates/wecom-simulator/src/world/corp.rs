//! The corps of a chain, and their people.

use std::fmt;

use wecom_upstream::calls::QualificationStatus;
use wecom_upstream::ids::{CustomId, PendingCorpId, UserCustomId};
use wecom_upstream::{CorpId, GroupId, UserId};

/// A corp in a chain. One that is in two chains is in each of them by a value of its own.
#[derive(Clone, Debug)]
#[must_use = "a corp does nothing until a chain has it"]
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

/// The id that a corp has: which of the two tells whether it has joined.
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

/// A person of a corp, as an import named him.
#[derive(Clone, Debug)]
pub(crate) struct WorldContact {
    pub(crate) mobile: String,
    pub(crate) user_custom_id: Option<UserCustomId>,
}

impl WorldCorp {
    /// A corp that has joined: 未验证 until [`qualification`](Self::qualification) says otherwise.
    pub fn joined(groupid: impl Into<GroupId>, corpid: impl Into<CorpId>, name: impl Into<String>) -> Self {
        Self::with_id(groupid.into(), WorldCorpId::Joined(corpid.into()), name.into())
    }

    /// A corp that was invited and has not joined yet.
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

    /// Sets what the upstream corp calls it in its own books.
    pub fn custom_id(mut self, custom_id: impl Into<CustomId>) -> Self {
        self.custom_id = Some(custom_id.into());
        self
    }

    /// Sets the upstream corp's member who invited it.
    pub fn invite_userid(mut self, userid: impl Into<UserId>) -> Self {
        self.invite_userid = Some(userid.into());
        self
    }

    /// Sets how far it has proved who it is.
    pub fn qualification(mut self, status: QualificationStatus) -> Self {
        self.qualification = status;
        self
    }

    /// Adds a member (成员) without a custom id.
    pub fn member(mut self, userid: impl Into<UserId>) -> Self {
        self.members.push(WorldMember { userid: userid.into(), user_custom_id: None });
        self
    }

    /// Adds a member (成员), and what the upstream corp calls him in its own books.
    pub fn known_member(mut self, userid: impl Into<UserId>, custom_id: impl Into<UserCustomId>) -> Self {
        self.members.push(WorldMember { userid: userid.into(), user_custom_id: Some(custom_id.into()) });
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
