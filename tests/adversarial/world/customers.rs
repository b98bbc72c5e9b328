//! WeChat users, the dealers whose customers they are, and their pending ids.

use std::collections::BTreeSet;

use serde_json::{Value, json};

const NOT_AN_EXTERNAL_CONTACT: i64 = 84_061;
const INVALID_EXTERNAL_USER_ID: i64 = 40_096;

/// A user, by number.
pub(crate) type User = u32;
/// A dealer, by number.
pub(crate) type Dealer = u32;

/// The customers of each dealer. A user has a pending id once it was requested.
#[derive(Debug, Default)]
pub(crate) struct Customers {
    customers: BTreeSet<(Dealer, User)>,
    asked: BTreeSet<User>,
    /// Customers that were added after their pending id was requested.
    recognizable: BTreeSet<(Dealer, User)>,
}

pub(crate) fn unionid(user: User) -> String {
    format!("union{user}")
}

pub(crate) fn external_userid(dealer: Dealer, user: User) -> String {
    format!("wm{dealer}x{user}")
}

pub(crate) fn pending_id(user: User) -> String {
    format!("pending{user}")
}

impl Customers {
    /// Adds a user as a customer of a dealer.
    pub(crate) fn add(&mut self, dealer: Dealer, user: User) {
        if self.customers.insert((dealer, user)) && self.asked.contains(&user) {
            self.recognizable.insert((dealer, user));
        }
    }

    /// Whether the service returns a pending id for this customer.
    pub(crate) fn is_recognizable(&self, dealer: Dealer, user: User) -> bool {
        self.recognizable.contains(&(dealer, user))
    }

    pub(crate) fn list_dealers(&self, request: &Value) -> Result<String, i64> {
        let user = parse_user(request).ok_or(NOT_AN_EXTERNAL_CONTACT)?;
        let dealers = self.customers.iter().filter(|(_, customer)| *customer == user);
        let info = |&(dealer, user): &(Dealer, User)| {
            let id = external_userid(dealer, user);
            json!({"corpid": corp_id(dealer), "external_userid": id})
        };
        let infos: Vec<_> = dealers.map(info).collect();
        // The service answers in two ways that there are no customers.
        if infos.is_empty() && user % 2 == 0 {
            return Err(NOT_AN_EXTERNAL_CONTACT);
        }
        Ok(format!("\"external_userid_info\":{}}}", Value::Array(infos)))
    }

    pub(crate) fn ask_pending_id(&mut self, request: &Value) -> Result<String, i64> {
        let user = parse_user(request).ok_or(NOT_AN_EXTERNAL_CONTACT)?;
        self.asked.insert(user);
        Ok(format!("\"pending_id\":\"{}\"}}", pending_id(user)))
    }

    /// Returns the pending ids of customers. One unknown id fails the whole request.
    pub(crate) fn pending_ids(&self, request: &Value) -> Result<String, i64> {
        let mut found = Vec::new();
        for id in request["external_userid"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let (dealer, user) = parse_customer(id).ok_or(INVALID_EXTERNAL_USER_ID)?;
            if self.is_recognizable(dealer, user) {
                found.push(json!({"external_userid": id, "pending_id": pending_id(user)}));
            }
        }
        Ok(format!("\"result\":{}}}", Value::Array(found)))
    }
}

pub(crate) fn corp_id(dealer: Dealer) -> String {
    format!("wwdealer{dealer}")
}

fn parse_user(request: &Value) -> Option<User> {
    request["unionid"].as_str()?.strip_prefix("union")?.parse().ok()
}

fn parse_customer(id: &str) -> Option<(Dealer, User)> {
    let (dealer, user) = id.strip_prefix("wm")?.split_once('x')?;
    Some((dealer.parse().ok()?, user.parse().ok()?))
}
