//! The trait of calls that a pager can read page by page.

use wecom_core::ApiCall;
use wecom_core::ids::Cursor;

/// A call whose reply is one page of a list, for a [`Pager`](crate::jobs::pager::Pager).
///
/// Implement it for a call of your own:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wecom_upstream::ids::Cursor;
/// use wecom_upstream::jobs::pager::{Page, PagedCall};
/// use wecom_upstream::wecom_core::{ApiCall, Endpoint, Safety};
///
/// #[derive(Serialize)]
/// struct ListTags {
///     cursor: Option<Cursor>,
///     limit: Option<u32>,
/// }
///
/// #[derive(Deserialize)]
/// struct ListTagsReply {
///     tags: Vec<String>,
///     next_cursor: Option<Cursor>,
/// }
///
/// const LIST_TAGS: Endpoint =
///     Endpoint::post("list_tags", "tag/list").with_safety(Safety::Safe);
///
/// impl ApiCall for ListTags {
///     const ENDPOINT: &'static Endpoint = &LIST_TAGS;
///     type Reply = ListTagsReply;
/// }
///
/// impl PagedCall for ListTags {
///     type Item = String;
///
///     fn cursor(&self) -> Option<&Cursor> {
///         self.cursor.as_ref()
///     }
///
///     fn set_cursor(&mut self, cursor: Option<Cursor>) {
///         self.cursor = cursor;
///     }
///
///     fn page_size(&self) -> Option<u32> {
///         self.limit
///     }
///
///     fn set_page_size(&mut self, size: u32) {
///         self.limit = Some(size);
///     }
///
///     fn into_page(reply: ListTagsReply) -> Page<String> {
///         Page::new(reply.tags, reply.next_cursor)
///     }
/// }
/// ```
pub trait PagedCall: ApiCall {
    /// The type of the list's items.
    type Item;

    /// Returns the start of the requested page; `None` or an empty cursor for the first page.
    fn cursor(&self) -> Option<&Cursor>;

    /// Sets the start of the requested page; `None` for the first page.
    fn set_cursor(&mut self, cursor: Option<Cursor>);

    /// Returns the maximum number of items on a page, if the call has one.
    fn page_size(&self) -> Option<u32>;

    /// Sets the maximum number of items on a page.
    fn set_page_size(&mut self, size: u32);

    /// Converts a reply into a page. The [`next_cursor`](Page::next_cursor) of the last page must be `None`.
    fn into_page(reply: Self::Reply) -> Page<Self::Item>;
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items, in the order of the reply.
    pub items: Vec<T>,
    /// The start of the next page; `None` on the last page.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// Creates a page with the start of the next page: `None` or an empty cursor on the last page.
    pub fn new(items: impl IntoIterator<Item = T>, next_cursor: Option<Cursor>) -> Self {
        let next_cursor = next_cursor.filter(|cursor| !cursor.as_str().is_empty());
        Self { items: items.into_iter().collect(), next_cursor }
    }
}
