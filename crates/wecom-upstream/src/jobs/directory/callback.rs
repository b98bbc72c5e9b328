//! Events of `wecom-callback` as events of a directory.

use wecom_callback::{ChainChange, ChangeChain, Event, Message};
use wecom_core::ids::ChainId;

use super::event::DirectoryEvent;
use super::hints::DirectoryHints;
use crate::jobs::import_end::{ImportEnd, is_event};

/// Converts a change of a chain (上下游变更事件), which names the chain and the corps. Requires the feature `callback`.
impl From<&ChangeChain> for DirectoryEvent {
    fn from(event: &ChangeChain) -> Self {
        let chain_id = event.chain_id.clone();
        match &event.change {
            ChainChange::CorpJoin(corps) | ChainChange::UpdateCorp(corps) | ChainChange::RemoveCorp(corps) => {
                Self::Corps { chain_id, corps: corps.clone() }
            }
            ChainChange::CreateGroup(_) | ChainChange::UpdateGroup(_) | ChainChange::DeleteGroup(_) => {
                Self::Groups { chain_id }
            }
            _ => Self::Chain { chain_id },
        }
    }
}

impl DirectoryHints {
    /// Notes an event of a callback: a change of the chain, or the end of an import. Returns whether the event concerns
    /// the directory. Requires the feature `callback`.
    ///
    /// A `change_chain` that cannot be read completely, such as one of an unknown `ChangeType`, requests a walk, unless it
    /// names another chain. A `batch_job_result` that cannot be read completely requests one too, unless it names another
    /// kind of job.
    ///
    /// ```
    /// use wecom_callback::{ChainChange, ChangeChain, Event};
    /// use wecom_upstream::jobs::directory::DirectoryHints;
    /// use wecom_upstream::{ChainId, CorpId};
    ///
    /// fn handle(event: &Event, hints: &DirectoryHints) {
    ///     hints.note_callback(event);
    /// }
    /// # let joined = ChainChange::CorpJoin(vec![CorpId::new("wwtaihu")]);
    /// # let event = Event::ChangeChain(ChangeChain::new(ChainId::new("ChDealers"), joined));
    /// # let upstream = wecom_upstream::Upstream::new(wecom_simulator::Simulator::demo().client());
    /// # let directory = upstream.directory(ChainId::new("ChDealers"));
    /// # handle(&event, &directory.hints());
    /// ```
    pub fn note_callback(&self, event: &Event) -> bool {
        match event {
            Event::ChangeChain(change) => self.note(change),
            Event::Other(message) if is_event(message, "change_chain") => {
                let chain_id = chain_id_of(message).unwrap_or_else(|| self.chain_id().clone());
                self.note(DirectoryEvent::Chain { chain_id })
            }
            event => ImportEnd::of(event).is_some() && self.note(DirectoryEvent::ImportEnded),
        }
    }
}

/// Returns the chain of a message; `None` if it does not name one.
fn chain_id_of(message: &Message) -> Option<ChainId> {
    let text = message.root().child("ChainId")?.text();
    if text.is_empty() { None } else { Some(ChainId::new(text)) }
}
