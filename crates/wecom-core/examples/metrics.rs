//! Metrics: an observer that counts calls by endpoint and outcome, and prints them in Prometheus' text format.
//!
//! `cargo run -p wecom-core --example metrics` makes a few calls against a mock and prints the counters.

#![allow(clippy::print_stdout, reason = "the example prints its counters")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use wecom_core::endpoint::RawCall;
use wecom_core::observe::CallOutcome;
use wecom_core::{AccessToken, CallEvent, Client, Endpoint, ErrCode, Error, Observer, Retry, Safety};
use wecom_mock::{ManualTimer, Mock};

/// Counters for all clients that share a clone of it.
#[derive(Clone, Default)]
pub(crate) struct Metrics(Arc<Mutex<BTreeMap<Labels, Counters>>>);

/// The labels of a series. Never an id or a token: the number of label values must stay small.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    endpoint: &'static str,
    outcome: String,
}

#[derive(Default)]
struct Counters {
    calls: u64,
    attempts: u64,
    elapsed: Duration,
}

impl Observer for Metrics {
    fn on_event(&self, event: &CallEvent<'_>) {
        let CallEvent::Ended { endpoint, attempts, elapsed, outcome, .. } = event else { return };
        let labels = Labels { endpoint: endpoint.name(), outcome: label(outcome) };
        let mut series = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counters = series.entry(labels).or_default();
        counters.calls += 1;
        counters.attempts += u64::from(*attempts);
        counters.elapsed += elapsed.unwrap_or_default();
    }
}

/// The error code where there is one, else a word.
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
        for (Labels { endpoint, outcome }, counters) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let labels = format!("{{endpoint=\"{endpoint}\",outcome=\"{outcome}\"}}");
            writeln!(f, "wecom_calls_total{labels} {}", counters.calls)?;
            writeln!(f, "wecom_attempts_total{labels} {}", counters.attempts)?;
            writeln!(f, "wecom_call_seconds_sum{labels} {:.6}", counters.elapsed.as_secs_f64())?;
        }
        Ok(())
    }
}

/// Makes three calls, one of which meets a busy service first, and one that the service refuses.
pub(crate) async fn make_calls(timer: ManualTimer, metrics: Metrics) -> Result<(), Error> {
    const LIST: Endpoint = Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
    const GROUPS: Endpoint =
        Endpoint::post("get_chain_group", "corpgroup/corp/get_chain_group").with_safety(Safety::Safe);

    let mock = Mock::new();
    mock.on_endpoint(&LIST).error_code(ErrCode::BUSY).json(json!({"errcode": 0, "chains": []}));
    mock.on_endpoint(&GROUPS).error_code(ErrCode::UNKNOWN_CHAIN);
    let client = Client::builder(mock)
        .token(AccessToken::new("a-token"))
        .timer(timer)
        .retry(Retry::new())
        .observer(metrics)
        .build();
    for _ in 0..3 {
        client.call_raw(RawCall::new(&LIST)).await?;
    }
    let refused = client.call_raw(RawCall::new(&GROUPS).with_body(&json!({"chain_id": "ChNowhere"}))?).await;
    assert!(refused.is_err());
    Ok(())
}

fn main() -> Result<(), Error> {
    let (timer, metrics) = (ManualTimer::new(), Metrics::default());
    timer.run(make_calls(timer.clone(), metrics.clone()))?;
    print!("{metrics}");
    Ok(())
}
