//! An app of the upstream corp, and the corps that it is shared with.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wecom_core::ids::{AgentId, CorpId};
use wecom_core::token::DownstreamApp;
use wecom_core::{Error, Shared, Threading};

use crate::calls::{ListAppShareInfo, SharedCorp};
use crate::downstream::Downstream;
use crate::jobs::pager::Pager;
use crate::upstream::Upstream;
use crate::values::BusinessType;

/// An app of the upstream corp, and the corps that it is shared with. From [`Upstream::share`].
///
/// A call for a downstream corp takes that corp's token, which takes the id that the app has there, which takes a call of
/// its own. This finds both, once for each corp:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::{AgentId, CorpId, ExternalUserId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// let share = upstream.share(AgentId::new(1_000_002));
/// # pollster::block_on(async {
///
/// let dealer = share.downstream(CorpId::new("wwjingxi")).await?;
/// assert_eq!(dealer.agent_id(), AgentId::new(1_000_011));
///
/// let mut customers = dealer.pending_ids([ExternalUserId::new("wmChenOfJingxi")]);
/// while let Some(customer) = customers.next().await {
///     println!("{} was {:?}", customer.external_userid, customer.pending_id?);
/// }
///
/// let mut corps = share.corps();
/// while let Some(corp) = corps.next_item().await? {
///     let dealer = share.downstream_of(&corp); // No call: the id is in the list.
///     println!("{}", dealer.corp_id());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Keep it: what it has found is remembered, with the tokens, by it and all its clones, until it is
/// [forgotten](Self::forget).
pub struct Share<M: Threading = Shared> {
    upstream: Upstream<M>,
    agent_id: AgentId,
    business_type: BusinessType,
    found: Arc<Mutex<HashMap<CorpId, Downstream<M>>>>,
}

impl<M: Threading> Upstream<M> {
    /// An app of the upstream corp, the one whose token this is, and the corps of the chains (上下游) that it is shared
    /// with.
    #[must_use]
    pub fn share(&self, agent_id: impl Into<AgentId>) -> Share<M> {
        Share {
            upstream: self.clone(),
            agent_id: agent_id.into(),
            business_type: BusinessType::Chain,
            found: Arc::default(),
        }
    }
}

impl<M: Threading> Share<M> {
    /// The same app, shared in another way: [`BusinessType::CorpGroup`] is 企业互联 or 局校互联. What was found for one way
    /// does not count for the other.
    #[must_use]
    pub fn with_business_type(self, business_type: BusinessType) -> Self {
        Self { business_type, found: Arc::default(), ..self }
    }

    /// A downstream corp, with the app's id there: asked for the first time, remembered from then on.
    ///
    /// Its token is fetched by the first call that needs it, and shared by all who ask for the same corp.
    ///
    /// # Errors
    ///
    /// [`ShareError::NotShared`] when the app is not shared with the corp; a call's.
    pub async fn downstream(&self, corp_id: impl Into<CorpId>) -> Result<Downstream<M>, ShareError> {
        let corp_id = corp_id.into();
        let known = self.lock().get(&corp_id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let call = ListAppShareInfo::new(self.agent_id).business_type(self.business_type).corpid(&corp_id);
        let corps = self.upstream.list_app_share_info(call).await?.corp_list;
        match corps.iter().find(|corp| corp.corpid == corp_id) {
            Some(corp) => Ok(self.downstream_of(corp)),
            None => Err(ShareError::NotShared(corp_id)),
        }
    }

    /// A downstream corp from the [list](Self::corps): nothing is called for it.
    #[must_use]
    pub fn downstream_of(&self, corp: &SharedCorp) -> Downstream<M> {
        let make = || {
            let app = DownstreamApp::new(corp.corpid.as_str(), corp.agentid.get());
            let app = app.with_business_type(self.business_type.get());
            Downstream::new(self.upstream.client().downstream(app), corp.corpid.clone(), corp.agentid)
        };
        let mut found = self.lock();
        let known = found.entry(corp.corpid.clone()).or_insert_with(make);
        if known.agent_id() != corp.agentid {
            // It was shared anew, as another app.
            *known = make();
        }
        known.clone()
    }

    /// Forgets a downstream corp: when the app is no longer shared with it, or has been shared anew.
    pub fn forget(&self, corp_id: &CorpId) {
        self.lock().remove(corp_id);
    }

    /// All corps that the app is shared with, one by one or page by page.
    pub fn corps(&self) -> Pager<ListAppShareInfo, M> {
        self.upstream.pages(ListAppShareInfo::new(self.agent_id).business_type(self.business_type))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<CorpId, Downstream<M>>> {
        // Nothing in here panics between two changes that belong together.
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Threading> Clone for Share<M> {
    fn clone(&self) -> Self {
        let Self { upstream, agent_id, business_type, found } = self;
        Self {
            upstream: upstream.clone(),
            agent_id: *agent_id,
            business_type: *business_type,
            found: Arc::clone(found),
        }
    }
}

impl<M: Threading> fmt::Debug for Share<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Share")
            .field("agent_id", &self.agent_id)
            .field("business_type", &self.business_type)
            .finish_non_exhaustive()
    }
}

/// Why a downstream corp could not be found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ShareError {
    /// A call failed. WeCom may refuse it with [`APP_NOT_SHARED`](wecom_core::ErrCode::APP_NOT_SHARED), which means the
    /// same as [`ShareError::NotShared`].
    Call(Error),
    /// The app is not shared with this corp. Share it in the admin console.
    NotShared(CorpId),
}

impl From<Error> for ShareError {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl fmt::Display for ShareError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::NotShared(corp_id) => write!(f, "the app is not shared with {corp_id}"),
        }
    }
}

impl StdError for ShareError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            Self::NotShared(_) => None,
        }
    }
}
