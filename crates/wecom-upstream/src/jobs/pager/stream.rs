//! A stream of a pager's items.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use wecom_core::Threading;

use super::{PageError, PagedCall, Pager};

impl<C: PagedCall, M: Threading> Pager<C, M> {
    /// Returns the items as a [`Stream`]. Requires the feature `stream`.
    ///
    /// The stream ends after its first error, so that a consumer that skips errors does not request the same page
    /// forever. To continue after an error, use [`Pager::next_item`].
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// use wecom_simulator::Simulator;
    /// use wecom_upstream::calls::{ListAppShareInfo, SharedCorp};
    /// use wecom_upstream::{AgentId, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::demo().client());
    /// # pollster::block_on(async {
    /// let corps =
    ///     upstream.pages(ListAppShareInfo::new(AgentId::new(1_000_002))).into_stream();
    /// let corps: Vec<SharedCorp> = corps.try_collect().await?;
    /// assert_eq!(corps.len(), 3);
    /// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
    /// # })?;
    /// # Ok::<(), wecom_upstream::jobs::pager::PageError>(())
    /// ```
    pub fn into_stream(self) -> impl Stream<Item = Result<C::Item, PageError>> + Unpin
    where
        C: Unpin,
        C::Item: Unpin,
    {
        Items { fetch, state: State::Ready(self) }
    }
}

async fn fetch<C: PagedCall, M: Threading>(mut pager: Pager<C, M>) -> (Pager<C, M>, Result<bool, PageError>) {
    let outcome = pager.fetch().await;
    (pager, outcome)
}

/// The pager, or the future that has taken it to fetch a page. Each page takes one box.
struct Items<P, F, N> {
    fetch: N,
    state: State<P, F>,
}

enum State<P, F> {
    Ready(P),
    Fetching(Pin<Box<F>>),
    Over,
}

impl<C, M, F, N> Stream for Items<Pager<C, M>, F, N>
where
    C: PagedCall + Unpin,
    C::Item: Unpin,
    M: Threading,
    F: Future<Output = (Pager<C, M>, Result<bool, PageError>)>,
    N: Fn(Pager<C, M>) -> F + Unpin,
{
    type Item = Result<C::Item, PageError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match &mut this.state {
                State::Over => return Poll::Ready(None),
                State::Ready(pager) => {
                    if let Some(item) = pager.position.take_item() {
                        return Poll::Ready(Some(Ok(item)));
                    }
                    if let State::Ready(pager) = std::mem::replace(&mut this.state, State::Over) {
                        this.state = State::Fetching(Box::pin((this.fetch)(pager)));
                    }
                }
                State::Fetching(future) => {
                    let (pager, outcome) = ready!(future.as_mut().poll(context));
                    this.state = State::Over;
                    match outcome {
                        Ok(true) if pager.position.has_items() => this.state = State::Ready(pager),
                        Ok(true) => {
                            // Over a transport that is always ready, a list of empty pages would block the thread.
                            this.state = State::Ready(pager);
                            context.waker().wake_by_ref();
                            return Poll::Pending;
                        }
                        Ok(false) => {}
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    }
                }
            }
        }
    }
}
