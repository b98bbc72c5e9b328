//! A stream of an import's events.

use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use wecom_core::{Shared, Threading};

use super::{Import, ImportEvent};

impl<M: Threading> Import<M> {
    /// Returns the events as a [`Stream`]. Requires the feature `stream`. Save the [state](Import::state) after each
    /// event.
    ///
    /// ```
    /// use futures_util::StreamExt;
    /// # use wecom_mock::ManualTimer;
    /// # use wecom_simulator::Simulator;
    /// # use wecom_upstream::calls::{ImportContact, ImportCorp};
    /// use wecom_upstream::jobs::import::{ImportJournal, ImportState};
    /// # use wecom_upstream::{ChainId, Upstream};
    /// # let timer = ManualTimer::new();
    /// # let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
    /// # let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "13000000001")]);
    /// # let state = ImportState::new(ChainId::new("ChDealers"), [corp])?;
    /// # let path = std::env::temp_dir().join(format!("wecom-stream-{}", std::process::id()));
    /// # timer.run(async {
    ///
    /// let mut journal = ImportJournal::create(&path, &state)?;
    /// let mut events = upstream.import(state).into_stream();
    /// while let Some(event) = events.next().await {
    ///     journal.save(events.import().state())?;
    ///     println!("{event:?}");
    /// }
    /// let report = events.into_import().into_report();
    /// assert!(report.is_complete());
    /// # journal.remove()
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn into_stream(self) -> ImportStream<M> {
        ImportStream { import: self, is_over: false }
    }
}

/// A [`Stream`] of the events of an [`Import`]. Created by [`Import::into_stream`].
///
/// It ends at the end of the import, and after [`ImportEvent::Stopped`].
#[derive(Debug)]
#[must_use = "a stream does nothing until it is polled"]
pub struct ImportStream<M: Threading = Shared> {
    import: Import<M>,
    is_over: bool,
}

impl<M: Threading> ImportStream<M> {
    /// Returns the import, for its [state](Import::state).
    pub fn import(&self) -> &Import<M> {
        &self.import
    }

    /// Converts the stream back into its import, for its report.
    pub fn into_import(self) -> Import<M> {
        self.import
    }
}

impl<M: Threading> Stream for ImportStream<M> {
    type Item = ImportEvent;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if this.is_over {
            return Poll::Ready(None);
        }
        // The import keeps its calls and its waits, so the next future continues where this one was dropped.
        let event = ready!(pin!(this.import.next()).poll(context));
        this.is_over = event.is_none();
        Poll::Ready(event)
    }
}
