//! The position of a pager in its list.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use wecom_core::Endpoint;
use wecom_core::ids::Cursor;

use super::cycle_detector::CycleDetector;
use super::error::{EmptyPages, PageError, RepeatedCursor};
use crate::paged_call::Page;

/// The maximum number of empty pages in a row. A list of 100,000 corps has this number if all of them are filtered out.
const MAX_EMPTY_PAGES: u32 = 1_000;

/// The position of a [`Pager`](super::Pager) in its list. Store it, and resume the list with
/// [`Upstream::resume_pages`](crate::Upstream::resume_pages).
///
/// It holds the items that were fetched and not yet yielded, at most one page, so that no item is lost or yielded twice
/// even if the list changes. After a whole page it holds no items.
///
/// A position belongs to one call: WeCom rejects its cursor in another call. The lifetime of a cursor is not
/// documented.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a position has no effect unless it is stored or resumed"]
pub struct PagePosition<T> {
    next: Next,
    items: VecDeque<T>,
    pages: u64,
    /// The number of empty pages since the last page with items.
    #[serde(default)]
    empty_pages: u32,
    cycles: CycleDetector,
}

/// The start of the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Next {
    Start,
    At(Cursor),
    /// No page follows.
    End,
}

impl<T> PagePosition<T> {
    /// Returns the position before the page at a cursor, or before the first page.
    pub(crate) fn at(cursor: Option<Cursor>) -> Self {
        let mut cycles = CycleDetector::default();
        let next = match cursor {
            Some(cursor) if !cursor.as_str().is_empty() => {
                cycles.admit(&cursor);
                Next::At(cursor)
            }
            _ => Next::Start,
        };
        Self { next, items: VecDeque::new(), pages: 0, empty_pages: 0, cycles }
    }

    /// Returns the cursor of the next page; `None` before the first page and after the last.
    #[must_use]
    pub fn next_cursor(&self) -> Option<&Cursor> {
        match &self.next {
            Next::At(cursor) => Some(cursor),
            Next::Start | Next::End => None,
        }
    }

    /// Returns whether the list has ended: no item is left, and no page follows.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.is_last() && self.items.is_empty()
    }

    /// Returns whether no page follows.
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
        // Takes the buffer too, so that the memory of a large page is not kept.
        let items = std::mem::take(&mut self.items).into();
        Page { items, next_cursor: self.next_cursor().cloned() }
    }

    /// Stores a fetched page. Stores nothing if its cursor repeats an earlier one, or if it exceeds [`MAX_EMPTY_PAGES`].
    pub(crate) fn accept(&mut self, endpoint: &'static Endpoint, page: Page<T>) -> Result<(), PageError> {
        let empty_pages = if page.items.is_empty() { self.empty_pages + 1 } else { 0 };
        let next = match page.next_cursor {
            Some(cursor) if !cursor.as_str().is_empty() => {
                if empty_pages >= MAX_EMPTY_PAGES {
                    return Err(EmptyPages { endpoint, pages: empty_pages }.into());
                }
                if !self.cycles.admit(&cursor) {
                    return Err(RepeatedCursor { endpoint, pages: self.pages }.into());
                }
                Next::At(cursor)
            }
            _ => Next::End,
        };
        self.next = next;
        self.items = page.items.into();
        self.pages += 1;
        self.empty_pages = empty_pages;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_cursor_is_the_start_of_the_list() {
        let start = PagePosition::<()>::at(Some(Cursor::new("")));
        assert_eq!(start, PagePosition::at(None));
        assert_eq!(start.next_cursor(), None);
        assert_eq!(PagePosition::<()>::at(Some(Cursor::new("c"))).next_cursor(), Some(&Cursor::new("c")));
    }
}
