//! The observers of one client, and the spans beside them.

use super::observer::CallEvent;
use super::tracing;
use crate::threading::Family;

/// The observers of one client.
pub(crate) struct Observers<M: Family>(pub(crate) Vec<M::Observer>);

impl<M: Family> Observers<M> {
    pub(crate) fn notify(&self, event: &CallEvent<'_>) {
        tracing::event(event);
        for observer in &self.0 {
            M::notify(observer, event);
        }
    }
}

impl<M: Family> Clone for Observers<M> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}
