//! Reads a list page by page or item by item, and resumes it from a stored position.
//!
//! [`Pager`] works with every [`PagedCall`]. A list whose cursors repeat ends with [`PageError::RepeatedCursor`].

mod cycle_detector;
mod error;
mod position;
#[cfg(feature = "stream")]
mod stream;

use std::fmt;

use wecom_core::{Client, Shared, Threading};

pub use self::error::{PageError, RepeatedCursor};
pub use self::position::PagePosition;
pub use crate::paged_call::{Page, PagedCall};
use crate::upstream::Upstream;

/// How many items a page has, unless the call or the caller says otherwise: the most that
/// [`ListAppShareInfo`](crate::calls::ListAppShareInfo) may ask for.
pub(crate) const USUAL_PAGE_SIZE: u32 = 100;

/// Reads a list to its end without a thought for cursors: page by page or item by item, with one page in memory.
///
/// From [`Upstream::pages`](crate::Upstream::pages). It takes the calls that come in pages, however they say that there is
/// more: [`ListAppShareInfo`](crate::calls::ListAppShareInfo) and [`GetChainCorpinfoList`](crate::calls::GetChainCorpinfoList), and any
/// other [`PagedCall`].
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::GetChainCorpinfoList;
/// use wecom_upstream::{ChainId, GroupId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let call = GetChainCorpinfoList::new(ChainId::new("ChDealers")).groupid(GroupId::new(2)).need_pending(true);
/// let mut corps = upstream.pages(call).page_size(1);
/// let mut names = Vec::new();
/// while let Some(corp) = corps.next_item().await? {
///     names.push(corp.corp_name);
/// }
/// assert_eq!(names, ["冀北电器商行", "晋阳家居"]);
/// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
/// # })?;
/// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
/// ```
///
/// # Its end
///
/// The list ends where the service says so, and on an empty cursor even if the service says that there is more. A cursor
/// that the service gave before would lead in a circle: it is an error, [`PageError::RepeatedCursor`]. One that is among
/// the last 32 is found at once, before any item is given twice; a larger circle before three times as many pages have been
/// read as the list has. Either takes constant memory.
///
/// # Failing, stopping, going on
///
/// After an error, the next call asks for the same page again, and does so for as long as it is called. So it does when the future of [`next_page`](Self::next_page)
/// or [`next_item`](Self::next_item) is dropped half-way: nothing is lost or given twice.
///
/// To stop here and go on elsewhere, keep the [position](Self::position):
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::{ListAppShareInfo, SharedCorp};
/// use wecom_upstream::jobs::pager::PagePosition;
/// use wecom_upstream::{AgentId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// let call = ListAppShareInfo::new(AgentId::new(1_000_002));
/// # pollster::block_on(async {
/// let mut corps = upstream.pages(call.clone()).page_size(2);
/// corps.next_item().await?;
/// let stored = serde_json::to_string(corps.position()).unwrap();
/// drop(corps);
///
/// let position: PagePosition<SharedCorp> = serde_json::from_str(&stored).unwrap();
/// let mut corps = upstream.resume_pages(call, position);
/// let mut left = 0;
/// while corps.next_item().await?.is_some() {
///     left += 1;
/// }
/// assert_eq!(left, 2);
/// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
/// # })?;
/// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
/// ```
#[must_use = "a pager asks for nothing until it is asked for a page"]
pub struct Pager<C: PagedCall, M: Threading = Shared> {
    client: Client<M>,
    call: C,
    position: PagePosition<C::Item>,
}

impl<M: Threading> Upstream<M> {
    /// Reads a list that comes in pages to its end: see [`Pager`].
    ///
    /// It begins where the call's cursor says, and the pages are as large as its `limit`: 100 without one.
    pub fn pages<C: PagedCall>(&self, call: C) -> Pager<C, M> {
        Pager::new(self.client().clone(), call)
    }

    /// Goes on with a list where another [`Pager`] was, which must have been given the same call. The call's own cursor
    /// does not count.
    pub fn resume_pages<C: PagedCall>(&self, call: C, position: PagePosition<C::Item>) -> Pager<C, M> {
        Pager::resume(self.client().clone(), call, position)
    }
}

impl<C: PagedCall, M: Threading> Pager<C, M> {
    pub(crate) fn new(client: Client<M>, call: C) -> Self {
        let position = PagePosition::at(call.cursor().cloned());
        Self::resume(client, call, position)
    }

    pub(crate) fn resume(client: Client<M>, mut call: C, position: PagePosition<C::Item>) -> Self {
        if call.page_size().is_none() {
            call.set_page_size(USUAL_PAGE_SIZE);
        }
        Self { client, call, position }
    }

    /// Sets how many items the pages from here on may have: 100, unless the call has a `limit`. 0 asks for everything in
    /// one page.
    pub fn page_size(mut self, size: u32) -> Self {
        self.call.set_page_size(size);
        self
    }

    /// The next page, or what [`next_item`](Self::next_item) has left of it; `None` when the list is over. A page may be
    /// empty and others follow all the same.
    ///
    /// # Errors
    ///
    /// When the call fails, and when the service gives a cursor that it gave before. The next call asks for the same page
    /// again.
    pub async fn next_page(&mut self) -> Result<Option<Page<C::Item>>, PageError> {
        if self.position.has_items() || self.fetch().await? { Ok(Some(self.position.take_page())) } else { Ok(None) }
    }

    /// The next item; `None` when the list is over.
    ///
    /// # Errors
    ///
    /// As [`Pager::next_page`].
    pub async fn next_item(&mut self) -> Result<Option<C::Item>, PageError> {
        loop {
            if let Some(item) = self.position.take_item() {
                return Ok(Some(item));
            }
            if !self.fetch().await? {
                return Ok(None);
            }
        }
    }

    /// Where the pager is: what it has fetched and not given yet, at most one page, and where the next page begins.
    pub fn position(&self) -> &PagePosition<C::Item> {
        &self.position
    }

    /// Fetches the next page if there is one. Dropped half-way, it has changed nothing.
    async fn fetch(&mut self) -> Result<bool, PageError> {
        if self.position.is_last() {
            return Ok(false);
        }
        self.call.set_cursor(self.position.next_cursor().cloned());
        let reply = self.client.call(&self.call).await?;
        self.position.accept(C::ENDPOINT, C::into_page(reply))?;
        Ok(true)
    }
}

impl<C: PagedCall + fmt::Debug, M: Threading> fmt::Debug for Pager<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("call", &self.call).finish_non_exhaustive()
    }
}
