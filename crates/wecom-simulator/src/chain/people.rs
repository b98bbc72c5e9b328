//! The people of a corp, indexed by mobile number and by custom id.

use std::collections::HashMap;

use wecom_upstream::ids::UserCustomId;

use crate::steps::each;
use crate::world::{WorldContact, WorldCorp};

/// The people of one corp.
pub(crate) struct People {
    /// The index of the contact with a mobile number.
    contacts: HashMap<String, usize>,
    /// The mobile number of the person with a custom id. A member has none.
    mobiles: HashMap<UserCustomId, String>,
    members: usize,
}

impl People {
    pub(crate) fn of(corp: &WorldCorp) -> Self {
        let members = each(&corp.members).filter_map(|member| Some((member.user_custom_id.clone()?, String::new())));
        let mut this = Self { contacts: HashMap::new(), mobiles: members.collect(), members: corp.members.len() };
        each(&corp.contacts).zip(0..).for_each(|(contact, index)| this.index(contact, index));
        this
    }

    /// The number of people. Contacts with one mobile number count once.
    pub(crate) fn count(&self) -> usize {
        self.contacts.len() + self.members
    }

    pub(crate) fn has_contact(&self, mobile: &str) -> bool {
        self.contacts.contains_key(mobile)
    }

    /// The mobile number of the person with a custom id. It is empty for a member.
    pub(crate) fn mobile_of(&self, id: &UserCustomId) -> Option<&str> {
        self.mobiles.get(id).map(String::as_str)
    }

    /// Adds a contact to the corp. It replaces the one with the same mobile number.
    pub(crate) fn add(&mut self, corp: &mut WorldCorp, contact: WorldContact) {
        let known = self.contacts.get(&contact.mobile).and_then(|index| Some((*index, corp.contacts.get_mut(*index)?)));
        match known {
            Some((index, known)) => {
                if let Some(id) = &known.user_custom_id {
                    self.mobiles.remove(id);
                }
                *known = contact.clone();
                self.index(&contact, index);
            }
            None => {
                self.index(&contact, corp.contacts.len());
                corp.contacts.push(contact);
            }
        }
    }

    fn index(&mut self, contact: &WorldContact, index: usize) {
        self.contacts.insert(contact.mobile.clone(), index);
        if let Some(id) = &contact.user_custom_id {
            self.mobiles.insert(id.clone(), contact.mobile.clone());
        }
    }
}
