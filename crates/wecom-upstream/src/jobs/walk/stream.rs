//! A walk as a stream of its events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use wecom_core::{Error, Shared, Threading};

use super::{Walk, WalkEvent};

impl<M: Threading> Walk<M> {
    /// The events as a [`Stream`], of the feature `stream`.
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
        WalkStream { walk: self, is_over: false }
    }
}

/// The events of a [`Walk`] as a [`Stream`]; from [`Walk::into_stream`].
///
/// The stream is over after an error, because one who skips errors would have it ask for the groups forever.
#[derive(Debug)]
#[must_use = "a walk does nothing until it is asked for an event"]
pub struct WalkStream<M: Threading = Shared> {
    walk: Walk<M>,
    is_over: bool,
}

impl<M: Threading> WalkStream<M> {
    /// The walk, for its [state](Walk::state).
    pub fn walk(&self) -> &Walk<M> {
        &self.walk
    }

    /// The walk, to go on with.
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
        let event = ready!(this.walk.poll_event(context));
        this.is_over = !matches!(event, Some(Ok(_)));
        Poll::Ready(event)
    }
}
