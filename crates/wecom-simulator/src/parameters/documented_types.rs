//! Converts parameters to their documented types, as the service does.

use std::fmt;

use serde_json::{Map, Value};

/// The parameters that are numbers.
const NUMBERS: [&str; 6] = ["agentid", "business_type", "groupid", "identity_type", "limit", "rule_id"];

/// The parameters that are booleans.
const FLAGS: [&str; 1] = ["need_pending"];

/// The parameters that are strings. The ids of a rule are left out, because the service sends them as numbers too.
const TEXTS: [&str; 20] = [
    "chain_id",
    "chat_id",
    "corp_name",
    "corpid",
    "cursor",
    "custom_id",
    "external_userid",
    "group_path",
    "jobid",
    "mass_call_ticket",
    "mobile",
    "name",
    "openid",
    "pending_corpid",
    "session_key",
    "unionid",
    "user_custom_id",
    "userid",
    "userids",
    "corpids",
];

/// Converts the parameters, including those in objects and lists. Returns one that had another type, if any.
///
/// Removes a `groupid` of 0 and an empty `user_custom_id`: clients whose types can't omit them send these.
pub(super) fn convert(fields: &mut Map<String, Value>) -> Option<Mistyped> {
    let mut mistyped = None;
    for (name, value) in fields.iter_mut() {
        mistyped = convert_value(value, documented_type(name)).or(mistyped);
    }
    fields.retain(|name, value| match name.as_str() {
        "groupid" => *value != 0,
        "user_custom_id" => *value != "",
        _ => true,
    });
    mistyped
}

/// A parameter that had another type than the documented one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mistyped {
    name: &'static str,
    documented: &'static str,
}

impl fmt::Display for Mistyped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "strict mode: {} has the wrong JSON type; send {}", self.name, self.documented)
    }
}

/// Converts a value to a documented type. `None` if it has that type, or can't be converted.
type Conversion = fn(&Value) -> Option<Value>;

/// A parameter, and the conversion to its documented type.
type DocumentedType = (Mistyped, Conversion);

fn documented_type(name: &str) -> Option<DocumentedType> {
    let types: [(&[&'static str], &'static str, Conversion); 3] = [
        (&NUMBERS, "a number without quotes", number),
        (&FLAGS, "true or false", flag),
        (&TEXTS, "a string in quotes", text),
    ];
    types.into_iter().find_map(|(names, documented, conversion)| {
        let name = names.iter().find(|known| **known == name)?;
        Some((Mistyped { name, documented }, conversion))
    })
}

fn convert_value(value: &mut Value, documented: Option<DocumentedType>) -> Option<Mistyped> {
    match value {
        Value::Object(fields) => convert(fields),
        Value::Array(items) => {
            items.iter_mut().fold(None, |mistyped, item| convert_value(item, documented).or(mistyped))
        }
        scalar => {
            let (mistyped, conversion) = documented?;
            *scalar = conversion(scalar)?;
            Some(mistyped)
        }
    }
}

fn number(value: &Value) -> Option<Value> {
    value.as_str()?.trim().parse::<i64>().ok().map(Value::from)
}

fn flag(value: &Value) -> Option<Value> {
    match (value.as_i64(), value.as_str()) {
        (Some(1), _) | (_, Some("1" | "true")) => Some(true.into()),
        (Some(0), _) | (_, Some("0" | "false")) => Some(false.into()),
        _ => None,
    }
}

fn text(value: &Value) -> Option<Value> {
    if value.is_i64() || value.is_u64() { Some(value.to_string().into()) } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn converted(value: Value) -> (Option<&'static str>, Value) {
        let Value::Object(mut fields) = value else { panic!("{value}") };
        (convert(&mut fields).map(|mistyped| mistyped.name), Value::Object(fields))
    }

    #[test]
    fn values_of_another_type_are_converted_at_any_depth() {
        let contact = json!({"name": 7, "identity_type": "2", "mobile": 13_000_000_001_i64, "user_custom_id": 42});
        let body = json!({
            "groupid": "3", "limit": " 10", "need_pending": 1, "external_userid": [1, "b"],
            "contact_list": [{"corp_name": 1, "contact_info_list": [contact]}],
        });
        let contact = json!({"name": "7", "identity_type": 2, "mobile": "13000000001", "user_custom_id": "42"});
        let expected = json!({
            "groupid": 3, "limit": 10, "need_pending": true, "external_userid": ["1", "b"],
            "contact_list": [{"corp_name": "1", "contact_info_list": [contact]}],
        });
        let (mistyped, body) = converted(body);
        assert!(mistyped.is_some());
        assert_eq!(body, expected);
    }

    #[test]
    fn documented_and_unreadable_values_and_the_ids_of_rules_are_kept() {
        let body = json!({
            "groupid": 3, "limit": "ten", "need_pending": 2, "chain_id": true, "mobile": 1.5, "agentid": null,
            "rule_info": {"owner_corp_range": {"departmentids": [1]}, "member_corp_range": {"groupids": ["2"]}},
        });
        assert_eq!(converted(body.clone()), (None, body));
    }

    #[test]
    fn a_zero_group_and_an_empty_custom_id_are_absent() {
        let body = json!({"groupid": 0, "a": [{"groupid": "0", "user_custom_id": "", "custom_id": ""}]});
        assert_eq!(converted(body), (Some("groupid"), json!({"a": [{"custom_id": ""}]})));
        assert_eq!(converted(json!({"groupid": 0})), (None, json!({})));
    }
}
