//! WeChat users: whose customers they are, and the ids that they are known by before they are anybody's.

use std::collections::HashMap;
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::calls::ExternalUserInfo;
use wecom_upstream::ids::{ChatId, PendingId};
use wecom_upstream::{ExternalUserId, OpenId, UnionId};

use crate::hash::fnv1a;
use crate::refusal::{Refusal, UNKNOWN_CHAT};
use crate::world::WorldCustomer;

/// How long a `pending_id` is valid.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

#[derive(Default)]
pub(crate) struct Customers {
    users: HashMap<UnionId, User>,
    unionids: HashMap<ExternalUserId, UnionId>,
    chats: HashMap<ChatId, Vec<ExternalUserId>>,
    /// Those whose ids were got where WeCom doesn't take them from.
    refused: HashMap<UnionId, ErrCode>,
    pending_ids: u64,
}

struct User {
    openid: OpenId,
    known_to: Vec<ExternalUserInfo>,
    pending_id: Option<(PendingId, Duration)>,
}

impl Customers {
    pub(crate) fn new(customers: Vec<WorldCustomer>, chats: Vec<(ChatId, Vec<ExternalUserId>)>) -> Self {
        let mut this = Self { chats: chats.into_iter().collect(), ..Self::default() };
        for customer in customers {
            for info in customer.known_to {
                this.add(customer.unionid.clone(), customer.openid.clone(), Some(info));
            }
            this.add(customer.unionid.clone(), customer.openid, None);
            if let Some(refusal) = customer.account.refusal() {
                this.refused.insert(customer.unionid, refusal);
            }
        }
        this
    }

    /// Makes a user known, and the customer of a corp where one is given.
    pub(crate) fn add(&mut self, unionid: UnionId, openid: OpenId, info: Option<ExternalUserInfo>) {
        if let Some(info) = &info {
            self.unionids.insert(info.external_userid.clone(), unionid.clone());
        }
        let user = self.users.entry(unionid).or_insert_with(|| User { openid, known_to: Vec::new(), pending_id: None });
        if let Some(info) = info {
            user.known_to.retain(|known| known.corpid != info.corpid);
            user.known_to.push(info);
        }
    }

    /// Whose customer a user is.
    pub(crate) fn known_to(&self, unionid: &UnionId, openid: &OpenId) -> Result<&[ExternalUserInfo], Refusal> {
        if let Some(refusal) = self.refused.get(unionid) {
            return Err((*refusal).into());
        }
        match self.users.get(unionid) {
            None => Ok(&[]),
            Some(user) if user.openid != *openid => Err(ErrCode::INVALID_OPEN_ID.into()),
            Some(user) => Ok(&user.known_to),
        }
    }

    /// The id that a user is known by until he is a customer: the same one for 90 days.
    pub(crate) fn pending_id(
        &mut self,
        unionid: &UnionId,
        openid: &OpenId,
        now: Duration,
    ) -> Result<PendingId, Refusal> {
        self.known_to(unionid, openid)?;
        self.add(unionid.clone(), openid.clone(), None);
        self.pending_ids += 1;
        let fresh = fnv1a(fnv1a(self.pending_ids, unionid.as_str().as_bytes()), b"pending");
        let Some(user) = self.users.get_mut(unionid) else { return Err(ErrCode::INVALID_OPEN_ID.into()) };
        match &user.pending_id {
            Some((pending_id, until)) if *until > now => Ok(pending_id.clone()),
            _ => {
                let pending_id = PendingId::new(format!("p{fresh:016X}"));
                user.pending_id = Some((pending_id.clone(), now.saturating_add(VALIDITY)));
                Ok(pending_id)
            }
        }
    }

    /// The id that a customer was known by, if he had one that is still valid.
    pub(crate) fn former_id(&self, customer: &ExternalUserId, now: Duration) -> Result<Option<&PendingId>, Refusal> {
        let user = self.unionids.get(customer).and_then(|unionid| self.users.get(unionid));
        let user = user.ok_or(ErrCode::INVALID_EXTERNAL_USER_ID)?;
        let valid = user.pending_id.as_ref().filter(|(_, until)| *until > now);
        Ok(valid.map(|(pending_id, _)| pending_id))
    }

    /// The customers in a group chat.
    pub(crate) fn chat(&self, chat_id: &ChatId) -> Result<&[ExternalUserId], Refusal> {
        self.chats.get(chat_id).map(Vec::as_slice).ok_or_else(|| UNKNOWN_CHAT.into())
    }
}
