//! Customers as they come in, joined with those who are remembered.

use std::time::Duration;

use wecom_core::ids::{CorpId, ExternalUserId, PendingId, UnionId};
use wecom_core::{Client, Error, Shared, Threading};

use crate::calls::ExternalUserInfo;
use crate::downstream::Downstream;
use crate::jobs::customers::map::{CustomerMap, MapError};
use crate::jobs::customers::pending_ids::{PendingIdAnswer, PendingIds};
use crate::jobs::customers::store::CustomerStore;

/// Customers of one corp on their way through a [`CustomerMap`]: from
/// [`CustomerMap::recognise`] and [`recognise_by`](CustomerMap::recognise_by).
///
/// They are asked about a hundred at a time, as [`PendingIds`] does, and answered in order. To go on in another process,
/// save [`given`](Self::given), and skip so many of the same ids.
#[derive(Debug)]
#[must_use = "nothing is asked until `next` is awaited"]
pub struct Recognised<'a, I: Iterator<Item = ExternalUserId>, S, C, M: Threading = Shared> {
    map: &'a mut CustomerMap<S, C, M>,
    corpid: CorpId,
    answers: PendingIds<I, M>,
    /// An answer that is not in the store yet.
    held: Option<PendingIdAnswer>,
    given: usize,
}

/// Who a customer is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Recognition {
    /// A WeChat user who was remembered. That he is this corp's customer is in the store now.
    Mapped {
        /// The customer.
        external_userid: ExternalUserId,
        /// Who he is.
        unionid: UnionId,
    },
    /// Nobody who is remembered. A user whose `pending_id` had expired when he was added is among these: asking
    /// [anew](CustomerMap::refresh) by his `unionid` finds him.
    Unknown {
        /// The customer.
        external_userid: ExternalUserId,
        /// The id that he was known by before, if he had one: somebody asked for it who did not remember it here.
        pending_id: Option<PendingId>,
    },
    /// The call that asked about him failed.
    Failed {
        /// The customer.
        external_userid: ExternalUserId,
        /// What went wrong.
        error: Error,
    },
}

impl<S: CustomerStore, C: Fn() -> Duration, M: Threading> CustomerMap<S, C, M> {
    /// Finds out which remembered users these customers of a corp are, with the upstream corp's token: see
    /// [`Recognised`].
    pub fn recognise<I>(&mut self, corpid: impl Into<CorpId>, ids: I) -> Recognised<'_, I::IntoIter, S, C, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        let client = self.upstream.client().clone();
        self.recognise_with(client, corpid.into(), ids.into_iter())
    }

    /// As [`recognise`](Self::recognise), with the corp's own token.
    pub fn recognise_by<I>(&mut self, downstream: &Downstream<M>, ids: I) -> Recognised<'_, I::IntoIter, S, C, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        self.recognise_with(downstream.client().clone(), downstream.corp_id().clone(), ids.into_iter())
    }

    fn recognise_with<I>(&mut self, client: Client<M>, corpid: CorpId, ids: I) -> Recognised<'_, I, S, C, M>
    where
        I: Iterator<Item = ExternalUserId>,
    {
        Recognised { map: self, corpid, answers: PendingIds::new(client, ids), held: None, given: 0 }
    }
}

impl<I, S, C, M> Recognised<'_, I, S, C, M>
where
    I: Iterator<Item = ExternalUserId>,
    S: CustomerStore,
    C: Fn() -> Duration,
    M: Threading,
{
    /// How many customers were answered, and are in the store where they belong there: to go on later, skip so many ids.
    #[must_use]
    pub fn given(&self) -> usize {
        self.given
    }

    /// Who the next customer is; `None` when there are no more. Its future may be dropped at any time, and the next one
    /// goes on.
    ///
    /// # Errors
    ///
    /// The store's. The next call tries the same customer again.
    pub async fn next(&mut self) -> Option<Result<Recognition, MapError<S::Error>>> {
        if self.held.is_none() {
            self.held = Some(self.answers.next().await?);
        }
        let PendingIdAnswer { external_userid, pending_id } = self.held.clone()?;
        let recognition = match pending_id {
            Err(error) => Recognition::Failed { external_userid, error },
            Ok(None) => Recognition::Unknown { external_userid, pending_id: None },
            Ok(Some(pending_id)) => match self.join(&external_userid, &pending_id).await {
                Err(error) => return Some(Err(MapError::Store(error))),
                Ok(None) => Recognition::Unknown { external_userid, pending_id: Some(pending_id) },
                Ok(Some(unionid)) => Recognition::Mapped { external_userid, unionid },
            },
        };
        self.held = None;
        self.given += 1;
        Some(Ok(recognition))
    }

    async fn join(
        &mut self,
        external_userid: &ExternalUserId,
        pending_id: &PendingId,
    ) -> Result<Option<UnionId>, S::Error> {
        let store = &mut self.map.store;
        let Some(mut record) = store.find(pending_id).await? else { return Ok(None) };
        if record.add(ExternalUserInfo::new(&self.corpid, external_userid)) {
            store.put(&record).await?;
        }
        Ok(Some(record.unionid))
    }
}
