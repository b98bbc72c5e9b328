//! Where a pager is in its list.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::Endpoint;
use wecom_core::ids::Cursor;

use super::cycle_detector::CycleDetector;
use super::error::RepeatedCursor;
use crate::paged_call::Page;

/// Where a [`Pager`](super::Pager) is in its list: to store, and to go on from later with
/// [`Upstream::resume_pages`](crate::Upstream::resume_pages).
///
/// It holds the items that have been fetched and not given, at most one page of them, so that nothing is lost or given
/// twice even if the list changes meanwhile. Taken after a whole page, it holds none, and is small.
///
/// A position belongs to one list: with another call, WeCom refuses the cursor. How long a cursor lives is not documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a position is to be stored"]
pub struct PagePosition<T> {
    next: Next,
    items: VecDeque<T>,
    pages: u64,
    cycles: CycleDetector,
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    Start,
    At(Cursor),
    /// There is none.
    End,
}

impl<T> PagePosition<T> {
    /// Before the page at this cursor; before the first without one.
    pub(crate) fn at(cursor: Option<Cursor>) -> Self {
        let mut cycles = CycleDetector::default();
        let next = match cursor {
            Some(cursor) if !cursor.as_str().is_empty() => {
                cycles.admit(&cursor);
                Next::At(cursor)
            }
            _ => Next::Start,
        };
        Self { next, items: VecDeque::new(), pages: 0, cycles }
    }

    /// The cursor that the next page will be asked for with; `None` before the first page and after the last.
    #[must_use]
    pub fn next_cursor(&self) -> Option<&Cursor> {
        match &self.next {
            Next::At(cursor) => Some(cursor),
            Next::Start | Next::End => None,
        }
    }

    /// Whether the list is over: nothing is left to give, and no page to ask for.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.is_last() && self.items.is_empty()
    }

    /// Whether there is no further page.
    pub(crate) fn is_last(&self) -> bool {
        self.next == Next::End
    }

    pub(crate) fn has_items(&self) -> bool {
        !self.items.is_empty()
    }

    pub(crate) fn items_left(&self) -> usize {
        self.items.len()
    }

    pub(crate) fn take_item(&mut self) -> Option<T> {
        self.items.pop_front()
    }

    pub(crate) fn take_page(&mut self) -> Page<T> {
        // Nothing is kept of a large page's memory.
        let items = std::mem::take(&mut self.items).into();
        Page { items, next_cursor: self.next_cursor().cloned() }
    }

    /// Takes the page that was asked for, all of it or, if its cursor was there before, nothing.
    pub(crate) fn accept(&mut self, endpoint: &'static Endpoint, page: Page<T>) -> Result<(), RepeatedCursor> {
        let next = match page.next_cursor {
            Some(cursor) if !cursor.as_str().is_empty() => {
                if !self.cycles.admit(&cursor) {
                    return Err(RepeatedCursor { endpoint, pages: self.pages });
                }
                Next::At(cursor)
            }
            _ => Next::End,
        };
        self.next = next;
        self.items = page.items.into();
        self.pages += 1;
        Ok(())
    }
}
