//! Types that several calls share: references to corps, chains, rules, ways of sharing.

mod business_type;
mod chain;
mod corp_ref;
mod mass_call_ticket;
pub(crate) mod open_enum;
mod rule_info;
mod stored_rule_info;

pub use self::business_type::BusinessType;
pub use self::chain::Chain;
pub use self::corp_ref::CorpRef;
pub use self::mass_call_ticket::MassCallTicket;
pub use self::rule_info::{MemberCorpRange, OwnerCorpRange, RuleInfo};
pub use self::stored_rule_info::{StoredMemberRange, StoredOwnerRange, StoredRuleInfo};
