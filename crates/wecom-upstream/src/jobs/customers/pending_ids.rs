//! Looks up the `pending_id` of any number of customers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::iter::Fuse;

use serde::{Serialize, Serializer};
use wecom_core::ids::{ChatId, ExternalUserId, PendingId};
use wecom_core::{Client, ErrCode, Error, Shared, Threading};

use crate::calls::{ExternalUseridToPendingId, ExternalUseridToPendingIdReply, PendingUser};
use crate::downstream::Downstream;
use crate::jobs::attention::Attention;
use crate::jobs::kept_read::KeptRead;
use crate::jobs::trace::JobSpan;
use crate::upstream::Upstream;

/// The maximum number of customers in a call.
const BATCH_SIZE: usize = 100;

/// Looks up the `pending_id` of any number of customers: external_userid查询pending_id
/// ([97357](https://developer.work.weixin.qq.com/document/path/97357)).
///
/// Created by [`Upstream::pending_ids`] and [`Downstream::pending_ids`]. One call of the API takes at most 100
/// customers, leaves out customers without a `pending_id`, and fails as a whole for one unknown customer. `PendingIds`
/// takes customers from any iterator and yields one answer for each, in order, including repeated ones:
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::UnionidToPendingId;
/// use wecom_upstream::{ExternalUserId, OpenId, UnionId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// upstream
///     .unionid_to_pending_id(UnionidToPendingId::new(
///         UnionId::new("oUnionLiu"),
///         OpenId::new("oOpenLiu"),
///     ))
///     .await?;
///
/// let customers = ["wmLiuOfJingxi", "wmChenOfJingxi", "wmNobody", "wmLiuOfJingxi"]
///     .map(ExternalUserId::new);
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
/// It holds at most 100 customers and their answers. If WeCom rejects a call because of a customer (40096, 84061), the
/// batch is split in halves until the customer is alone, which takes about 14 more calls for each unknown customer. Any
/// other error is the answer for every customer of the batch; look these up again to retry.
///
/// To resume in another process, save [`yielded`](Self::yielded) and skip that number of customers.
#[derive(Debug)]
#[must_use = "no call is made until `next` is awaited"]
pub struct PendingIds<I: Iterator<Item = ExternalUserId>, M: Threading = Shared> {
    client: Client<M>,
    chat_id: Option<ChatId>,
    ids: Fuse<I>,
    /// The batches to look up, in order.
    batches: VecDeque<Vec<ExternalUserId>>,
    /// The call for the first batch.
    call: KeptRead<M, ExternalUseridToPendingIdReply>,
    /// Whether the first batch names a customer twice.
    has_repeated: bool,
    ready: VecDeque<PendingIdAnswer>,
    yielded: usize,
    span: JobSpan,
}

/// The answer for one customer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PendingIdAnswer {
    /// The customer.
    pub external_userid: ExternalUserId,
    /// The customer's `pending_id`; `None` if the customer has none or it has expired. An error if the call failed.
    pub pending_id: Result<Option<PendingId>, Error>,
}

/// Serializes with `pending_id`, which may be `null`, or with `error`: `{"external_userid":"wmWang","pending_id":null}`. The
/// names are stable.
impl Serialize for PendingIdAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(untagged)]
        enum Fields<'a> {
            Answered { external_userid: &'a ExternalUserId, pending_id: Option<&'a PendingId> },
            Failed { external_userid: &'a ExternalUserId, error: &'a Error },
        }
        let external_userid = &self.external_userid;
        let fields = match &self.pending_id {
            Ok(pending_id) => Fields::Answered { external_userid, pending_id: pending_id.as_ref() },
            Err(error) => Fields::Failed { external_userid, error },
        };
        fields.serialize(serializer)
    }
}

impl<M: Threading> Upstream<M> {
    /// Looks up the `pending_id` of any number of customers; see [`PendingIds`].
    pub fn pending_ids<I>(&self, ids: I) -> PendingIds<I::IntoIter, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        PendingIds::new(self.client().clone(), ids.into_iter())
    }
}

impl<M: Threading> Downstream<M> {
    /// Looks up the `pending_id` of any number of customers with the downstream corp's token; see [`PendingIds`].
    pub fn pending_ids<I>(&self, ids: I) -> PendingIds<I::IntoIter, M>
    where
        I: IntoIterator<Item = ExternalUserId>,
    {
        PendingIds::new(self.client().clone(), ids.into_iter())
    }
}

impl<I: Iterator<Item = ExternalUserId>, M: Threading> PendingIds<I, M> {
    pub(crate) fn new(client: Client<M>, ids: I) -> Self {
        let attention = Attention::new(client.clock());
        Self {
            client,
            chat_id: None,
            ids: ids.fuse(),
            batches: VecDeque::new(),
            call: KeptRead::new(attention),
            has_repeated: false,
            ready: VecDeque::new(),
            yielded: 0,
            span: JobSpan::pending_ids(),
        }
    }

    /// Sets the group chat of the customers. Customers outside the chat then have no `pending_id`.
    pub fn chat_id(mut self, chat_id: impl Into<ChatId>) -> Self {
        self.chat_id = Some(chat_id.into());
        self
    }

    /// Returns the number of answers yielded so far. To resume later, skip that number of customers.
    #[must_use]
    pub fn yielded(&self) -> usize {
        self.yielded
    }

    /// Returns the answer for the next customer; `None` after the last one. Dropping the future loses no answer, and keeps
    /// the call in flight. A call that times out because the program did not poll the future for a while is repeated, up to
    /// three times.
    pub async fn next(&mut self) -> Option<PendingIdAnswer> {
        loop {
            if let Some(answer) = self.ready.pop_front() {
                self.yielded += 1;
                return Some(answer);
            }
            if self.batches.is_empty() {
                let batch: Vec<_> = self.ids.by_ref().take(BATCH_SIZE).collect();
                self.batches.push_back(batch);
            }
            let Some(batch) = self.batches.front().filter(|batch| !batch.is_empty()) else {
                self.span.answered_all();
                return None;
            };
            let (client, chat_id, has_repeated) = (&self.client, self.chat_id.as_ref(), &mut self.has_repeated);
            let begin = || {
                let call = call(batch, chat_id);
                *has_repeated = call.external_userid.len() < batch.len();
                client.call_boxed(call)
            };
            let outcome = self.span.run(self.call.run(begin)).await.map(|reply| reply.result);
            let batch = self.batches.pop_front().unwrap_or_default();
            self.span.looked_up(batch.len(), self.yielded, outcome.as_ref().map(Vec::len));
            self.accept(batch, outcome);
        }
    }

    /// Turns the reply to a batch into answers, or splits the batch in halves.
    fn accept(&mut self, batch: Vec<ExternalUserId>, outcome: Result<Vec<PendingUser>, Error>) {
        match outcome {
            Err(error) if batch.len() > 1 && may_be_caused_by_one_id(&error) => {
                let (first, second) = batch.split_at(batch.len() / 2);
                self.batches.push_front(second.to_vec());
                self.batches.push_front(first.to_vec());
            }
            Err(error) => self.ready.extend(
                batch
                    .into_iter()
                    .map(|external_userid| PendingIdAnswer { external_userid, pending_id: Err(error.clone()) }),
            ),
            Ok(found) => self.ready = answers(batch, found, self.has_repeated).into(),
        }
    }
}

/// Creates a call that names each customer once.
fn call(batch: &[ExternalUserId], chat_id: Option<&ChatId>) -> ExternalUseridToPendingId {
    let call = if may_repeat(batch) {
        let mut named = HashSet::with_capacity(batch.len());
        ExternalUseridToPendingId::new(batch.iter().filter(|id| named.insert(*id)))
    } else {
        ExternalUseridToPendingId::new(batch)
    };
    match chat_id {
        Some(chat_id) => call.chat_id(chat_id),
        None => call,
    }
}

/// Returns whether a batch may name a customer twice. Compares only the ends of the ids, because hashing all ids takes longer.
fn may_repeat(batch: &[ExternalUserId]) -> bool {
    let end = |id: &ExternalUserId| id.as_str().as_bytes().last_chunk().map_or(0, |end| u64::from_ne_bytes(*end));
    let mut ends: Vec<_> = batch.iter().map(end).collect();
    ends.sort_unstable();
    ends.iter().zip(ends.iter().skip(1)).any(|(one, next)| one == next)
}

/// Returns the answer for each customer of a batch, from the customers of the reply.
fn answers(batch: Vec<ExternalUserId>, found: Vec<PendingUser>, has_repeated: bool) -> Vec<PendingIdAnswer> {
    let mut ids = batch.iter();
    let is_in_order = found.iter().all(|user| ids.any(|id| *id == user.external_userid));
    if is_in_order && !has_repeated {
        let mut found = found.into_iter().peekable();
        return answers_by(batch, |id| found.next_if(|user| user.external_userid == *id).map(|user| user.pending_id));
    }
    let found: HashMap<_, _> = found.into_iter().map(|user| (user.external_userid, user.pending_id)).collect();
    answers_by(batch, |id| found.get(id).cloned())
}

fn answers_by(
    batch: Vec<ExternalUserId>,
    mut find: impl FnMut(&ExternalUserId) -> Option<PendingId>,
) -> Vec<PendingIdAnswer> {
    let answer = |external_userid| PendingIdAnswer { pending_id: Ok(find(&external_userid)), external_userid };
    batch.into_iter().map(answer).collect()
}

/// Returns whether a single unknown or empty id may have caused the error of a call.
fn may_be_caused_by_one_id(error: &Error) -> bool {
    let is_unknown = matches!(error.code(), Some(ErrCode::INVALID_EXTERNAL_USER_ID | ErrCode::NOT_AN_EXTERNAL_CONTACT));
    is_unknown || error.is_invalid_request()
}
