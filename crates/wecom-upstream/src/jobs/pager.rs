//! Reads a list page by page or item by item, and resumes it from a stored position.
//!
//! [`Pager`] works with every [`PagedCall`]. A list whose cursors repeat ends with [`PageError::RepeatedCursor`].

mod cycle_detector;
mod error;
mod position;
#[cfg(feature = "stream")]
mod stream;

use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use wecom_core::{Client, Shared, Threading};

pub use self::error::{EmptyPages, PageError, RepeatedCursor};
pub use self::position::PagePosition;
pub use crate::paged_call::{Page, PagedCall};
use crate::upstream::Upstream;

/// The default page size: the maximum of [`ListAppShareInfo`](crate::calls::ListAppShareInfo).
pub(crate) const DEFAULT_PAGE_SIZE: u32 = 100;

/// Reads a list to its end, page by page or item by item, with one page in memory.
///
/// Created by [`Upstream::pages`](crate::Upstream::pages) for any [`PagedCall`], such as
/// [`ListAppShareInfo`](crate::calls::ListAppShareInfo) and
/// [`GetChainCorpinfoList`](crate::calls::GetChainCorpinfoList).
///
/// ```
/// use wecom_simulator::Simulator;
/// use wecom_upstream::calls::GetChainCorpinfoList;
/// use wecom_upstream::{ChainId, GroupId, Upstream};
///
/// let upstream = Upstream::new(Simulator::demo().client());
/// # pollster::block_on(async {
/// let call = GetChainCorpinfoList::new(ChainId::new("ChDealers"))
///     .groupid(GroupId::new(2))
///     .need_pending(true);
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
/// # End of the list
///
/// The list ends when a reply marks the last page, or at an empty cursor. A cursor that the service has returned before
/// would start a cycle, so it is an error: [`PageError::RepeatedCursor`]. A cursor among the last 32 is detected
/// immediately, before any item is yielded twice. A longer cycle is detected before the pager has read three times the
/// number of distinct pages. The detection takes constant memory. A list may have empty pages, but 1,000 of them in a
/// row are an error too: [`PageError::EmptyPages`].
///
/// # Errors and cancellation
///
/// After an error, the next call requests the same page again. The same applies after dropping the future of
/// [`next_page`](Self::next_page) or [`next_item`](Self::next_item): no item is lost or yielded twice.
///
/// # Resuming
///
/// The [position](Self::position) can be stored, and another pager can resume from it:
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
#[must_use = "a pager does nothing until `next_page` or `next_item` is awaited"]
pub struct Pager<C: PagedCall, M: Threading = Shared> {
    client: Client<M>,
    call: C,
    position: PagePosition<C::Item>,
}

impl<M: Threading> Upstream<M> {
    /// Reads a list page by page or item by item; see [`Pager`].
    ///
    /// The list starts at the call's cursor. The call's `limit` is the page size, 100 by default.
    pub fn pages<C: PagedCall>(&self, call: C) -> Pager<C, M> {
        Pager::new(self.client().clone(), call)
    }

    /// Resumes a list from the position of another [`Pager`] for the same call. The call's own cursor is ignored.
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
            call.set_page_size(DEFAULT_PAGE_SIZE);
        }
        Self { client, call, position }
    }

    /// Sets the maximum number of items on the following pages: by default the call's `limit`, or 100. 0 requests the
    /// whole list in one page.
    pub fn page_size(mut self, size: u32) -> Self {
        self.call.set_page_size(size);
        self
    }

    /// Returns the next page, or the rest of the page that [`next_item`](Self::next_item) has started; `None` at the
    /// end of the list. A page may be empty even if more pages follow.
    ///
    /// # Errors
    ///
    /// Returns an error if the call fails, or if the service returns a cursor that it has returned before. The next
    /// call requests the same page again.
    pub async fn next_page(&mut self) -> Result<Option<Page<C::Item>>, PageError> {
        if self.position.has_items() || self.fetch().await? { Ok(Some(self.position.take_page())) } else { Ok(None) }
    }

    /// Returns the next item; `None` at the end of the list.
    ///
    /// # Errors
    ///
    /// Fails as [`Pager::next_page`] does.
    pub async fn next_item(&mut self) -> Result<Option<C::Item>, PageError> {
        loop {
            if let Some(item) = self.position.take_item() {
                return Ok(Some(item));
            }
            if !self.fetch().await? {
                return Ok(None);
            }
            if !self.position.has_items() {
                // Over a transport that is always ready, a list of empty pages would block the thread.
                yield_now().await;
            }
        }
    }

    /// Returns the position of the pager: the items fetched and not yet yielded, at most one page, and the start of the
    /// next page.
    pub fn position(&self) -> &PagePosition<C::Item> {
        &self.position
    }

    /// Fetches the next page and returns whether there was one. Dropping the future changes nothing.
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

/// Returns `Pending` once, so that the executor can run other tasks.
async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

impl<C: PagedCall + fmt::Debug, M: Threading> fmt::Debug for Pager<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pager").field("call", &self.call).finish_non_exhaustive()
    }
}
