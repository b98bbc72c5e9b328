//! The corps and groups that events have named and that a directory has not read again yet.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use wecom_core::ids::CorpId;

use super::event::DirectoryEvent;
use crate::values::CorpRef;

/// The maximum number of corps to remember. Beyond it, the whole chain is read again.
const MAX_CORPS: usize = 4096;
/// The maximum length of a corp's id in bytes. An event with a longer one, an empty one or none names no corp that could
/// be read.
const MAX_ID: usize = 64;

/// The notes of events. Equal events count once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Noted {
    /// Whether to read the whole chain.
    pub(crate) walk: bool,
    /// Whether to read the list of groups.
    pub(crate) groups: bool,
    /// The corps to read.
    pub(crate) corps: BTreeSet<CorpRef>,
}

impl Noted {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    pub(crate) fn add(&mut self, event: DirectoryEvent) {
        match event {
            DirectoryEvent::Corps { corps, .. } => {
                let is_readable = |corp: &CorpId| (1..=MAX_ID).contains(&corp.as_str().len());
                if !corps.is_empty() && corps.iter().all(is_readable) {
                    self.add_corps(corps.into_iter().map(CorpRef::from));
                } else {
                    self.add_chain();
                }
            }
            DirectoryEvent::Groups { .. } => self.groups |= !self.walk,
            DirectoryEvent::Chain { .. } | DirectoryEvent::ImportEnded => self.add_chain(),
        }
    }

    pub(crate) fn merge(&mut self, other: Self) {
        if other.walk {
            self.add_chain();
        }
        self.groups |= other.groups && !self.walk;
        self.add_corps(other.corps);
    }

    /// Notes the whole chain, which includes everything else.
    pub(crate) fn add_chain(&mut self) {
        *self = Self { walk: true, ..Self::default() };
    }

    fn add_corps(&mut self, corps: impl IntoIterator<Item = CorpRef>) {
        for corp in corps {
            if self.walk {
                return;
            }
            self.corps.insert(corp);
            if self.corps.len() > MAX_CORPS {
                self.add_chain();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::ids::ChainId;

    use super::*;

    fn corps(numbers: std::ops::Range<usize>) -> DirectoryEvent {
        let corps = numbers.map(|number| CorpId::new(format!("ww{number}"))).collect();
        DirectoryEvent::Corps { chain_id: ChainId::new("Ch1"), corps }
    }

    fn whole_chain() -> Noted {
        Noted { walk: true, ..Noted::default() }
    }

    #[test]
    fn equal_events_count_once() {
        let mut noted = Noted::default();
        for _ in 0..3 {
            noted.add(corps(0..2));
            noted.add(DirectoryEvent::Groups { chain_id: ChainId::new("Ch1") });
        }
        assert_eq!((noted.corps.len(), noted.groups, noted.walk), (2, true, false));
    }

    #[test]
    fn the_whole_chain_includes_everything_else() {
        let mut noted = Noted::default();
        noted.add(corps(0..2));
        noted.add(DirectoryEvent::ImportEnded);
        noted.add(corps(0..2));
        noted.add(DirectoryEvent::Groups { chain_id: ChainId::new("Ch1") });
        assert_eq!(noted, whole_chain());
    }

    #[test]
    fn more_corps_than_the_limit_are_the_whole_chain() {
        let mut noted = Noted::default();
        noted.add(corps(0..MAX_CORPS));
        assert_eq!(noted.corps.len(), MAX_CORPS);
        noted.add(corps(MAX_CORPS..MAX_CORPS + 1));
        assert_eq!(noted, whole_chain());

        let mut noted = Noted::default();
        noted.add(corps(0..3 * MAX_CORPS));
        assert_eq!(noted, whole_chain());
    }

    #[test]
    fn no_id_and_an_id_that_no_call_takes_are_the_whole_chain() {
        for corps in [vec![], vec![CorpId::new("")], vec![CorpId::new("w".repeat(65))]] {
            let mut noted = Noted::default();
            noted.add(DirectoryEvent::Corps { chain_id: ChainId::new("Ch1"), corps });
            assert_eq!(noted, whole_chain());
        }
    }
}
