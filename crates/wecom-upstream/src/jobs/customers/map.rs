//! Links WeChat users with customers, and keeps the links in a store.

use std::error::Error as StdError;
use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use wecom_core::ids::{OpenId, UnionId};
use wecom_core::{ErrCode, Error, Shared, Threading};

use crate::calls::{UnionidToExternalUserid, UnionidToExternalUseridReply, UnionidToPendingId};
use crate::jobs::customers::store::{CustomerRecord, CustomerStore, RememberedPendingId};
use crate::jobs::trace::JobSpan;
use crate::upstream::Upstream;
use crate::values::MassCallTicket;

/// Links the customers (`external_userid`) of downstream corps with WeChat users (`unionid`), including users who
/// become customers later.
///
/// Created by [`Upstream::map_customers`]. A mini-program identifies its users by `unionid`. Each downstream corp
/// identifies its customers by an `external_userid` of its own. [`UnionidToExternalUserid`] links the two for users who
/// are customers. For other users, [`UnionidToPendingId`] returns a `pending_id`, which is valid for 90 days and links
/// the user with the customer later. A `CustomerMap` makes these calls, keeps the ids in the caller's store, and works
/// across restarts:
///
/// ```
/// use wecom_mock::ManualTimer;
/// use wecom_simulator::Simulator;
/// use wecom_upstream::jobs::customers::{InMemoryCustomerStore, Recognition};
/// use wecom_upstream::{CorpId, ExternalUserId, OpenId, UnionId, Upstream};
///
/// // In production: a client with the timer of wecom-hyper.
/// let simulator = Simulator::demo().on_timer(ManualTimer::new());
/// let upstream = Upstream::new(simulator.client());
/// let mut map = upstream.map_customers(InMemoryCustomerStore::new());
/// # pollster::block_on(async {
///
/// // Two users of the mini-program: one is a customer of two corps, the other of none.
/// let chen = map.remember(UnionId::new("oUnionChen"), OpenId::new("oOpenChen")).await?;
/// assert_eq!(chen.known_to.len(), 2);
/// let wang = map.remember(UnionId::new("oUnionWang"), OpenId::new("oOpenWang")).await?;
/// assert!(wang.known_to.is_empty() && wang.pending.is_some());
///
/// // Later, a dealer adds the second user and lists the dealer's customers.
/// let dealer = CorpId::new("wwjingxi");
/// simulator.add_customer(
///     UnionId::new("oUnionWang"),
///     OpenId::new("oOpenWang"),
///     &dealer,
///     ExternalUserId::new("wmWang"),
/// );
/// let mut customers = map.recognize(&dealer, [ExternalUserId::new("wmWang")]);
/// while let Some(customer) = customers.next().await {
///     let Recognition::Mapped { external_userid, unionid } = customer? else { continue };
///     assert_eq!((external_userid.as_str(), unionid.as_str()), ("wmWang", "oUnionWang"));
/// }
/// # Ok::<(), wecom_upstream::jobs::customers::MapError<std::convert::Infallible>>(())
/// # })?;
/// # Ok::<(), wecom_upstream::jobs::customers::MapError<std::convert::Infallible>>(())
/// ```
///
/// The client needs a [timer](wecom_core::ClientBuilder::timer) that knows the date
/// ([`Timer::unix_time`](wecom_core::Timer::unix_time)), because the ids expire after months. Each answer is stored before
/// it is returned, so a restart repeats only the interrupted call. Let only one map at a time look up a user.
pub struct CustomerMap<S, M: Threading = Shared> {
    pub(super) upstream: Upstream<M>,
    pub(super) store: S,
    ticket: Option<MassCallTicket>,
}

impl<M: Threading> Upstream<M> {
    /// Links customers of downstream corps with WeChat users; see [`CustomerMap`].
    pub fn map_customers<S: CustomerStore>(&self, store: S) -> CustomerMap<S, M> {
        CustomerMap { upstream: self.clone(), store, ticket: None }
    }
}

impl<S: CustomerStore, M: Threading> CustomerMap<S, M> {
    /// Sets the [mass call ticket](MassCallTicket) that lifts frequency limits, for example to fill the store initially.
    ///
    /// The map uses the ticket until it expires or WeCom no longer accepts it.
    #[must_use]
    pub fn mass_call_ticket(mut self, ticket: MassCallTicket) -> Self {
        self.ticket = Some(ticket);
        self
    }

    /// Stores a WeChat user: with the customer ids in all corps, or with a `pending_id` if the user is not a customer.
    ///
    /// Returns a stored record without a call, unless its `pending_id` has expired; then [refreshes](Self::refresh) the
    /// record. So it is cheap to process the same users again after a restart.
    ///
    /// # Errors
    ///
    /// Returns an error if the store or a call fails. Nothing is stored then.
    pub async fn remember(
        &mut self,
        unionid: impl Into<UnionId>,
        openid: impl Into<OpenId>,
    ) -> Result<CustomerRecord, MapError<S::Error>> {
        let unionid = unionid.into();
        if let Some(record) = self.store.get(&unionid).await.map_err(MapError::Store)? {
            let now = self.now()?;
            let is_valid = record.pending.as_ref().is_some_and(|pending| pending.is_valid(now));
            if is_valid || !record.known_to.is_empty() {
                return Ok(record);
            }
        }
        self.refresh(unionid, openid).await
    }

    /// Looks up a WeChat user again and replaces the stored record, including corps that no longer have the user as a
    /// customer. A stored `pending_id` stays in the record while it is valid, because it links the user with the
    /// customers of further corps.
    ///
    /// # Errors
    ///
    /// Returns an error if the store or a call fails. The stored record stays unchanged then.
    pub async fn refresh(
        &mut self,
        unionid: impl Into<UnionId>,
        openid: impl Into<OpenId>,
    ) -> Result<CustomerRecord, MapError<S::Error>> {
        let span = JobSpan::customer_refresh();
        let outcome = span.run(self.look_up_again(CustomerRecord::new(unionid, openid))).await;
        match &outcome {
            Ok(record) => span.refreshed_customer(record.known_to.len()),
            Err(error) => span.refuse_customer(error.call_error()),
        }
        outcome
    }

    /// Looks up the user of a record, and stores the record.
    async fn look_up_again(&mut self, mut record: CustomerRecord) -> Result<CustomerRecord, MapError<S::Error>> {
        let stored = self.store.get(&record.unionid).await.map_err(MapError::Store)?;
        // Taken before the call, because WeCom's 90 days start no earlier.
        let since = self.now()?;
        let call = UnionidToExternalUserid::new(&record.unionid, &record.openid);
        record.known_to = match self.look_up(call, since).await {
            Ok(reply) => reply.external_userid_info,
            // WeCom returns this code for some users who are not a customer of any corp.
            Err(error) if error.code() == Some(ErrCode::NOT_AN_EXTERNAL_CONTACT) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        // A corp that adds the user later returns the same id.
        record.pending = stored.and_then(|stored| stored.pending).filter(|pending| pending.is_valid(since));
        if record.known_to.is_empty() {
            let call = UnionidToPendingId::new(&record.unionid, &record.openid);
            let pending_id = self.upstream.unionid_to_pending_id(call).await?.pending_id;
            record.pending = Some(RememberedPendingId::new(pending_id, since));
        }
        self.store.put(&record).await.map_err(MapError::Store)?;
        Ok(record)
    }

    /// Looks up a WeChat user, with the ticket while it is valid.
    async fn look_up(
        &mut self,
        call: UnionidToExternalUserid,
        now: Duration,
    ) -> Result<UnionidToExternalUseridReply, Error> {
        self.ticket =
            self.ticket.take().filter(|ticket| ticket.is_valid(UNIX_EPOCH.checked_add(now).unwrap_or(UNIX_EPOCH)));
        if let Some(ticket) = &self.ticket {
            let outcome = self.upstream.unionid_to_external_userid(call.clone().mass_call_ticket(ticket)).await;
            // WeCom documents no code for a ticket that it does not accept. These are the likely ones.
            let is_refused =
                |error: &Error| matches!(error.code(), Some(ErrCode::INVALID_PARAMETER | ErrCode::API_FORBIDDEN));
            if !outcome.as_ref().is_err_and(is_refused) {
                return outcome;
            }
            self.ticket = None;
        }
        self.upstream.unionid_to_external_userid(call).await
    }

    /// Returns the time since the Unix epoch.
    fn now(&self) -> Result<Duration, MapError<S::Error>> {
        self.upstream.client().clock().and_then(|clock| clock.unix_time()).ok_or(MapError::NoDate)
    }

    /// Returns the store.
    pub fn store(&mut self) -> &mut S {
        &mut self.store
    }

    /// Converts the map into its store.
    pub fn into_store(self) -> S {
        self.store
    }
}

impl<S: fmt::Debug, M: Threading> fmt::Debug for CustomerMap<S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CustomerMap").field("store", &self.store).finish_non_exhaustive()
    }
}

/// An error of a [`CustomerMap`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum MapError<E> {
    /// A call failed.
    Call(Error),
    /// The store failed.
    Store(E),
    /// The client has no timer, or its timer does not know the date. Build the client with
    /// [`ClientBuilder::timer`](wecom_core::ClientBuilder::timer) and a timer with a
    /// [`unix_time`](wecom_core::Timer::unix_time), such as that of wecom-hyper.
    NoDate,
}

impl<E> MapError<E> {
    /// Returns the error of the call, if a call failed.
    fn call_error(&self) -> Option<&Error> {
        match self {
            Self::Call(error) => Some(error),
            Self::Store(_) | Self::NoDate => None,
        }
    }
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
            Self::Store(error) => write!(f, "customer store failed: {error}"),
            Self::NoDate => f.write_str(
                "no date: a pending id expires after 90 days; build the client with ClientBuilder::timer and a timer that \
                 implements Timer::unix_time",
            ),
        }
    }
}

impl<E: StdError + 'static> StdError for MapError<E> {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Call(error) => error.source(),
            Self::Store(error) => Some(error),
            Self::NoDate => None,
        }
    }
}
