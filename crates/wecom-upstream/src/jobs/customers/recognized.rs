//! Links a corp's customers with stored users.

use serde::Serialize;
use wecom_core::ids::{CorpId, ExternalUserId, PendingId, UnionId};
use wecom_core::{Client, Error, Shared, Threading};

use crate::calls::ExternalUserInfo;
use crate::downstream::Downstream;
use crate::jobs::customers::map::{CustomerMap, MapError};
use crate::jobs::customers::pending_ids::{PendingIdAnswer, PendingIds};
use crate::jobs::customers::store::CustomerStore;

/// Links the customers of one corp with the users in a [`CustomerMap`].
///
/// Created by [`CustomerMap::recognize`] and [`recognize_by`](CustomerMap::recognize_by). It looks up 100 customers at
/// a time, as [`PendingIds`] does, and yields the answers in order. To resume in another process, save
/// [`yielded`](Self::yielded) and skip that number of customers.
#[derive(Debug)]
#[must_use = "no call is made until `next` is awaited"]
pub struct Recognized<'a, I: Iterator<Item = ExternalUserId>, S, M: Threading = Shared> {
    map: &'a mut CustomerMap<S, M>,
    corpid: CorpId,
    answers: PendingIds<I, M>,
    /// An answer that is not stored yet.
    held: Option<PendingIdAnswer>,
    yielded: usize,
}

/// The result of linking a customer with a stored user.
///
/// It serializes with the name of the variant in snake case as `result`:
/// `{"result":"mapped","external_userid":"wmWang","unionid":"oUnionWang"}`. The names are stable.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Recognition {
    /// The customer is a stored WeChat user. The store now has the customer's id in this corp.
    Mapped {
        /// The customer.
        external_userid: ExternalUserId,
        /// The WeChat user.
        unionid: UnionId,
    },
    /// The customer is not a stored user. If the `pending_id` had expired before the corp added the user, use
    /// [`CustomerMap::refresh`] with the user's `unionid`.
    Unknown {
        /// The customer.
        external_userid: ExternalUserId,
        /// The customer's `pending_id`, if the customer has one that is not in the store.
        pending_id: Option<PendingId>,
    },
    /// The call for the customer failed.
    Failed {
        /// The customer.
        external_userid: ExternalUserId,
        /// The error of the call.
        error: Error,
    },
}

impl<S: CustomerStore, M: Threading> CustomerMap<S, M> {
    /// Links customers of a corp with stored users, with the upstream corp's token; see [`Recognized`].
    pub fn recognize<I>(&mut self, corpid: impl Into<CorpId>, ids: I) -> Recognized<'_, I::IntoIter, S, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        let client = self.upstream.client().clone();
        self.recognize_with(client, corpid.into(), ids.into_iter())
    }

    /// Links customers of a downstream corp with stored users, with that corp's token; see [`Recognized`].
    pub fn recognize_by<I>(&mut self, downstream: &Downstream<M>, ids: I) -> Recognized<'_, I::IntoIter, S, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        self.recognize_with(downstream.client().clone(), downstream.corp_id().clone(), ids.into_iter())
    }

    fn recognize_with<I>(&mut self, client: Client<M>, corpid: CorpId, ids: I) -> Recognized<'_, I, S, M>
    where
        I: Iterator<Item = ExternalUserId>,
    {
        Recognized { map: self, corpid, answers: PendingIds::new(client, ids), held: None, yielded: 0 }
    }
}

impl<I, S, M> Recognized<'_, I, S, M>
where
    I: Iterator<Item = ExternalUserId>,
    S: CustomerStore,
    M: Threading,
{
    /// Returns the number of customers yielded and stored so far. To resume later, skip that number of customers.
    #[must_use]
    pub fn yielded(&self) -> usize {
        self.yielded
    }

    /// Returns the result for the next customer; `None` after the last one. Dropping the future loses no customer.
    ///
    /// # Errors
    ///
    /// Returns an error if the store fails. The next call tries the same customer again.
    pub async fn next(&mut self) -> Option<Result<Recognition, MapError<S::Error>>> {
        if self.held.is_none() {
            self.held = Some(self.answers.next().await?);
        }
        let PendingIdAnswer { external_userid, pending_id } = self.held.clone()?;
        let recognition = match pending_id {
            Err(error) => Recognition::Failed { external_userid, error },
            Ok(None) => Recognition::Unknown { external_userid, pending_id: None },
            Ok(Some(pending_id)) => match self.link(&external_userid, &pending_id).await {
                Err(error) => return Some(Err(MapError::Store(error))),
                Ok(None) => Recognition::Unknown { external_userid, pending_id: Some(pending_id) },
                Ok(Some(unionid)) => Recognition::Mapped { external_userid, unionid },
            },
        };
        self.held = None;
        self.yielded += 1;
        Some(Ok(recognition))
    }

    /// Stores the customer's id with the user who has a `pending_id`, and returns the user.
    async fn link(
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
