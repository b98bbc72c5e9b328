//! A chain, as the lists of chains name it.

use serde::{Deserialize, Serialize};
use wecom_core::ids::ChainId;
use wecom_core::wire;

/// A chain (上下游): its id and its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chain {
    /// The chain's id.
    pub chain_id: ChainId,
    /// The chain's name; empty when the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub chain_name: String,
}

impl Chain {
    /// A chain by id and name.
    pub fn new(chain_id: impl Into<ChainId>, chain_name: impl Into<String>) -> Self {
        Self { chain_id: chain_id.into(), chain_name: chain_name.into() }
    }
}
