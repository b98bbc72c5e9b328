//! The vendor's documented rules for the fields of requests. A violation never contains the value, which may be
//! personal data.

use std::borrow::Cow;
use std::fmt::Display;
use std::ops::RangeInclusive;

use wecom_core::endpoint::Violations;

/// The problem with a text; `None` if it is valid.
type Problem = Option<Cow<'static, str>>;

/// A rule for a text.
pub(crate) struct Rule {
    problem: fn(&str) -> Problem,
    limit: &'static str,
}

impl Rule {
    /// Adds a violation if the value breaks the rule.
    pub(crate) fn check(&self, violations: &mut Violations, field: impl Display, value: &str) {
        if let Some(problem) = (self.problem)(value) {
            violations.add(field.to_string(), problem, self.limit);
        }
    }
}

/// `corp_name` of an import.
pub(crate) const CORP_NAME: Rule = Rule {
    problem: |name| {
        length(name, 1..=32).or_else(|| {
            characters(name, |character| {
                is_chinese(character) || character.is_ascii_alphanumeric() || " -_()（）".contains(character)
            })
        })
    },
    limit: "1 to 32 characters: Chinese, letters, digits, spaces and -_()（）",
};

/// `name` of an imported contact.
pub(crate) const CONTACT_NAME: Rule = Rule { problem: |name| length(name, 1..=32), limit: "1 to 32 characters" };

/// `custom_id` of an imported corp.
pub(crate) const CUSTOM_ID: Rule = Rule {
    problem: |id| length(id, 0..=64).or_else(|| characters(id, |character| character.is_ascii_alphanumeric())),
    limit: "0 to 64 letters (a-z, A-Z) and digits",
};

/// `user_custom_id` of an imported contact.
pub(crate) const USER_CUSTOM_ID: Rule = Rule {
    problem: |id| {
        let shape = length(id, 1..=20).or_else(|| characters(id, |character| character.is_ascii_digit()));
        shape.or_else(|| match (id.len(), id.parse::<u64>()) {
            _ if id.starts_with('0') => Some("begins with a zero".into()),
            (digits @ (11 | 13), _) => Some(format!("has {digits} digits").into()),
            (_, Err(_) | Ok(u64::MAX)) => Some("is too large".into()),
            _ => None,
        })
    },
    limit: "a number from 1 to 2^64-2: digits only, no leading zero, not 11 or 13 digits long",
};

/// `mobile` of an imported contact.
pub(crate) const MOBILE: Rule = Rule {
    problem: |mobile| {
        let (digits, lengths, begins_well) = match mobile.strip_prefix('+') {
            Some(abroad) => (abroad, 6..=15, true),
            None => (mobile, 11..=11, mobile.starts_with('1')),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            Some("has a character that is not a digit".into())
        } else if !lengths.contains(&digits.len()) {
            Some(format!("has {} digits", digits.len()).into())
        } else if !begins_well {
            Some("does not begin with 1, as every mainland number does".into())
        } else {
            None
        }
    },
    limit: "11 digits for a mainland number (13…), otherwise + with country code and number (+8525…)",
};

/// `group_path` of an imported corp.
pub(crate) const GROUP_PATH: Rule = Rule {
    problem: |path| {
        if let Some(at) = path.split('/').position(str::is_empty) {
            return Some(format!("has an empty name at level {}", at + 1).into());
        }
        let depth = path.split('/').count();
        (depth > 9).then(|| format!("is {depth} levels deep").into())
    },
    limit: "at most 9 levels, separated by /",
};

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
        violations.add(field.to_string(), format!("holds {count} {what}"), format!("{least} to {most}"));
    }
}

/// Adds a violation if an optional id is present and empty.
pub(crate) fn not_empty(violations: &mut Violations, field: &'static str, id: Option<&str>) {
    if let Some(id) = id {
        violations.require(field, id);
    }
}

fn length(text: &str, allowed: RangeInclusive<usize>) -> Problem {
    match text.chars().count() {
        length if allowed.contains(&length) => None,
        0 => Some("is empty".into()),
        length => Some(format!("has {length} characters").into()),
    }
}

fn characters(text: &str, allowed: impl Fn(char) -> bool) -> Problem {
    let at = text.chars().position(|character| !allowed(character))?;
    Some(format!("has a character that is not allowed at position {}", at + 1).into())
}

/// Returns whether a character is Chinese: a unified ideograph of any extension, or the zero 〇.
fn is_chinese(character: char) -> bool {
    matches!(
        character,
        '\u{3007}'
            | '\u{3400}'..='\u{4DBF}'
            | '\u{4E00}'..='\u{9FFF}'
            | '\u{F900}'..='\u{FAFF}'
            | '\u{20000}'..='\u{3FFFD}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_rule(rule: &Rule, valid: &[&str], invalid: &[(&str, &str)]) {
        for value in valid {
            assert_eq!((rule.problem)(value), None, "{value:?}");
        }
        for (value, problem) in invalid {
            assert_eq!((rule.problem)(value).as_deref(), Some(*problem), "{value:?}");
        }
    }

    #[test]
    fn a_corp_name_has_1_to_32_of_the_documented_characters() {
        let (longest, too_long) = ("企".repeat(32), "企".repeat(33));
        assert_rule(
            &CORP_NAME,
            &["企", "A1 b-c_(d)（企〇㐀𠀀）", &longest],
            &[
                ("", "is empty"),
                (&too_long, "has 33 characters"),
                ("企业!", "has a character that is not allowed at position 3"),
                ("企\n", "has a character that is not allowed at position 2"),
                ("é", "has a character that is not allowed at position 1"),
                ("カ", "has a character that is not allowed at position 1"),
                ("😀", "has a character that is not allowed at position 1"),
            ],
        );
    }

    #[test]
    fn a_contact_name_has_1_to_32_characters_of_any_kind() {
        let (longest, too_long) = ("😀".repeat(32), "张".repeat(33));
        assert_rule(&CONTACT_NAME, &["O'Neil", &longest], &[("", "is empty"), (&too_long, "has 33 characters")]);
    }

    #[test]
    fn a_custom_id_has_at_most_64_letters_and_digits() {
        let (longest, too_long) = ("a".repeat(64), "a".repeat(65));
        assert_rule(
            &CUSTOM_ID,
            &["", "aZ09", &longest],
            &[
                (&too_long, "has 65 characters"),
                ("a-b", "has a character that is not allowed at position 2"),
                ("企", "has a character that is not allowed at position 1"),
            ],
        );
    }

    #[test]
    fn a_user_custom_id_is_a_number_that_cannot_be_mistaken_for_a_mobile_number() {
        assert_rule(
            &USER_CUSTOM_ID,
            &["1", "1000000000", "100000000000", "10000000000000", "18446744073709551614"],
            &[
                ("", "is empty"),
                ("0", "begins with a zero"),
                ("0100", "begins with a zero"),
                ("+1", "has a character that is not allowed at position 1"),
                ("1a", "has a character that is not allowed at position 2"),
                ("１", "has a character that is not allowed at position 1"),
                ("13000000001", "has 11 digits"),
                ("8613000000001", "has 13 digits"),
                ("18446744073709551615", "is too large"),
                ("18446744073709551616", "is too large"),
                ("100000000000000000000", "has 21 characters"),
            ],
        );
    }

    #[test]
    fn a_mobile_number_begins_with_a_plus_unless_it_is_a_mainland_number() {
        assert_rule(
            &MOBILE,
            &["13000000001", "+85259123456", "+123456", "+123456789012345"],
            &[
                ("", "has 0 digits"),
                ("+", "has 0 digits"),
                ("1300000000", "has 10 digits"),
                ("130000000011", "has 12 digits"),
                ("23000000001", "does not begin with 1, as every mainland number does"),
                ("130 0000 0001", "has a character that is not a digit"),
                ("+852-59123456", "has a character that is not a digit"),
                ("+12345", "has 5 digits"),
                ("+1234567890123456", "has 16 digits"),
                ("１３０００００００００", "has a character that is not a digit"),
            ],
        );
    }

    #[test]
    fn a_group_path_has_at_most_9_levels_and_no_empty_name() {
        assert_rule(
            &GROUP_PATH,
            &["华北区", "华北区/北京市/海淀区", "1/2/3/4/5/6/7/8/9"],
            &[
                ("1/2/3/4/5/6/7/8/9/10", "is 10 levels deep"),
                ("", "has an empty name at level 1"),
                ("/华北区", "has an empty name at level 1"),
                ("华北区//海淀区", "has an empty name at level 2"),
                ("华北区/", "has an empty name at level 2"),
            ],
        );
    }

    #[test]
    fn a_count_outside_its_range_is_a_violation() {
        let check = |number| {
            let mut violations = Violations::new();
            count(&mut violations, "list", number, "ids", 1..=100);
            violations.into_result().map_err(|error| error.to_string())
        };
        assert_eq!((check(1), check(100)), (Ok(()), Ok(())));
        assert_eq!(check(0), Err("invalid request (not sent): list holds 0 ids (allowed: 1 to 100)".to_owned()));
        assert_eq!(check(101), Err("invalid request (not sent): list holds 101 ids (allowed: 1 to 100)".to_owned()));
    }
}
