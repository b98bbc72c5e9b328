//! The errors of the administrator's changes.

use std::fmt;

use wecom_upstream::ids::CustomId;
use wecom_upstream::values::CorpRef;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId};

/// The error of a change that is not possible. The world does not change, and no event is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AdminError {
    /// There is no chain with this id.
    UnknownChain(ChainId),
    /// There is a chain with this id already.
    ChainExists(ChainId),
    /// The chain has no group with this id.
    UnknownGroup(GroupId),
    /// The root group can't be renamed, moved or deleted.
    RootGroup,
    /// The group has corps or groups in it.
    GroupNotEmpty(GroupId),
    /// The new parent is the group itself, or is below it.
    GroupBelowItself(GroupId),
    /// The chain has no such corp.
    UnknownCorp(CorpRef),
    /// The chain has a corp with this id already.
    CorpExists(CorpRef),
    /// Another corp of the chain has this custom id.
    CustomIdTaken(CustomId),
    /// The creator of the chain can't be removed from it.
    CreatorNotRemovable,
    /// There is no app with this id.
    UnknownApp(AgentId),
    /// The app is shared with this corp already.
    AlreadyShared(CorpId),
    /// The app is not shared with this corp.
    NotShared(CorpId),
    /// The corp has joined no chain, so an app can't be shared with it through one.
    NotJoined(CorpId),
    /// A name or an id is empty.
    EmptyName,
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = |corp: &CorpRef| -> String {
            let pending = || corp.pending_corpid().map(ToString::to_string);
            corp.corpid().map(ToString::to_string).or_else(pending).unwrap_or_default()
        };
        match self {
            Self::UnknownChain(chain_id) => write!(f, "unknown chain: there is no chain {chain_id}"),
            Self::ChainExists(chain_id) => write!(f, "chain exists: {chain_id} is the id of another chain"),
            Self::UnknownGroup(group) => write!(f, "unknown group: the chain has no group {group}"),
            Self::RootGroup => f.write_str("root group: it can't be renamed, moved or deleted"),
            Self::GroupNotEmpty(group) => {
                write!(f, "group not empty: {group} has corps or groups; move or remove them first")
            }
            Self::GroupBelowItself(group) => write!(f, "circular groups: {group} can't be moved below itself"),
            Self::UnknownCorp(corp) => write!(f, "unknown corp: the chain has no corp {}", id(corp)),
            Self::CorpExists(corp) => write!(f, "corp exists: {} is already in the chain", id(corp)),
            Self::CustomIdTaken(custom_id) => write!(f, "custom id not unique: another corp has {custom_id}"),
            Self::CreatorNotRemovable => f.write_str("corp not removable: it is the creator of the chain"),
            Self::UnknownApp(app) => write!(f, "unknown app: there is no app {app}"),
            Self::AlreadyShared(corp) => write!(f, "already shared: {corp} has the app"),
            Self::NotShared(corp) => write!(f, "not shared: {corp} does not have the app"),
            Self::NotJoined(corp) => write!(f, "not joined: {corp} is in no chain; let it join one first"),
            Self::EmptyName => f.write_str("empty name: names and ids can't be empty"),
        }
    }
}

impl std::error::Error for AdminError {}
