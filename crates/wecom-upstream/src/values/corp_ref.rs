//! A reference to a corp of a chain, which has joined or was only invited.

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::Violations;
use wecom_core::ids::{CorpId, PendingCorpId};

/// A reference to a corp of a chain: by `corpid` once the corp has joined, by `pending_corpid` before.
///
/// Calls accept anything that converts into a `CorpRef`, so either id works:
///
/// ```
/// use wecom_upstream::calls::GetChainCorpinfo;
/// use wecom_upstream::ids::PendingCorpId;
/// use wecom_upstream::{ChainId, CorpId};
///
/// let chain_id = ChainId::new("Ch1234");
/// let joined = GetChainCorpinfo::new(&chain_id, CorpId::new("ww1234"));
/// let invited = GetChainCorpinfo::new(&chain_id, PendingCorpId::new("pww5678"));
/// # assert_ne!(joined, invited);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "Fields", try_from = "Fields")]
#[non_exhaustive]
pub enum CorpRef {
    /// A corp that has joined.
    Joined(CorpId),
    /// A corp that was invited and has not joined yet.
    Pending(PendingCorpId),
    /// A corp with both ids. WeCom uses `corpid`.
    Both {
        /// The corp's id since it joined.
        corpid: CorpId,
        /// The corp's id from before it joined.
        pending_corpid: PendingCorpId,
    },
}

impl CorpRef {
    /// Returns the `corpid`, if the reference has one.
    #[must_use]
    pub fn corpid(&self) -> Option<&CorpId> {
        match self {
            Self::Joined(corpid) | Self::Both { corpid, .. } => Some(corpid),
            Self::Pending(_) => None,
        }
    }

    /// Returns the `pending_corpid`, if the reference has one.
    #[must_use]
    pub fn pending_corpid(&self) -> Option<&PendingCorpId> {
        match self {
            Self::Pending(pending_corpid) | Self::Both { pending_corpid, .. } => Some(pending_corpid),
            Self::Joined(_) => None,
        }
    }

    /// Adds a violation for each empty id.
    pub(crate) fn check(&self, violations: &mut Violations) {
        if let Some(corpid) = self.corpid() {
            violations.require("corpid", corpid.as_str());
        }
        if let Some(pending_corpid) = self.pending_corpid() {
            violations.require("pending_corpid", pending_corpid.as_str());
        }
    }
}

impl From<CorpId> for CorpRef {
    fn from(corpid: CorpId) -> Self {
        Self::Joined(corpid)
    }
}

impl From<&CorpId> for CorpRef {
    fn from(corpid: &CorpId) -> Self {
        Self::Joined(corpid.clone())
    }
}

impl From<PendingCorpId> for CorpRef {
    fn from(pending_corpid: PendingCorpId) -> Self {
        Self::Pending(pending_corpid)
    }
}

impl From<&PendingCorpId> for CorpRef {
    fn from(pending_corpid: &PendingCorpId) -> Self {
        Self::Pending(pending_corpid.clone())
    }
}

impl From<&CorpRef> for CorpRef {
    fn from(corp: &CorpRef) -> Self {
        corp.clone()
    }
}

/// The JSON form of a [`CorpRef`].
#[derive(Serialize, Deserialize)]
struct Fields {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    corpid: Option<CorpId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending_corpid: Option<PendingCorpId>,
}

impl From<CorpRef> for Fields {
    fn from(corp: CorpRef) -> Self {
        match corp {
            CorpRef::Joined(corpid) => Self { corpid: Some(corpid), pending_corpid: None },
            CorpRef::Pending(pending_corpid) => Self { corpid: None, pending_corpid: Some(pending_corpid) },
            CorpRef::Both { corpid, pending_corpid } => {
                Self { corpid: Some(corpid), pending_corpid: Some(pending_corpid) }
            }
        }
    }
}

impl TryFrom<Fields> for CorpRef {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, &'static str> {
        match (fields.corpid, fields.pending_corpid) {
            (Some(corpid), None) => Ok(Self::Joined(corpid)),
            (None, Some(pending_corpid)) => Ok(Self::Pending(pending_corpid)),
            (Some(corpid), Some(pending_corpid)) => Ok(Self::Both { corpid, pending_corpid }),
            (None, None) => Err("missing field `corpid` or `pending_corpid`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_variant_survives_serialization() {
        let (corpid, pending_corpid) = (CorpId::new("ww1"), PendingCorpId::new("pww1"));
        for (corp, expected) in [
            (CorpRef::from(&corpid), json!({"corpid": "ww1"})),
            (CorpRef::from(&pending_corpid), json!({"pending_corpid": "pww1"})),
            (CorpRef::Both { corpid, pending_corpid }, json!({"corpid": "ww1", "pending_corpid": "pww1"})),
        ] {
            assert_eq!(serde_json::to_value(&corp).unwrap(), expected);
            assert_eq!(serde_json::from_value::<CorpRef>(expected).unwrap(), corp);
        }
    }

    #[test]
    fn a_corp_without_an_id_does_not_deserialize() {
        for json in [json!({}), json!({"corpid": null})] {
            let error = serde_json::from_value::<CorpRef>(json).unwrap_err();
            assert_eq!(error.to_string(), "missing field `corpid` or `pending_corpid`");
        }
    }
}
