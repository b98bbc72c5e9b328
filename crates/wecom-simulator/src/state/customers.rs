//! WeChat users: the corps whose customers they are, and their pending ids.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use wecom_core::ErrCode;
use wecom_upstream::calls::ExternalUserInfo;
use wecom_upstream::ids::{ChatId, PendingId};
use wecom_upstream::{ExternalUserId, OpenId, UnionId};

use crate::hash::fnv1a;
use crate::refusal::{Refusal, UNKNOWN_CHAT};
use crate::steps::step;
use crate::world::WorldCustomer;

/// The time until a `pending_id` expires.
const VALIDITY: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// The maximum number of users who are known only because a call asked for their pending ids. Beyond it, the oldest one is
/// forgotten.
const MAX_STRANGERS: usize = 10_000;

/// The WeChat users and the group chats.
#[derive(Default)]
pub(crate) struct Customers {
    users: HashMap<UnionId, User>,
    unionids: HashMap<ExternalUserId, UnionId>,
    chats: HashMap<ChatId, HashSet<ExternalUserId>>,
    /// The users whose ids come from an account that the service does not accept.
    rejected: HashMap<UnionId, ErrCode>,
    /// The users who are neither in the world nor customers, oldest first. Some may be customers by now.
    strangers: VecDeque<UnionId>,
    pending_id_count: u64,
}

struct User {
    openid: OpenId,
    customer_of: Vec<ExternalUserInfo>,
    /// The pending id and the time when it expires.
    pending_id: Option<(PendingId, Duration)>,
}

impl Customers {
    pub(crate) fn new(customers: Vec<WorldCustomer>, chats: Vec<(ChatId, Vec<ExternalUserId>)>) -> Self {
        let chats = chats.into_iter().map(|(chat_id, members)| (chat_id, members.into_iter().collect()));
        let mut this = Self { chats: chats.collect(), ..Self::default() };
        for customer in customers {
            for info in customer.known_to {
                this.add(customer.unionid.clone(), customer.openid.clone(), Some(info));
            }
            this.add(customer.unionid.clone(), customer.openid, None);
            if let Some(refusal) = customer.account.refusal() {
                this.rejected.insert(customer.unionid, refusal);
            }
        }
        this
    }

    /// Adds a user, and the corp whose customer the user is.
    pub(crate) fn add(&mut self, unionid: UnionId, openid: OpenId, info: Option<ExternalUserInfo>) {
        if let Some(info) = &info {
            self.unionids.insert(info.external_userid.clone(), unionid.clone());
        }
        let user =
            self.users.entry(unionid).or_insert_with(|| User { openid, customer_of: Vec::new(), pending_id: None });
        if let Some(info) = info {
            user.customer_of.retain(|known| known.corpid != info.corpid);
            user.customer_of.push(info);
        }
    }

    /// The corps whose customer a user is, with the user's id in each.
    pub(crate) fn customer_of(&self, unionid: &UnionId, openid: &OpenId) -> Result<&[ExternalUserInfo], Refusal> {
        if let Some(refusal) = self.rejected.get(unionid) {
            return Err((*refusal).into());
        }
        match self.users.get(unionid) {
            None => Ok(&[]),
            Some(user) if user.openid != *openid => Err(ErrCode::INVALID_OPEN_ID.into()),
            Some(user) => Ok(&user.customer_of),
        }
    }

    /// Returns the user's pending id, the same for 90 days.
    pub(crate) fn pending_id(
        &mut self,
        unionid: &UnionId,
        openid: &OpenId,
        now: Duration,
    ) -> Result<PendingId, Refusal> {
        self.customer_of(unionid, openid)?;
        if !self.users.contains_key(unionid) {
            self.add_stranger(unionid, openid);
        }
        self.pending_id_count += 1;
        let number = fnv1a(fnv1a(self.pending_id_count, unionid.as_str().as_bytes()), b"pending");
        let Some(user) = self.users.get_mut(unionid) else { return Err(ErrCode::INVALID_OPEN_ID.into()) };
        match &user.pending_id {
            Some((pending_id, expires)) if *expires > now => Ok(pending_id.clone()),
            _ => {
                let pending_id = PendingId::new(format!("p{number:016X}"));
                user.pending_id = Some((pending_id.clone(), now.saturating_add(VALIDITY)));
                Ok(pending_id)
            }
        }
    }

    /// Adds a user who is not a customer. Beyond the limit, forgets the oldest one.
    fn add_stranger(&mut self, unionid: &UnionId, openid: &OpenId) {
        self.add(unionid.clone(), openid.clone(), None);
        self.strangers.push_back(unionid.clone());
        if self.strangers.len() > MAX_STRANGERS {
            let oldest = self.strangers.pop_front();
            if let Some(oldest) = oldest.filter(|oldest| self.is_stranger(oldest)) {
                self.users.remove(&oldest);
            }
        }
    }

    fn is_stranger(&self, unionid: &UnionId) -> bool {
        self.users.get(unionid).is_some_and(|user| user.customer_of.is_empty())
    }

    /// Returns the valid pending id of a customer, if there is one.
    pub(crate) fn pending_id_of_customer(
        &self,
        customer: &ExternalUserId,
        now: Duration,
    ) -> Result<Option<&PendingId>, Refusal> {
        step();
        let user = self.unionids.get(customer).and_then(|unionid| self.users.get(unionid));
        let user = user.ok_or(ErrCode::INVALID_EXTERNAL_USER_ID)?;
        let valid = user.pending_id.as_ref().filter(|(_, expires)| *expires > now);
        Ok(valid.map(|(pending_id, _)| pending_id))
    }

    /// Returns the customers in a group chat.
    pub(crate) fn chat(&self, chat_id: &ChatId) -> Result<&HashSet<ExternalUserId>, Refusal> {
        self.chats.get(chat_id).ok_or_else(|| UNKNOWN_CHAT.into())
    }
}

#[cfg(test)]
mod tests {
    use wecom_upstream::CorpId;

    use super::*;

    #[test]
    fn a_limited_number_of_users_outside_the_world_is_known() {
        let world = WorldCustomer::new(UnionId::new("known"), OpenId::new("o"));
        let mut customers = Customers::new(vec![world], Vec::new());
        let openid = OpenId::new("o");
        let ask = |customers: &mut Customers, unionid: &str| {
            customers.pending_id(&UnionId::new(unionid), &openid, Duration::ZERO).unwrap()
        };
        let (known, first, joined) =
            (ask(&mut customers, "known"), ask(&mut customers, "first"), ask(&mut customers, "joined"));
        let info = ExternalUserInfo::new(CorpId::new("ww1"), ExternalUserId::new("wm1"));
        customers.add(UnionId::new("joined"), openid.clone(), Some(info));
        for number in 0..3 * MAX_STRANGERS {
            ask(&mut customers, &format!("user-{number}"));
        }
        // The user of the world and the customer besides.
        assert_eq!((customers.users.len(), customers.strangers.len()), (MAX_STRANGERS + 2, MAX_STRANGERS));
        assert_eq!((ask(&mut customers, "known"), ask(&mut customers, "joined")), (known, joined));
        assert_ne!(ask(&mut customers, "first"), first);
    }
}
