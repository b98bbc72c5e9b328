//! A chain in the lists of chains.

use serde::{Deserialize, Serialize};
use wecom_core::codec::wire;
use wecom_core::ids::ChainId;

/// The id and name of a chain (上下游).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Chain {
    /// The chain's id.
    pub chain_id: ChainId,
    /// The chain's name; empty if the reply has none.
    #[serde(default, deserialize_with = "wire::text")]
    pub chain_name: String,
}

impl Chain {
    /// Creates a chain with an id and a name.
    pub fn new(chain_id: impl Into<ChainId>, chain_name: impl Into<String>) -> Self {
        Self { chain_id: chain_id.into(), chain_name: chain_name.into() }
    }
}
