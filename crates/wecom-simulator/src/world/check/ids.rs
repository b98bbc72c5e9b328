//! Checks of single ids and of lists of ids.

use std::collections::HashSet;
use std::hash::Hash;

use super::WorldError;

/// Checks that no two ids of a list are equal. `field` is the field of the list's items.
pub(super) fn check_unique<T: Hash + Eq>(
    list: &str,
    field: &str,
    ids: impl Iterator<Item = T>,
) -> Result<(), WorldError> {
    check_unique_where_present(list, field, ids.map(Some))
}

/// Like [`check_unique`], for ids that can be missing.
pub(super) fn check_unique_where_present<T: Hash + Eq>(
    list: &str,
    field: &str,
    ids: impl Iterator<Item = Option<T>>,
) -> Result<(), WorldError> {
    let mut seen = HashSet::new();
    for (index, id) in ids.enumerate() {
        if id.is_some_and(|id| !seen.insert(id)) {
            return Err(WorldError::new(format!("{list}[{index}].{field}"), "is not unique"));
        }
    }
    Ok(())
}

pub(super) fn check_not_empty(path: &str, id: &str) -> Result<(), WorldError> {
    if id.is_empty() { Err(WorldError::new(path, "is empty")) } else { Ok(()) }
}

pub(super) fn check_positive(path: &str, id: i64) -> Result<(), WorldError> {
    if id > 0 { Ok(()) } else { Err(WorldError::new(path, format!("is {id}, but an id is positive"))) }
}
