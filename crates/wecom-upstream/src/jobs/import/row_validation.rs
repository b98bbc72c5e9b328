//! Validates the rows before anything is sent: each by the documented rules, and against the rows before it.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, Violations};
use wecom_core::ids::CustomId;

use crate::calls::ImportCorp;

/// An error for an import with rows that break the documented rules. It has every invalid row. Nothing was sent.
///
/// Its JSON has the fields of this type, and no value of a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvalidImport {
    /// The problem with the chain's id, if it has one.
    pub chain_id: Option<RowProblem>,
    /// The invalid rows, in order.
    pub rows: Vec<InvalidRow>,
    /// The total number of rows, including the valid ones.
    pub total: usize,
}

/// A row that breaks the documented rules.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct InvalidRow {
    /// The row number, starting at 1.
    pub row: usize,
    /// The problems of the row: at least one, at most [`InvalidRequest::MOST`].
    pub problems: Vec<RowProblem>,
}

/// A documented rule that a row breaks. It never contains a value of the row, which may be personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RowProblem {
    /// The field: `corp_name`, `contact_info_list[2].mobile`.
    pub field: String,
    /// The problem with the field: `has 33 characters`, `duplicates row 7`.
    pub problem: String,
    /// The allowed values.
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
        f.write_str("invalid import, nothing was sent: ")?;
        if let Some(problem) = &self.chain_id {
            write!(f, "{problem}; ")?;
        }
        write!(f, "{} of {} rows are invalid", self.rows.len(), self.total)?;
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

/// The names and custom ids of the rows so far.
#[derive(Default)]
pub(crate) struct RowValidator {
    /// Whether invalid rows are left out. If so, their names and ids are free for later rows.
    leaves_out_invalid: bool,
    names: HashMap<String, usize>,
    custom_ids: HashMap<CustomId, usize>,
    count: usize,
}

impl RowValidator {
    pub(crate) fn new(leaves_out_invalid: bool) -> Self {
        Self { leaves_out_invalid, ..Self::default() }
    }

    /// Validates the next row.
    pub(crate) fn check(&mut self, corp: &ImportCorp) -> Result<(), InvalidRow> {
        self.count += 1;
        let row = self.count;
        let mut violations = Violations::new();
        corp.check(&mut violations, format_args!(""));
        let (name, custom_id) = (name_of(corp), custom_id_of(corp));
        if let Some(first) = self.names.get(name) {
            let problem = format!("duplicates row {first}");
            violations.add("corp_name", problem, "a unique name for each corp (670028)");
        }
        if let Some(first) = custom_id.and_then(|id| self.custom_ids.get(id)) {
            let problem = format!("duplicates row {first}");
            violations.add("custom_id", problem, "a unique id for each corp (670009)");
        }
        let outcome = violations.into_result().map_err(|invalid| InvalidRow { row, problems: problems(&invalid) });
        if outcome.is_ok() || !self.leaves_out_invalid {
            self.names.entry(name.to_owned()).or_insert(row);
            if let Some(id) = custom_id {
                self.custom_ids.entry(id.clone()).or_insert(row);
            }
        }
        outcome
    }
}

/// Returns the name to compare a corp by. WeCom may ignore white space at the ends.
pub(crate) fn name_of(corp: &ImportCorp) -> &str {
    corp.corp_name.trim()
}

/// Returns the corp's custom id, unless it is empty.
pub(crate) fn custom_id_of(corp: &ImportCorp) -> Option<&CustomId> {
    corp.custom_id.as_ref().filter(|id| !id.as_str().is_empty())
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
    use crate::calls::ImportContact;

    fn contact(mobile: &str, id: &str) -> ImportContact {
        ImportContact::member("张三", mobile).user_custom_id(UserCustomId::new(id))
    }

    fn fields(rows: &mut RowValidator, corp: &ImportCorp) -> Vec<String> {
        let invalid = rows.check(corp).map_or_else(|invalid| invalid.problems, |()| Vec::new());
        invalid.into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn a_duplicate_name_or_custom_id_is_invalid() {
        let mut rows = RowValidator::new(true);
        let corp = |name: &str, id: &str| {
            ImportCorp::new(name, [ImportContact::member("张三", "13000000001")]).custom_id(CustomId::new(id))
        };
        assert_eq!(fields(&mut rows, &corp("甲", "A")), [""; 0]);
        assert_eq!(fields(&mut rows, &corp(" 甲 ", "B")), ["corp_name"]);
        assert_eq!(fields(&mut rows, &corp("乙", "A")), ["custom_id"]);
        assert_eq!(fields(&mut rows, &corp("丙", "B")), [""; 0], "the invalid row does not take the id B");
        assert_eq!(fields(&mut rows, &corp("丁", "")), [""; 0]);
        assert_eq!(fields(&mut rows, &corp("戊", "")), [""; 0], "empty ids are not duplicates");
        assert_eq!(fields(&mut rows, &corp("甲", "A")), ["corp_name", "custom_id"]);
        let mut rows = RowValidator::default();
        assert_eq!(fields(&mut rows, &corp("甲", "!")), ["custom_id"]);
        assert_eq!(fields(&mut rows, &corp("甲", "A")), ["corp_name"], "the invalid row keeps its name");
    }

    #[test]
    fn within_a_corp_mobiles_and_custom_ids_map_one_to_one() {
        for (contacts, expected) in [
            (vec![contact("13000000001", "1"), contact("13000000001", "1")], &[] as &[&str]),
            (vec![contact("13000000001", "1"), contact("13000000001", "2")], &["contact_info_list[1].user_custom_id"]),
            (vec![contact("13000000001", "1"), contact("13000000002", "1")], &["contact_info_list[1].user_custom_id"]),
        ] {
            assert_eq!(fields(&mut RowValidator::default(), &ImportCorp::new("甲", contacts)), expected);
        }
    }

    #[test]
    fn a_contact_may_have_different_custom_ids_in_two_corps() {
        let mut rows = RowValidator::default();
        for (name, id) in [("甲", "1"), ("乙", "2"), ("丙", "1")] {
            assert_eq!(fields(&mut rows, &ImportCorp::new(name, [contact("13000000001", id)])), [""; 0]);
        }
    }

    #[test]
    fn the_error_text_lists_the_first_rows_and_counts_the_others() {
        let mut rows = RowValidator::default();
        let bad = ImportCorp::new("!", [ImportContact::member("", "canary")]);
        let rows: Vec<_> = (0..7).filter_map(|_| rows.check(&bad).err()).collect();
        let text = InvalidImport { chain_id: None, rows, total: 9 }.to_string();
        let expected = "invalid import, nothing was sent: 7 of 9 rows are invalid: row 1: corp_name has a";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.ends_with("; and 2 more rows") && !text.contains("canary"), "{text}");
    }
}
