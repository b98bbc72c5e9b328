//! The settings that replace those of the builder for some calls.

use std::sync::Arc;
use std::time::Duration;

use crate::endpoint::descriptor::Safety;
use crate::retry::Retrying;

/// The settings in which clients over the same shared state differ.
#[derive(Clone, Default)]
pub(super) struct Overrides {
    pub(super) time_limit: Option<Duration>,
    pub(super) deadline: Option<Duration>,
    pub(super) retry: RetryOverride,
    pub(super) safety: Option<Safety>,
}

/// Which retry policy applies.
#[derive(Clone, Default)]
pub(super) enum RetryOverride {
    /// The builder's.
    #[default]
    None,
    Off,
    Policy(Arc<Retrying>),
}

impl Overrides {
    /// Returns the same settings with new counters.
    pub(super) fn with_new_counters(&self) -> Self {
        let retry = match &self.retry {
            RetryOverride::Policy(retrying) => {
                RetryOverride::Policy(Arc::new(Retrying::new(retrying.policy().clone())))
            }
            other => other.clone(),
        };
        Self { retry, ..self.clone() }
    }

    /// Returns the name of a setting that needs a timer.
    pub(super) fn needs_timer(&self) -> Option<&'static str> {
        match (&self.deadline, &self.retry) {
            (Some(_), _) => Some("the deadline"),
            (None, RetryOverride::Policy(_)) => Some("the retry policy"),
            (None, _) => None,
        }
    }
}
