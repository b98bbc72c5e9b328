//! The check of customers and group chats.

use super::WorldError;
use super::ids::{check_not_empty, check_unique};
use crate::world::World;

impl World {
    pub(super) fn check_customers(&self) -> Result<(), WorldError> {
        check_unique("customers", "unionid", self.customers.iter().map(|customer| &customer.unionid))?;
        let known = self.customers.iter().flat_map(|customer| &customer.known_to);
        check_unique("customers.known_to", "external_userid", known.map(|info| &info.external_userid))?;
        for (index, customer) in self.customers.iter().enumerate() {
            let path = format!("customers[{index}]");
            check_not_empty(&format!("{path}.unionid"), customer.unionid.as_str())?;
            check_not_empty(&format!("{path}.openid"), customer.openid.as_str())?;
            for (index, info) in customer.known_to.iter().enumerate() {
                let path = format!("{path}.known_to[{index}]");
                check_not_empty(&format!("{path}.corpid"), info.corpid.as_str())?;
                check_not_empty(&format!("{path}.external_userid"), info.external_userid.as_str())?;
            }
        }
        check_unique("chats", "chat_id", self.chats.iter().map(|(chat_id, _)| chat_id))?;
        for (index, (chat_id, _)) in self.chats.iter().enumerate() {
            check_not_empty(&format!("chats[{index}].chat_id"), chat_id.as_str())?;
        }
        Ok(())
    }
}
