//! The vendor's documented rules for the fields of requests. A violation never contains the value, which may be
//! personal data.

pub mod import_rules;

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use wecom_core::endpoint::Violations;

/// Adds a violation if a count is out of range.
pub(crate) fn count(
    violations: &mut Violations,
    field: impl Display,
    count: usize,
    what: &'static str,
    allowed: RangeInclusive<usize>,
) {
    if !allowed.contains(&count) {
        let (least, most) = allowed.into_inner();
        violations.add(field.to_string(), format!("has {count} {what}"), format!("{least} to {most}"));
    }
}

/// Adds a violation if an optional id is present and empty.
pub(crate) fn not_empty(violations: &mut Violations, field: &'static str, id: Option<&str>) {
    if let Some(id) = id {
        violations.require(field, id);
    }
}

/// Returns the problem with the length of a text, if it is not in a range.
fn invalid_length(text: &str, allowed: RangeInclusive<usize>) -> Option<Cow<'static, str>> {
    match text.chars().count() {
        length if allowed.contains(&length) => None,
        0 => Some("is empty".into()),
        length => Some(format!("has {length} characters").into()),
    }
}

/// Returns the problem with the characters of a text, if one of them is not allowed.
fn invalid_character(text: &str, is_allowed: impl Fn(char) -> bool) -> Option<Cow<'static, str>> {
    let index = text.chars().position(|character| !is_allowed(character))?;
    Some(format!("has a character that is not allowed at position {}", index + 1).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_outside_its_range_is_a_violation() {
        let check = |number| {
            let mut violations = Violations::new();
            count(&mut violations, "list", number, "ids", 1..=100);
            violations.into_result().map_err(|error| error.to_string())
        };
        assert_eq!((check(1), check(100)), (Ok(()), Ok(())));
        assert_eq!(check(0), Err("invalid request (not sent): list has 0 ids (allowed: 1 to 100)".to_owned()));
        assert_eq!(check(101), Err("invalid request (not sent): list has 101 ids (allowed: 1 to 100)".to_owned()));
    }
}
