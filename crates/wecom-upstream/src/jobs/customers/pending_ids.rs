//! The `pending_id` of any number of customers, a hundred at a time.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter::Fuse;

use wecom_core::ids::{ChatId, ExternalUserId, PendingId};
use wecom_core::{Client, ErrCode, Error, Shared, Threading};

use crate::calls::ExternalUseridToPendingId;
use crate::downstream::Downstream;
use crate::upstream::Upstream;

/// How many ids a call takes.
const BATCH: usize = 100;

/// Asks for the `pending_id` of any number of customers: external_userid查询pending_id
/// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
///
/// A call takes a hundred ids, answers only those that have one, and fails as a whole for one that is wrong. This takes
/// as many as there are, from any iterator, and answers each, in order, one that comes twice too:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::UnionidToPendingId;
/// use wecom_upstream::{ExternalUserId, OpenId, UnionId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// upstream.unionid_to_pending_id(UnionidToPendingId::new(UnionId::new("oUnionLiu"), OpenId::new("oOpenLiu"))).await?;
///
/// let customers = ["wmLiuOfJingxi", "wmChenOfJingxi", "wmNobody", "wmLiuOfJingxi"].map(ExternalUserId::new);
/// let mut answers = upstream.pending_ids(customers);
/// let mut found = Vec::new();
/// while let Some(answer) = answers.next().await {
///     found.push(match answer.pending_id {
///         Ok(Some(_)) => "has one",
///         Ok(None) => "has none",
///         Err(_) => "failed",
///     });
/// }
/// assert_eq!(found, ["has one", "has none", "failed", "has one"]);
/// # Ok::<(), wecom_upstream::Error>(())
/// # })?;
/// # Ok::<(), wecom_upstream::Error>(())
/// ```
///
/// No more than a hundred ids and their answers are held at a time. Where WeCom refuses a hundred because of an id
/// (40096, 84061), they are asked for in halves, until the one to blame is alone: that takes some 14 calls more for each.
/// Any other failure is that of every id that was asked for with it; give those to another `pending_ids` to try again.
///
/// To go on in another process, save [`given`](Self::given), and skip so many of the same ids.
#[derive(Debug)]
#[must_use = "nothing is asked until `next` is awaited"]
pub struct PendingIds<I: Iterator<Item = ExternalUserId>, M: Threading = Shared> {
    client: Client<M>,
    chat_id: Option<ChatId>,
    ids: Fuse<I>,
    /// What is to be asked next, in order.
    batches: VecDeque<Vec<ExternalUserId>>,
    ready: VecDeque<PendingIdAnswer>,
    given: usize,
}

/// What there is to tell of one customer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingIdAnswer {
    /// The customer.
    pub external_userid: ExternalUserId,
    /// The id that he was known by before he was added; `None` when he had none, or it has expired.
    pub pending_id: Result<Option<PendingId>, Error>,
}

impl<M: Threading> Upstream<M> {
    /// Asks for the `pending_id` of any number of customers: see [`PendingIds`].
    pub fn pending_ids<I>(&self, ids: I) -> PendingIds<I::IntoIter, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        PendingIds::new(self.client().clone(), ids.into_iter())
    }
}

impl<M: Threading> Downstream<M> {
    /// Asks for the `pending_id` of any number of customers, with this corp's token: see [`PendingIds`].
    pub fn pending_ids<I>(&self, ids: I) -> PendingIds<I::IntoIter, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        PendingIds::new(self.client().clone(), ids.into_iter())
    }
}

impl<I: Iterator<Item = ExternalUserId>, M: Threading> PendingIds<I, M> {
    pub(crate) fn new(client: Client<M>, ids: I) -> Self {
        Self { client, chat_id: None, ids: ids.fuse(), batches: VecDeque::new(), ready: VecDeque::new(), given: 0 }
    }

    /// Sets the group chat that the customers are in: those outside it have no `pending_id` then.
    pub fn chat_id(mut self, chat_id: impl Into<ChatId>) -> Self {
        self.chat_id = Some(chat_id.into());
        self
    }

    /// How many answers were given: to go on later, skip so many ids.
    #[must_use]
    pub fn given(&self) -> usize {
        self.given
    }

    /// The answer for the next id; `None` when there are no more. Its future may be dropped at any time, and the next one
    /// goes on.
    pub async fn next(&mut self) -> Option<PendingIdAnswer> {
        loop {
            if let Some(answer) = self.ready.pop_front() {
                self.given += 1;
                return Some(answer);
            }
            if self.batches.is_empty() {
                let batch: Vec<_> = self.ids.by_ref().take(BATCH).collect();
                self.batches.push_back(batch);
            }
            let batch = self.batches.front().filter(|batch| !batch.is_empty())?;
            let outcome = self.client.call(call(batch, self.chat_id.as_ref())).await.map(|reply| reply.result);
            let batch = self.batches.pop_front().unwrap_or_default();
            match outcome {
                Err(error) if batch.len() > 1 && may_be_one_of_many(&error) => {
                    let (first, second) = batch.split_at(batch.len() / 2);
                    self.batches.push_front(second.to_vec());
                    self.batches.push_front(first.to_vec());
                }
                Err(error) => self.ready.extend(
                    batch
                        .into_iter()
                        .map(|external_userid| PendingIdAnswer { external_userid, pending_id: Err(error.clone()) }),
                ),
                Ok(found) => {
                    let found: HashMap<_, _> =
                        found.into_iter().map(|user| (user.external_userid, user.pending_id)).collect();
                    self.ready.extend(batch.into_iter().map(|external_userid| PendingIdAnswer {
                        pending_id: Ok(found.get(&external_userid).cloned()),
                        external_userid,
                    }));
                }
            }
        }
    }
}

/// A call that names each customer once.
fn call(batch: &[ExternalUserId], chat_id: Option<&ChatId>) -> ExternalUseridToPendingId {
    let mut named = HashSet::new();
    let call = ExternalUseridToPendingId::new(batch.iter().filter(|id| named.insert(*id)));
    match chat_id {
        Some(chat_id) => call.chat_id(chat_id),
        None => call,
    }
}

/// Whether a call failed for what may be a single id of it: WeCom knows it not, or it is empty.
fn may_be_one_of_many(error: &Error) -> bool {
    let blames_an_id =
        matches!(error.code(), Some(ErrCode::INVALID_EXTERNAL_USER_ID | ErrCode::NOT_AN_EXTERNAL_CONTACT));
    blames_an_id || error.is_invalid_request()
}
