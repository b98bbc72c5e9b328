//! What a call must say of itself to be read page by page.

use wecom_core::ApiCall;
use wecom_core::ids::Cursor;

/// A call whose list comes in pages: what a [`Pager`](crate::jobs::pager::Pager) has to know of it.
///
/// For a call of one's own, say where it keeps cursor and page size, and what its reply holds:
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use wecom_upstream::wecom_core::{ApiCall, Endpoint, Safety};
/// use wecom_upstream::ids::Cursor;
/// use wecom_upstream::jobs::pager::{Page, PagedCall};
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
/// const LIST_TAGS: Endpoint = Endpoint::post("list_tags", "tag/list").with_safety(Safety::Safe);
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
    /// What the list is of.
    type Item;

    /// Where the page begins that this call asks for; `None`, or an empty one, for the first.
    fn cursor(&self) -> Option<&Cursor>;

    /// Sets where the page begins; `None` for the first.
    fn set_cursor(&mut self, cursor: Option<Cursor>);

    /// How many items a page may have, if the call says so.
    fn page_size(&self) -> Option<u32>;

    /// Sets how many items a page may have.
    fn set_page_size(&mut self, size: u32);

    /// The page in a reply. Its [`next_cursor`](Page::next_cursor) must be `None` where the reply says that it is the last.
    fn into_page(reply: Self::Reply) -> Page<Self::Item>;
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page<T> {
    /// Its items, in the service's order.
    pub items: Vec<T>,
    /// Where the next page begins; `None` on the last.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page, and where the next one begins: `None`, or an empty cursor, on the last.
    pub fn new(items: impl IntoIterator<Item = T>, next_cursor: Option<Cursor>) -> Self {
        let next_cursor = next_cursor.filter(|cursor| !cursor.as_str().is_empty());
        Self { items: items.into_iter().collect(), next_cursor }
    }
}
