//! All rows before anything is sent: each by the documented rules, and each against those before it.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::CustomId;

use crate::calls::{ImportContact, ImportCorp};

/// An import of which some rows break the documented rules; nothing was sent. It holds every bad row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidImport {
    /// What is wrong with the chain's id, if anything is.
    pub chain_id: Option<RowProblem>,
    /// The bad rows, in order.
    pub rows: Vec<InvalidRow>,
    /// How many rows there are, good ones included.
    pub total: usize,
}

/// A row that breaks the documented rules.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRow {
    /// Its number; the first row is 1.
    pub row: usize,
    /// What is wrong with it; never empty, at most [`InvalidRequest::MOST`].
    pub problems: Vec<RowProblem>,
}

/// One rule that a row breaks. It holds no value of the row's, which may be a person's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RowProblem {
    /// Where in the row: `corp_name`, `contact_info_list[2].mobile`.
    pub field: String,
    /// What is wrong there: `has 33 characters`, `is that of row 7 too`.
    pub problem: String,
    /// What would be right.
    pub limit: String,
}

impl fmt::Display for RowProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, problem, limit } = self;
        write!(f, "{field} {problem} (allowed: {limit})")
    }
}

impl fmt::Display for InvalidImport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 5;
        f.write_str("nothing was imported: ")?;
        if let Some(problem) = &self.chain_id {
            write!(f, "{problem}; ")?;
        }
        write!(f, "{} of {} rows break the rules", self.rows.len(), self.total)?;
        for (at, InvalidRow { row, problems }) in self.rows.iter().take(SHOWN).enumerate() {
            let separator = if at == 0 { ": " } else { "; " };
            match problems.as_slice() {
                [] => write!(f, "{separator}row {row}")?,
                [only] => write!(f, "{separator}row {row}: {only}")?,
                [first, more @ ..] => write!(f, "{separator}row {row}: {first} and {} more", more.len())?,
            }
        }
        match self.rows.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "; and {more} more rows"),
        }
    }
}

impl StdError for InvalidImport {}

/// What the rows so far have taken: a row takes its name and its custom id.
#[derive(Default)]
pub(crate) struct RowValidator {
    /// Whether a bad row takes nothing, because it is left out. If it is to be mended, what it has counts.
    bad_are_left_out: bool,
    names: HashMap<String, usize>,
    custom_ids: HashMap<CustomId, usize>,
    count: usize,
}

impl RowValidator {
    /// No rows yet.
    pub(crate) fn new(bad_are_left_out: bool) -> Self {
        Self { bad_are_left_out, ..Self::default() }
    }

    /// Checks the next row.
    pub(crate) fn check(&mut self, corp: &ImportCorp) -> Result<(), InvalidRow> {
        self.count += 1;
        let row = self.count;
        let mut violations = Violations::new();
        corp.check(&mut violations, format_args!(""));
        let (name, custom_id) = (name_of(corp), custom_id_of(corp));
        if let Some(first) = self.names.get(name) {
            let problem = format!("is that of row {first} too");
            violations.add("corp_name", problem, "a name of its own for each corp (670028)");
        }
        if let Some(first) = custom_id.and_then(|id| self.custom_ids.get(id)) {
            let problem = format!("is that of row {first} too");
            violations.add("custom_id", problem, "an id of its own for each corp (670009)");
        }
        check_people(&mut violations, &corp.contact_info_list);
        let outcome = violations.into_result().map_err(|invalid| InvalidRow { row, problems: problems(&invalid) });
        if outcome.is_ok() || !self.bad_are_left_out {
            self.names.entry(name.to_owned()).or_insert(row);
            if let Some(id) = custom_id {
                self.custom_ids.entry(id.clone()).or_insert(row);
            }
        }
        outcome
    }
}

/// A corp's name as it is compared: WeCom may take the blanks at its ends for nothing.
pub(crate) fn name_of(corp: &ImportCorp) -> &str {
    corp.corp_name.trim()
}

/// A corp's custom id; an empty one is none.
pub(crate) fn custom_id_of(corp: &ImportCorp) -> Option<&CustomId> {
    corp.custom_id.as_ref().filter(|id| !id.as_str().is_empty())
}

/// Within one corp, a number has one custom id and a custom id one number. A number may come twice: WeCom takes it.
fn check_people(violations: &mut Violations, people: &[ImportContact]) {
    let (mut ids, mut mobiles) = (HashMap::new(), HashMap::new());
    for (at, contact) in people.iter().enumerate() {
        let Some(id) = &contact.user_custom_id else { continue };
        let field = format!("contact_info_list[{at}].user_custom_id");
        let (first, earlier) = *ids.entry(contact.mobile.as_str()).or_insert((at, id));
        if earlier != id {
            let problem = format!("is another than that of contact_info_list[{first}], who has the same mobile");
            violations.add(field, problem, "one id for each mobile (670033)");
            continue;
        }
        let (first, mobile) = *mobiles.entry(id).or_insert((at, contact.mobile.as_str()));
        if mobile != contact.mobile {
            let problem = format!("is that of contact_info_list[{first}] too");
            violations.add(field, problem, "an id of its own for each person of a corp (670034)");
        }
    }
}

fn problems(invalid: &InvalidRequest) -> Vec<RowProblem> {
    let problem = |violation: &wecom_core::endpoint::Violation| RowProblem {
        field: violation.field.clone(),
        problem: violation.problem.clone().into_owned(),
        limit: violation.limit.clone().into_owned(),
    };
    invalid.violations().iter().map(problem).collect()
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::UserCustomId;

    use super::*;

    fn contact(mobile: &str, id: &str) -> ImportContact {
        ImportContact::member("张三", mobile).user_custom_id(UserCustomId::new(id))
    }

    fn fields(rows: &mut RowValidator, corp: &ImportCorp) -> Vec<String> {
        let invalid = rows.check(corp).map_or_else(|invalid| invalid.problems, |()| Vec::new());
        invalid.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn a_name_or_custom_id_of_an_earlier_row_is_refused() {
        let mut rows = RowValidator::new(true);
        let corp = |name: &str, id: &str| {
            ImportCorp::new(name, [ImportContact::member("张三", "13000000001")]).custom_id(CustomId::new(id))
        };
        assert_eq!(fields(&mut rows, &corp("甲", "A")), [""; 0]);
        assert_eq!(fields(&mut rows, &corp(" 甲 ", "B")), ["corp_name"]);
        assert_eq!(fields(&mut rows, &corp("乙", "A")), ["custom_id"]);
        assert_eq!(fields(&mut rows, &corp("丙", "B")), [""; 0], "a bad row took the id B");
        assert_eq!(fields(&mut rows, &corp("丁", "")), [""; 0]);
        assert_eq!(fields(&mut rows, &corp("戊", "")), [""; 0], "an empty id is none");
        assert_eq!(fields(&mut rows, &corp("甲", "A")), ["corp_name", "custom_id"]);
        let mut rows = RowValidator::default();
        assert_eq!(fields(&mut rows, &corp("甲", "!")), ["custom_id"]);
        assert_eq!(fields(&mut rows, &corp("甲", "A")), ["corp_name"], "the bad row is to be mended");
    }

    #[test]
    fn within_a_corp_a_mobile_has_one_custom_id_and_an_id_one_mobile() {
        for (people, expected) in [
            (vec![contact("13000000001", "1"), contact("13000000001", "1")], &[] as &[&str]),
            (vec![contact("13000000001", "1"), contact("13000000001", "2")], &["contact_info_list[1].user_custom_id"]),
            (vec![contact("13000000001", "1"), contact("13000000002", "1")], &["contact_info_list[1].user_custom_id"]),
        ] {
            assert_eq!(fields(&mut RowValidator::default(), &ImportCorp::new("甲", people)), expected);
        }
    }

    #[test]
    fn two_corps_may_know_a_person_by_different_ids() {
        let mut rows = RowValidator::default();
        for (name, id) in [("甲", "1"), ("乙", "2"), ("丙", "1")] {
            assert_eq!(fields(&mut rows, &ImportCorp::new(name, [contact("13000000001", id)])), [""; 0]);
        }
    }

    #[test]
    fn the_text_tells_the_first_rows_and_counts_the_others() {
        let mut rows = RowValidator::default();
        let bad = ImportCorp::new("!", [ImportContact::member("", "canary")]);
        let rows: Vec<_> = (0..7).filter_map(|_| rows.check(&bad).err()).collect();
        let text = InvalidImport { chain_id: None, rows, total: 9 }.to_string();
        assert!(
            text.starts_with("nothing was imported: 7 of 9 rows break the rules: row 1: corp_name has a"),
            "{text}"
        );
        assert!(text.ends_with("; and 2 more rows") && !text.contains("canary"), "{text}");
    }
}
