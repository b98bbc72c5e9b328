//! The metrics of a worker: those of its calls, from an observer, and those that its parts report.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wecom_core::observe::CallOutcome;
use wecom_core::{CallEvent, Observer};

/// The metrics, which all clones share.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<Numbers>>);

#[derive(Default)]
struct Numbers {
    /// The number of calls by endpoint and outcome. They are never counted by id, because the number of time series must
    /// stay small.
    calls: BTreeMap<(&'static str, String), u64>,
    token_fetches: u64,
    quota_waits: u64,
    events: u64,
    dealers: usize,
    is_keeper: bool,
}

impl Metrics {
    pub(crate) fn count_event(&self) {
        self.numbers().events += 1;
    }

    pub(crate) fn set_dealers(&self, dealers: usize) {
        self.numbers().dealers = dealers;
    }

    /// Whether this worker keeps the directory.
    pub(crate) fn set_keeper(&self, is_keeper: bool) {
        self.numbers().is_keeper = is_keeper;
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Metrics {
    fn on_event(&self, event: &CallEvent<'_>) {
        match event {
            CallEvent::Ended { endpoint, outcome, .. } => {
                *self.numbers().calls.entry((endpoint.name(), label(outcome))).or_default() += 1;
            }
            CallEvent::FetchingToken { .. } => self.numbers().token_fetches += 1,
            CallEvent::AwaitedQuota { .. } => self.numbers().quota_waits += 1,
            _ => {}
        }
    }
}

/// The error code if there is one, otherwise a word.
fn label(outcome: &CallOutcome<'_>) -> String {
    match outcome {
        CallOutcome::Replied => "ok".to_owned(),
        CallOutcome::Failed(error) => match error.code() {
            Some(code) => code.0.to_string(),
            None if error.is_timeout() => "timeout".to_owned(),
            None => "failed".to_owned(),
        },
        _ => "cancelled".to_owned(),
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers = self.numbers();
        for ((endpoint, outcome), calls) in &numbers.calls {
            writeln!(f, "wecom_calls_total{{endpoint=\"{endpoint}\",outcome=\"{outcome}\"}} {calls}")?;
        }
        writeln!(f, "wecom_token_fetches_total {}", numbers.token_fetches)?;
        writeln!(f, "wecom_quota_waits_total {}", numbers.quota_waits)?;
        writeln!(f, "wecom_events_total {}", numbers.events)?;
        writeln!(f, "dealers {}", numbers.dealers)?;
        writeln!(f, "dealers_keeper {}", u8::from(numbers.is_keeper))
    }
}
