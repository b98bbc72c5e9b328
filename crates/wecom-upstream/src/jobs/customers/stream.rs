//! A stream of pending ids.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_core::Stream;
use wecom_core::ids::ExternalUserId;
use wecom_core::{Shared, Threading};

use super::pending_ids::{PendingIdAnswer, PendingIds};

impl<I: Iterator<Item = ExternalUserId>, M: Threading> PendingIds<I, M> {
    /// Returns the answers as a [`Stream`]. Requires the feature `stream`.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// use wecom_simulator::Simulator;
    /// use wecom_upstream::{ExternalUserId, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::demo().client());
    /// let customers = ["wmLiuOfJingxi", "wmNobody"].map(ExternalUserId::new);
    /// let answers = upstream.pending_ids(customers).into_stream();
    /// # pollster::block_on(async {
    /// let failed = answers.filter(|answer| std::future::ready(answer.pending_id.is_err()));
    /// let failed: Vec<_> = failed.collect().await;
    /// assert_eq!(failed[0].external_userid.as_str(), "wmNobody");
    /// # });
    /// ```
    pub fn into_stream(self) -> PendingIdStream<I, M> {
        PendingIdStream { answers: self }
    }
}

/// A [`Stream`] of the answers of [`PendingIds`]. Created by [`PendingIds::into_stream`].
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct PendingIdStream<I: Iterator<Item = ExternalUserId>, M: Threading = Shared> {
    answers: PendingIds<I, M>,
}

impl<I: Iterator<Item = ExternalUserId>, M: Threading> PendingIdStream<I, M> {
    /// Returns the lookup, for the number of its answers [yielded](PendingIds::yielded) so far.
    pub fn pending_ids(&self) -> &PendingIds<I, M> {
        &self.answers
    }

    /// Converts the stream back into its lookup.
    pub fn into_pending_ids(self) -> PendingIds<I, M> {
        self.answers
    }
}

impl<I: Iterator<Item = ExternalUserId> + Unpin, M: Threading> Stream for PendingIdStream<I, M> {
    type Item = PendingIdAnswer;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The lookup keeps its call, so the next future continues where this one was dropped.
        pin!(self.get_mut().answers.next()).poll(context)
    }
}
