//! Who is whose customer, over months and restarts.

use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use wecom_core::ids::{OpenId, UnionId};
use wecom_core::{ErrCode, Error, Shared, Threading};

use crate::calls::{UnionidToExternalUserid, UnionidToPendingId};
use crate::jobs::customers::store::{CustomerRecord, CustomerStore, RememberedPendingId};
use crate::upstream::Upstream;

/// Tells which customer (`external_userid`) of a downstream corp is which WeChat user (`unionid`), also of users who are
/// added only later.
///
/// A mini-program knows its users by `unionid`; the downstream corps' customers have an `external_userid`, another one in
/// each corp. [`UnionidToExternalUserid`] joins the two for those who are customers already. For the others WeCom gives a
/// `pending_id`, which has to be remembered, is valid for 90 days, and is what tells later that this customer was that
/// user. This does all of it, in a store of yours, and goes on after a restart where it was:
///
/// ```
/// # use std::collections::HashMap;
/// # use std::convert::Infallible;
/// use std::time::Duration;
/// use wecom_simulator::Simulator;
/// use wecom_upstream::jobs::customers::Recognition;
/// use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId, Upstream};
/// # use wecom_upstream::ids::PendingId;
/// # use wecom_upstream::jobs::customers::{CustomerRecord, CustomerStore};
/// #
/// # #[derive(Default)]
/// # struct InMemory(HashMap<UnionId, CustomerRecord>);
/// # impl CustomerStore for InMemory {
/// #     type Error = Infallible;
/// #     async fn get(&mut self, unionid: &UnionId) -> Result<Option<CustomerRecord>, Infallible> {
/// #         Ok(self.0.get(unionid).cloned())
/// #     }
/// #     async fn find(&mut self, pending_id: &PendingId) -> Result<Option<CustomerRecord>, Infallible> {
/// #         let is_his = |record: &&CustomerRecord| {
/// #             record.pending.as_ref().is_some_and(|known| known.pending_id == *pending_id)
/// #         };
/// #         Ok(self.0.values().find(is_his).cloned())
/// #     }
/// #     async fn put(&mut self, record: &CustomerRecord) -> Result<(), Infallible> {
/// #         self.0.insert(record.unionid.clone(), record.clone());
/// #         Ok(())
/// #     }
/// # }
///
/// let simulator = Simulator::demo();
/// let unix_time = || Duration::from_secs(1_780_000_000); // SystemTime::now() since the epoch in production
/// let mut map = Upstream::new(simulator.client()).map_customers(InMemory::default(), unix_time);
/// # pollster::block_on(async {
///
/// // Users of the mini-program: one is a customer of two corps already, one of none.
/// let chen = map.remember(UnionId::new("oUnionChen"), OpenId::new("oOpenChen")).await?;
/// assert_eq!(chen.known_to.len(), 2);
/// let wang = map.remember(UnionId::new("oUnionWang"), OpenId::new("oOpenWang")).await?;
/// assert!(wang.known_to.is_empty() && wang.pending.is_some());
///
/// // Later, a dealer adds him, and lists his customers.
/// let dealer = CorpId::new("wwjingxi");
/// simulator.add_customer(UnionId::new("oUnionWang"), OpenId::new("oOpenWang"), &dealer, ExternalUserId::new("wmWang"));
/// let mut customers = map.recognise(&dealer, [ExternalUserId::new("wmWang")]);
/// while let Some(customer) = customers.next().await {
///     let Recognition::Mapped { external_userid, unionid } = customer? else { continue };
///     assert_eq!((external_userid.as_str(), unionid.as_str()), ("wmWang", "oUnionWang"));
/// }
/// # Ok::<(), wecom_upstream::jobs::customers::MapError<Infallible>>(())
/// # })?;
/// # Ok::<(), wecom_upstream::jobs::customers::MapError<Infallible>>(())
/// ```
///
/// The clock gives the time since a moment that is the same in every process: the Unix time, not a
/// [`Timer`](wecom_core::Timer)'s, which begins anew. Each answer is in the store before it is given, so that a restart
/// makes no call again but the one that it interrupted. One map at a time should work on a user.
pub struct CustomerMap<S, C, M: Threading = Shared> {
    pub(super) upstream: Upstream<M>,
    pub(super) store: S,
    clock: C,
}

impl<M: Threading> Upstream<M> {
    /// Tells which customer of a downstream corp is which WeChat user: see [`CustomerMap`].
    pub fn map_customers<S: CustomerStore, C: Fn() -> Duration>(&self, store: S, clock: C) -> CustomerMap<S, C, M> {
        CustomerMap { upstream: self.clone(), store, clock }
    }
}

impl<S: CustomerStore, C: Fn() -> Duration, M: Threading> CustomerMap<S, C, M> {
    /// Makes a WeChat user known: as whose customer he is, or by a `pending_id` to recognise him later.
    ///
    /// What the store holds is taken as it is, without a call, unless it is a `pending_id` that has expired: then he is
    /// asked about [anew](Self::refresh). So the same users can be gone through after a restart.
    ///
    /// # Errors
    ///
    /// The store's, or a call's; nothing is remembered then.
    pub async fn remember(
        &mut self,
        unionid: impl Into<UnionId>,
        openid: impl Into<OpenId>,
    ) -> Result<CustomerRecord, MapError<S::Error>> {
        let unionid = unionid.into();
        if let Some(record) = self.store.get(&unionid).await.map_err(MapError::Store)? {
            let now = (self.clock)();
            let is_valid = record.pending.as_ref().is_some_and(|pending| pending.is_valid(now));
            if is_valid || !record.known_to.is_empty() {
                return Ok(record);
            }
        }
        self.refresh(unionid, openid).await
    }

    /// Asks about a WeChat user, whatever is remembered: whose customer he is now, and if nobody's, for a `pending_id`. A
    /// corp that was known and isn't told again is forgotten.
    ///
    /// # Errors
    ///
    /// The store's, or a call's; what was remembered stays then.
    pub async fn refresh(
        &mut self,
        unionid: impl Into<UnionId>,
        openid: impl Into<OpenId>,
    ) -> Result<CustomerRecord, MapError<S::Error>> {
        let mut record = CustomerRecord::new(unionid, openid);
        // Before the call: WeCom's 90 days begin no earlier.
        let since = (self.clock)();
        let whose = UnionidToExternalUserid::new(&record.unionid, &record.openid);
        record.known_to = match self.upstream.unionid_to_external_userid(whose).await {
            Ok(reply) => reply.external_userid_info,
            // That is how WeCom says of some that they are nobody's customer.
            Err(error) if error.code() == Some(ErrCode::NOT_AN_EXTERNAL_CONTACT) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        if record.known_to.is_empty() {
            let call = UnionidToPendingId::new(&record.unionid, &record.openid);
            let pending_id = self.upstream.unionid_to_pending_id(call).await?.pending_id;
            record.pending = Some(RememberedPendingId::new(pending_id, since));
        }
        self.store.put(&record).await.map_err(MapError::Store)?;
        Ok(record)
    }

    /// The store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Gives the store back.
    pub fn into_store(self) -> S {
        self.store
    }
}

impl<S: fmt::Debug, C, M: Threading> fmt::Debug for CustomerMap<S, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerMap").field("store", &self.store).finish_non_exhaustive()
    }
}

/// Why a [`CustomerMap`] could not go on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MapError<E> {
    /// A call failed.
    Call(Error),
    /// The store failed.
    Store(E),
}

impl<E> From<Error> for MapError<E> {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl<E: fmt::Display> fmt::Display for MapError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Store(error) => write!(f, "the store of customers failed: {error}"),
        }
    }
}

impl<E: StdError + 'static> StdError for MapError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            Self::Store(error) => Some(error),
        }
    }
}
