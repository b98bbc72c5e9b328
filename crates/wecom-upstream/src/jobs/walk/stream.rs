//! A stream of a walk's events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use wecom_core::{Error, Shared, Threading};

use super::{Walk, WalkEvent};

impl<M: Threading> Walk<M> {
    /// Returns the events as a [`Stream`]. Requires the feature `stream`.
    ///
    /// ```
    /// use futures_util::TryStreamExt;
    /// use wecom_simulator::Simulator;
    /// use wecom_upstream::jobs::walk::WalkEvent;
    /// use wecom_upstream::{ChainId, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::demo().client());
    /// # pollster::block_on(async {
    /// let events = upstream.walk(ChainId::new("ChDealers")).into_stream();
    /// let names = events.try_filter_map(async |event| match event {
    ///     WalkEvent::Corp(corp) => Ok(Some(corp.corp_name)),
    ///     _ => Ok(None),
    /// });
    /// let names: Vec<_> = names.try_collect().await?;
    /// assert_eq!(names.len(), 6);
    /// # Ok::<(), wecom_upstream::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_upstream::Error>(())
    /// ```
    pub fn into_stream(self) -> WalkStream<M> {
        WalkStream { walk: self, is_over: false, is_first: true }
    }
}

/// A [`Stream`] of the events of a [`Walk`]. Created by [`Walk::into_stream`].
///
/// The stream ends after an error, so that a consumer that skips errors does not list the groups forever.
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct WalkStream<M: Threading = Shared> {
    walk: Walk<M>,
    is_over: bool,
    /// Whether the next poll is the first one after an event.
    is_first: bool,
}

impl<M: Threading> WalkStream<M> {
    /// Returns the walk, for its [state](Walk::state).
    pub fn walk(&self) -> &Walk<M> {
        &self.walk
    }

    /// Converts the stream back into its walk.
    pub fn into_walk(self) -> Walk<M> {
        self.walk
    }
}

impl<M: Threading> Stream for WalkStream<M> {
    type Item = Result<WalkEvent, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        if std::mem::replace(&mut this.is_first, false) {
            this.walk.attention.begin_await();
        }
        let event = ready!(this.walk.poll_event(context));
        this.is_first = true;
        this.is_over = !matches!(event, Some(Ok(_)));
        Poll::Ready(event)
    }
}
