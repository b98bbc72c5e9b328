//! The calls about the rules of a chain (对接规则).

pub(crate) mod add_rule;
pub(crate) mod delete_rule;
pub(crate) mod get_rule_info;
pub(crate) mod list_rule_ids;
pub(crate) mod modify_rule;
mod rule_info;
