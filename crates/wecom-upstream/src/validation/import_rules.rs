//! The documented rules for an import: a table that the client checks before it sends, and `wecom-simulator` checks as the
//! service does.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::ops::RangeInclusive;

use wecom_core::ErrCode;
use wecom_core::endpoint::Violations;

use crate::validation::{self, invalid_character, invalid_length};

/// A rule for a text field of an import.
#[derive(Debug)]
#[non_exhaustive]
pub struct TextRule {
    /// The name of the field.
    pub field: &'static str,
    /// The number of the vendor's document.
    pub document: u32,
    /// The documented limit.
    pub limit: &'static str,
    problem: fn(&str) -> Option<Problem>,
}

/// A violation of a rule.
struct Problem {
    text: Cow<'static, str>,
    code: ErrCode,
}

impl TextRule {
    /// Returns the code with which the service rejects a value. `None` if the value is valid.
    #[must_use]
    pub fn code(&self, value: &str) -> Option<ErrCode> {
        (self.problem)(value).map(|problem| problem.code)
    }

    /// Adds a violation if the value is invalid.
    pub(crate) fn check(&self, violations: &mut Violations, field: impl Display, value: &str) {
        if let Some(problem) = (self.problem)(value) {
            violations.add(field.to_string(), problem.text, self.limit);
        }
    }
}

/// A rule for the number of items in an import.
#[derive(Debug)]
#[non_exhaustive]
pub struct CountRule {
    /// The name of the list.
    pub field: &'static str,
    /// The number of the vendor's document.
    pub document: u32,
    /// The name of the counted items, in texts.
    pub items: &'static str,
    /// The documented range.
    pub allowed: RangeInclusive<usize>,
    too_many: ErrCode,
}

impl CountRule {
    /// Returns the code with which the service rejects a count. `None` if the count is valid.
    #[must_use]
    pub fn code(&self, count: usize) -> Option<ErrCode> {
        if self.allowed.contains(&count) {
            None
        } else if count < *self.allowed.start() {
            Some(ErrCode::EMPTY_PARAMETER)
        } else {
            Some(self.too_many)
        }
    }

    /// Adds a violation if the count is invalid.
    pub(crate) fn check(&self, violations: &mut Violations, field: impl Display, count: usize) {
        validation::count(violations, field, count, self.items, self.allowed.clone());
    }
}

/// `corp_name`.
pub const CORP_NAME: TextRule = TextRule {
    field: "corp_name",
    document: 95821,
    limit: "1 to 32 characters: Chinese, letters, digits, spaces and -_()（）",
    problem: |name| {
        let is_allowed = |character: char| {
            is_chinese(character) || character.is_ascii_alphanumeric() || " -_()（）".contains(character)
        };
        text_problem(name, 1..=32, is_allowed, ErrCode::CORP_NAME_EMPTY, ErrCode::INVALID_CORP_NAME)
    },
};

/// `name` of a contact.
pub const CONTACT_NAME: TextRule = TextRule {
    field: "name",
    document: 95821,
    limit: "1 to 32 characters",
    problem: |name| text_problem(name, 1..=32, |_| true, ErrCode::CONTACT_NAME_EMPTY, ErrCode::INVALID_CONTACT_NAME),
};

/// `custom_id` of a corp. An empty value means no id.
pub const CUSTOM_ID: TextRule = TextRule {
    field: "custom_id",
    document: 95821,
    limit: "0 to 64 letters (a-z, A-Z) and digits",
    problem: |id| {
        let code = ErrCode::INVALID_CUSTOM_ID;
        text_problem(id, 0..=64, |character| character.is_ascii_alphanumeric(), code, code)
    },
};

/// `user_custom_id` of a contact.
pub const USER_CUSTOM_ID: TextRule = TextRule {
    field: "user_custom_id",
    document: 95821,
    limit: "a number from 1 to 2^64-2: digits only, no leading zero, not 11 or 13 digits long",
    problem: |id| {
        let code = ErrCode::INVALID_USER_CUSTOM_ID;
        let shape = text_problem(id, 1..=20, |character| character.is_ascii_digit(), code, code);
        shape.or_else(|| {
            let text = match (id.len(), id.parse::<u64>()) {
                _ if id.starts_with('0') => "begins with a zero".into(),
                (digits @ (11 | 13), _) => format!("has {digits} digits").into(),
                (_, Err(_) | Ok(u64::MAX)) => "is too large".into(),
                _ => return None,
            };
            Some(Problem { text, code })
        })
    },
};

/// `mobile` of a contact.
pub const MOBILE: TextRule = TextRule {
    field: "mobile",
    document: 95821,
    limit: "11 digits for a mainland number (13…), otherwise + with country code and number (+8525…)",
    problem: |mobile| {
        let (digits, lengths, begins_well) = match mobile.strip_prefix('+') {
            Some(abroad) => (abroad, 6..=15, true),
            None => (mobile, 11..=11, mobile.starts_with('1')),
        };
        let text = if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            "has a character that is not a digit".into()
        } else if !lengths.contains(&digits.len()) {
            format!("has {} digits", digits.len()).into()
        } else if !begins_well {
            "does not begin with 1, as every mainland number does".into()
        } else {
            return None;
        };
        Some(Problem { text, code: INVALID_MOBILE })
    },
};

/// `group_path` of a corp. An empty value means no path.
///
/// The vendor does not document which characters a group's name may contain. The rule is that for names of departments
/// (60009). The vendor documents no maximum length.
pub const GROUP_PATH: TextRule = TextRule {
    field: "group_path",
    document: 95821,
    limit: "at most 9 names without \\:*?\"<>|, separated by /",
    problem: |path| {
        let (names, code) = (group_names(path), ErrCode::INVALID_GROUP_NAME);
        if let Some(index) = names.iter().position(|name| name.is_empty()) {
            return Some(Problem { text: format!("has an empty name at level {}", index + 1).into(), code });
        }
        if names.len() > 9 {
            let text = format!("is {} levels deep", names.len()).into();
            return Some(Problem { text, code: ErrCode::GROUP_TOO_DEEP });
        }
        let text = invalid_character(path, |character| !r#"\:*?"<>|"#.contains(character))?;
        Some(Problem { text, code })
    },
};

/// The corps of a job.
pub const CORPS_PER_JOB: CountRule = CountRule {
    field: "contact_list",
    document: 95821,
    items: "corps",
    allowed: 1..=1000,
    too_many: ErrCode::IMPORT_TOO_LARGE,
};

/// The contacts of all corps of a job.
pub const CONTACTS_PER_JOB: CountRule = CountRule {
    field: "contact_list",
    document: 95821,
    items: "contacts",
    allowed: 0..=2000,
    too_many: ErrCode::IMPORT_TOO_LARGE,
};

/// The contacts of a corp.
pub const CONTACTS_PER_CORP: CountRule = CountRule {
    field: "contact_info_list",
    document: 95821,
    items: "contacts",
    allowed: 1..=200,
    too_many: ErrCode::IMPORT_TOO_LARGE,
};

/// The heads of a corp.
pub const HEADS_PER_CORP: CountRule = CountRule {
    field: "contact_info_list",
    document: 95821,
    items: "heads (负责人)",
    allowed: 0..=5,
    too_many: ErrCode::HEADS_EXCEEDED,
};

/// All rules for texts.
pub const TEXT_RULES: [&TextRule; 6] = [&CORP_NAME, &CONTACT_NAME, &CUSTOM_ID, &USER_CUSTOM_ID, &MOBILE, &GROUP_PATH];

/// All rules for counts.
pub const COUNT_RULES: [&CountRule; 4] = [&CORPS_PER_JOB, &CONTACTS_PER_JOB, &CONTACTS_PER_CORP, &HEADS_PER_CORP];

/// The code for an invalid mobile number (60103 手机号码不合法).
pub const INVALID_MOBILE: ErrCode = ErrCode(60103);

/// Returns the names in a group path. An empty path has none.
#[must_use]
pub fn group_names(path: &str) -> Vec<&str> {
    if path.is_empty() { Vec::new() } else { path.split('/').collect() }
}

/// The custom ids of the contacts of one corp. Mobile numbers and custom ids map one to one
/// ([95821](https://developer.work.weixin.qq.com/document/path/95821)).
#[derive(Debug, Default)]
pub struct UserCustomIds<'a> {
    ids: HashMap<&'a str, (usize, &'a str)>,
    mobiles: HashMap<&'a str, (usize, &'a str)>,
}

/// A custom id that conflicts with an earlier contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConflictingId {
    /// The index of the earlier contact.
    pub earlier: usize,
    /// The code with which the service rejects the contact.
    pub code: ErrCode,
}

impl<'a> UserCustomIds<'a> {
    /// Adds the custom id of a person that the corp already has.
    pub fn insert_known(&mut self, mobile: &'a str, id: &'a str) {
        self.mobiles.insert(id, (0, mobile));
    }

    /// Adds the custom id of the contact at an index.
    ///
    /// # Errors
    ///
    /// Returns an error if the mobile number has another custom id, or the custom id another mobile number.
    pub fn insert(&mut self, index: usize, mobile: &'a str, id: &'a str) -> Result<(), ConflictingId> {
        let (earlier, earlier_id) = *self.ids.entry(mobile).or_insert((index, id));
        if earlier_id != id {
            return Err(ConflictingId { earlier, code: ErrCode::SEVERAL_USER_CUSTOM_IDS });
        }
        let (earlier, earlier_mobile) = *self.mobiles.entry(id).or_insert((index, mobile));
        if earlier_mobile != mobile {
            return Err(ConflictingId { earlier, code: ErrCode::USER_CUSTOM_ID_NOT_UNIQUE });
        }
        Ok(())
    }
}

/// Checks the length and the characters of a text.
fn text_problem(
    text: &str,
    lengths: RangeInclusive<usize>,
    is_allowed: impl Fn(char) -> bool,
    empty: ErrCode,
    invalid: ErrCode,
) -> Option<Problem> {
    let code = if text.is_empty() { empty } else { invalid };
    let problem = invalid_length(text, lengths).or_else(|| invalid_character(text, is_allowed));
    problem.map(|text| Problem { text, code })
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
    fn assert_rule(rule: &TextRule, valid: &[&str], invalid: &[(&str, &str)]) {
        for value in valid {
            assert_eq!(rule.code(value), None, "{value:?}");
        }
        for (value, problem) in invalid {
            let found = (rule.problem)(value).map(|problem| problem.text);
            assert_eq!(found.as_deref(), Some(*problem), "{value:?}");
        }
    }

    #[test]
    fn a_rule_names_the_code_with_which_the_service_rejects_a_value() {
        assert_eq!(CORP_NAME.code("企业 1"), None);
        assert_eq!(CORP_NAME.code(""), Some(ErrCode::CORP_NAME_EMPTY));
        assert_eq!(CORP_NAME.code("a/b"), Some(ErrCode::INVALID_CORP_NAME));
        assert_eq!(CONTACT_NAME.code(&"x".repeat(33)), Some(ErrCode::INVALID_CONTACT_NAME));
        let range = &CONTACTS_PER_CORP.allowed;
        assert_eq!([CONTACTS_PER_CORP.code(*range.start()), CONTACTS_PER_CORP.code(*range.end())], [None; 2]);
        assert_eq!(CONTACTS_PER_CORP.code(range.start() - 1), Some(ErrCode::EMPTY_PARAMETER));
        assert_eq!(CONTACTS_PER_CORP.code(range.end() + 1), Some(CONTACTS_PER_CORP.too_many));
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
    fn a_group_path_has_at_most_9_levels_with_valid_names() {
        assert_rule(
            &GROUP_PATH,
            &["", "华北区", "华北区/北京市/海淀区", "1/2/3/4/5/6/7/8/9"],
            &[
                ("1/2/3/4/5/6/7/8/9/10", "is 10 levels deep"),
                ("华北区/a:b", "has a character that is not allowed at position 6"),
                ("/华北区", "has an empty name at level 1"),
                ("华北区//海淀区", "has an empty name at level 2"),
                ("华北区/", "has an empty name at level 2"),
            ],
        );
    }

    #[test]
    fn every_rule_has_a_document() {
        let documents = TEXT_RULES.iter().map(|rule| rule.document).chain(COUNT_RULES.iter().map(|rule| rule.document));
        assert!(documents.into_iter().all(|document| (90_000..100_000).contains(&document)));
    }

    #[test]
    fn a_count_has_the_code_of_its_rule() {
        assert_eq!([1, 1000].map(|count| CORPS_PER_JOB.code(count)), [None, None]);
        assert_eq!(CORPS_PER_JOB.code(0), Some(ErrCode::EMPTY_PARAMETER));
        assert_eq!(CORPS_PER_JOB.code(1001), Some(ErrCode::IMPORT_TOO_LARGE));
        assert_eq!(HEADS_PER_CORP.code(6), Some(ErrCode::HEADS_EXCEEDED));
    }

    #[test]
    fn mobile_numbers_and_custom_ids_map_one_to_one() {
        let mut ids = UserCustomIds::default();
        ids.insert_known("", "9");
        assert_eq!(
            (ids.insert(0, "a", "1"), ids.insert(1, "a", "1"), ids.insert(2, "b", "2")),
            (Ok(()), Ok(()), Ok(()))
        );
        let conflict = |earlier, code| Err(ConflictingId { earlier, code });
        assert_eq!(ids.insert(3, "b", "3"), conflict(2, ErrCode::SEVERAL_USER_CUSTOM_IDS));
        assert_eq!(ids.insert(4, "c", "1"), conflict(0, ErrCode::USER_CUSTOM_ID_NOT_UNIQUE));
        assert_eq!(ids.insert(5, "d", "9"), conflict(0, ErrCode::USER_CUSTOM_ID_NOT_UNIQUE));
    }
}
