//! Finds the downstream corps that an app of the upstream corp is shared with.

mod lookup;

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wecom_core::ids::{AgentId, CorpId};
use wecom_core::token::DownstreamApp;
use wecom_core::{Client, Error, Shared, Threading};

use self::lookup::{Lookup, Lookups};
use crate::calls::{ListAppShareInfo, SharedCorp};
use crate::downstream::Downstream;
use crate::jobs::pager::Pager;
use crate::upstream::Upstream;
use crate::values::BusinessType;

/// An app of the upstream corp, and the corps that it is shared with. Created by [`Upstream::share`].
///
/// A call for a downstream corp takes a token of that corp, and fetching the token takes the app's id in that corp,
/// which another call returns. A `Share` makes these calls once for each corp:
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
///     println!("{}: {:?}", customer.external_userid, customer.pending_id?);
/// }
///
/// let mut corps = share.corps();
/// while let Some(corp) = corps.next_item().await? {
///     let dealer = share.downstream_of(&corp); // Makes no call: the list has the app's id.
///     println!("{}", dealer.corp_id());
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Keep the `Share`: it and its clones cache the downstream corps with their tokens, until [`forget`](Self::forget).
pub struct Share<M: Threading = Shared> {
    upstream: Upstream<M>,
    agent_id: AgentId,
    business_type: BusinessType,
    state: Arc<Mutex<State<M>>>,
}

pub(super) struct State<M: Threading> {
    found: HashMap<CorpId, Downstream<M>>,
    lookups: Lookups<M>,
}

impl<M: Threading> Upstream<M> {
    /// Returns the app of the upstream corp, for the corps that it is shared with along chains (上下游). The client's
    /// token must belong to this app.
    #[must_use]
    pub fn share(&self, agent_id: impl Into<AgentId>) -> Share<M> {
        Share {
            upstream: self.clone(),
            agent_id: agent_id.into(),
            business_type: BusinessType::Chain,
            state: State::new(),
        }
    }
}

impl<M: Threading> State<M> {
    fn new() -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { found: HashMap::new(), lookups: Lookups::new() }))
    }
}

impl<M: Threading> Share<M> {
    /// Sets the way in which the app is shared, and clears the cache. [`BusinessType::CorpGroup`] is 企业互联 or 局校互联.
    #[must_use]
    pub fn with_business_type(self, business_type: BusinessType) -> Self {
        Self { business_type, state: State::new(), ..self }
    }

    /// Returns a downstream corp. The first call for a corp looks up the app's id in it; later calls use the cache.
    /// Concurrent calls for a corp share one lookup. If the future is dropped, the next call for the corp continues the
    /// lookup.
    ///
    /// The first call of the returned [`Downstream`] fetches the token, which all `Downstream` values of the corp
    /// share.
    ///
    /// # Errors
    ///
    /// Returns [`ShareError::NotShared`] if the app is not shared with the corp, and [`ShareError::Call`] if the call
    /// fails.
    pub async fn downstream(&self, corp_id: impl Into<CorpId>) -> Result<Downstream<M>, ShareError> {
        let corp_id = corp_id.into();
        let call = ListAppShareInfo::new(self.agent_id).business_type(self.business_type).corpid(&corp_id);
        loop {
            let known = self.lock().found.get(&corp_id).cloned();
            if let Some(known) = known {
                return Ok(known);
            }
            let Some(found) = Lookup::new(self, &corp_id, call.clone()).outcome().await? else { continue };
            let Some(corp) = found.reply.corp_list.iter().find(|corp| corp.corpid == corp_id) else {
                return Err(ShareError::NotShared(corp_id));
            };
            // A reply that is no longer current is not used: a second `Downstream` of a corp would have its own token.
            if found.is_current {
                return Ok(self.downstream_of(corp));
            }
        }
    }

    /// Returns a downstream corp from the [list](Self::corps) of corps, without a call.
    #[must_use]
    pub fn downstream_of(&self, corp: &SharedCorp) -> Downstream<M> {
        let mut state = self.lock();
        let known = state.found.entry(corp.corpid.clone()).or_insert_with(|| self.make(corp));
        if known.agent_id() != corp.agentid {
            // The app was shared again and has a new id.
            *known = self.make(corp);
        }
        known.clone()
    }

    fn make(&self, corp: &SharedCorp) -> Downstream<M> {
        let app = DownstreamApp::new(corp.corpid.as_str(), corp.agentid.get());
        let app = app.with_business_type(self.business_type.get());
        Downstream::new(self.upstream.client().downstream(app), corp.corpid.clone(), corp.agentid)
    }

    /// Removes a downstream corp from the cache, for example after the app was shared with the corp again.
    pub fn forget(&self, corp_id: &CorpId) {
        let mut state = self.lock();
        state.found.remove(corp_id);
        let lookup = state.lookups.remove(corp_id);
        drop(state);
        drop(lookup);
    }

    /// Returns a pager of all corps that the app is shared with.
    pub fn corps(&self) -> Pager<ListAppShareInfo, M> {
        self.upstream.pages(ListAppShareInfo::new(self.agent_id).business_type(self.business_type))
    }

    pub(super) fn client(&self) -> &Client<M> {
        self.upstream.client()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<M>> {
        // A poisoned lock is safe: each change of the state is a single operation.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M: Threading> Clone for Share<M> {
    fn clone(&self) -> Self {
        let Self { upstream, agent_id, business_type, state } = self;
        Self {
            upstream: upstream.clone(),
            agent_id: *agent_id,
            business_type: *business_type,
            state: Arc::clone(state),
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

/// An error of [`Share::downstream`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ShareError {
    /// The call failed. The error code [`APP_NOT_SHARED`](wecom_core::ErrCode::APP_NOT_SHARED) means the same as
    /// [`ShareError::NotShared`].
    Call(Error),
    /// The app is not shared with the corp. Share it in the admin console.
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
            Self::NotShared(corp_id) => {
                write!(f, "app not shared with the corp {corp_id}: share it in the admin console")
            }
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
