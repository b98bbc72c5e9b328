//! The API of a downstream corp, for the app that is shared with it, and the lookup of such corps.

mod share;

use std::fmt;
use std::time::Duration;

use wecom_core::ids::{AgentId, CorpId};
use wecom_core::{Client, Shared, Threading};

pub use self::share::{Share, ShareError};

/// The API of a downstream corp: one method for each call that accepts that corp's token. Created by
/// [`Share::downstream`].
///
/// A call of the upstream corp's app fetches the token; the client caches and refreshes it like any other token. A
/// `Downstream` is cheap to clone, and all clones share the token.
///
/// The upstream corp's calls do not compile on a `Downstream`:
///
/// ```compile_fail,E0599
/// # async fn example(downstream: wecom_upstream::Downstream) -> Result<(), wecom_upstream::Error> {
/// downstream.get_chain_list().await?;
/// # Ok(())
/// # }
/// ```
///
/// The downstream corp's calls do not compile on an [`Upstream`](crate::Upstream):
///
/// ```compile_fail,E0599
/// # use wecom_upstream::calls::TransferSession;
/// # async fn example(upstream: wecom_upstream::Upstream, call: TransferSession) -> Result<(), wecom_upstream::Error> {
/// upstream.transfer_session(call).await?;
/// # Ok(())
/// # }
/// ```
///
/// Each call compiles on its own facade:
///
/// ```
/// # use wecom_upstream::calls::TransferSession;
/// # use wecom_upstream::{Downstream, Upstream};
/// # async fn example(upstream: Upstream, downstream: Downstream, call: TransferSession) -> Result<(), wecom_upstream::Error> {
/// upstream.get_chain_list().await?;
/// downstream.transfer_session(call).await?;
/// # Ok(())
/// # }
/// ```
pub struct Downstream<M: Threading = Shared> {
    client: Client<M>,
    corp_id: CorpId,
    agent_id: AgentId,
}

impl<M: Threading> Downstream<M> {
    pub(crate) fn new(client: Client<M>, corp_id: CorpId, agent_id: AgentId) -> Self {
        Self { client, corp_id, agent_id }
    }

    /// Returns the id of the downstream corp.
    #[must_use]
    pub fn corp_id(&self) -> &CorpId {
        &self.corp_id
    }

    /// Returns the id of the shared app in the downstream corp.
    #[must_use]
    pub fn agent_id(&self) -> AgentId {
        self.agent_id
    }

    /// Returns the client with the downstream corp's token, for calls that have no method here.
    #[must_use]
    pub fn client(&self) -> &Client<M> {
        &self.client
    }

    /// Returns a `Downstream` with a time limit for each request; see [`Client::with_time_limit`].
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self { client: self.client.with_time_limit(limit), ..self.clone() }
    }

    /// Returns a `Downstream` with a deadline for each call, retries included; see [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self { client: self.client.with_deadline(limit), ..self.clone() }
    }
}

macro_rules! downstream_methods {
    (
        upstream { $($upstream:tt)+ }
        upstream_or_downstream { $($either:tt)+ }
        downstream { $($downstream:tt)+ }
    ) => {
        facade! { Downstream: $($downstream)+ $($either)+ }
    };
}
for_each_call!(downstream_methods);

impl<M: Threading> Clone for Downstream<M> {
    fn clone(&self) -> Self {
        Self { client: self.client.clone(), corp_id: self.corp_id.clone(), agent_id: self.agent_id }
    }
}

impl<M: Threading> fmt::Debug for Downstream<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Downstream")
            .field("corp_id", &self.corp_id)
            .field("agent_id", &self.agent_id)
            .finish_non_exhaustive()
    }
}
