//! A downstream corp, as the app that is shared with it sees it: how it is found, and what can be called there.

mod share;

use std::fmt;
use std::time::Duration;

use wecom_core::ids::{AgentId, CorpId};
use wecom_core::{Client, Error, Shared, Threading};

pub use self::share::{Share, ShareError};
use crate::calls::{ExternalUseridToPendingId, ExternalUseridToPendingIdReply, TransferSession, TransferSessionReply};

/// A downstream corp's side of the API: what is called with that corp's token. From [`Share::downstream`].
///
/// The token is got with the upstream corp's, by a call of its own, and kept, renewed and replaced as that one is. Cheap
/// to clone; all clones share it.
///
/// The upstream corp's calls do not compile on it:
///
/// ```compile_fail,E0599
/// # async fn example(downstream: wecom_upstream::Downstream) -> Result<(), wecom_upstream::Error> {
/// downstream.get_chain_list().await?;
/// # Ok(())
/// # }
/// ```
///
/// nor does this one on the [`Upstream`](crate::Upstream):
///
/// ```compile_fail,E0599
/// # use wecom_upstream::TransferSession;
/// # async fn example(upstream: wecom_upstream::Upstream, call: TransferSession) -> Result<(), wecom_upstream::Error> {
/// upstream.transfer_session(call).await?;
/// # Ok(())
/// # }
/// ```
///
/// but each on its own does:
///
/// ```
/// # use wecom_upstream::{Downstream, TransferSession, Upstream};
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

    /// The corp.
    #[must_use]
    pub fn corp_id(&self) -> &CorpId {
        &self.corp_id
    }

    /// The id that the shared app has in this corp.
    #[must_use]
    pub fn agent_id(&self) -> AgentId {
        self.agent_id
    }

    /// The client below, with this corp's token, for calls that have no method here.
    #[must_use]
    pub fn client(&self) -> &Client<M> {
        &self.client
    }

    /// The same with a limit for each request; see [`Client::with_time_limit`].
    #[must_use]
    pub fn with_time_limit(&self, limit: Duration) -> Self {
        Self { client: self.client.with_time_limit(limit), ..self.clone() }
    }

    /// The same with a limit for each whole call; see [`Client::with_deadline`].
    #[must_use]
    pub fn with_deadline(&self, limit: Duration) -> Self {
        Self { client: self.client.with_deadline(limit), ..self.clone() }
    }

    /// Turns a mini-program session of the upstream corp into one of this corp: 获取下级/下游企业小程序session
    /// ([95817](https://developer.work.weixin.qq.com/document/path/95817),
    /// [93355](https://developer.work.weixin.qq.com/document/path/93355)).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`TransferSession`].
    pub async fn transfer_session(&self, call: TransferSession) -> Result<TransferSessionReply, Error> {
        self.client.call(call).await
    }

    /// Finds out which of this corp's customers were known by a `pending_id` before they were added:
    /// external_userid查询pending_id ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
    ///
    /// For more than a hundred, see [`pending_ids`](Self::pending_ids).
    ///
    /// # Errors
    ///
    /// As [`Client::call`]; the codes that it is refused with stand at [`ExternalUseridToPendingId`].
    pub async fn external_userid_to_pending_id(
        &self,
        call: ExternalUseridToPendingId,
    ) -> Result<ExternalUseridToPendingIdReply, Error> {
        self.client.call(call).await
    }
}

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
