//! Metrics of one's own: a layer that counts calls by endpoint and outcome, and sums up how long they took, in the text
//! format that Prometheus reads.
//!
//! `cargo run -p wecom-tests --example metrics` makes some calls against a simulated WeCom, and prints what was counted.

#![allow(clippy::print_stdout, reason = "the example shows what was counted")]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wecom_core::{CallEvent, CallOutcome, Client, Layer, Retry};
use wecom_hyper::TokioTimer;
use wecom_mock::Faults;
use wecom_simulator::Simulator;
use wecom_upstream::{ChainId, GET_CHAIN_LIST, GetChainGroup, Upstream};

#[derive(Clone, Default)]
struct Metrics(Arc<Mutex<BTreeMap<Labels, Sum>>>);

/// What a series is told apart by. Never an id or a token: their number has no bound.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Labels {
    endpoint: &'static str,
    outcome: String,
}

#[derive(Default)]
struct Sum {
    calls: u64,
    attempts: u64,
    time: Duration,
}

impl Layer for Metrics {
    fn on_event(&self, event: &CallEvent<'_>) {
        let CallEvent::Ended { endpoint, attempts, elapsed, outcome, .. } = event else { return };
        let outcome = match outcome {
            CallOutcome::Replied => "ok".to_owned(),
            CallOutcome::Failed(error) => match error.code() {
                Some(code) => code.0.to_string(),
                None if error.is_timeout() => "timeout".to_owned(),
                None => "failed".to_owned(),
            },
            _ => "cancelled".to_owned(),
        };
        let mut sums = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = sums.entry(Labels { endpoint: endpoint.name(), outcome }).or_default();
        sum.calls += 1;
        sum.attempts += u64::from(*attempts);
        sum.time += elapsed.unwrap_or_default();
    }
}

impl fmt::Display for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (Labels { endpoint, outcome }, sum) in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let labels = format!("{{endpoint=\"{endpoint}\",outcome=\"{outcome}\"}}");
            writeln!(f, "wecom_calls_total{labels} {}", sum.calls)?;
            writeln!(f, "wecom_attempts_total{labels} {}", sum.attempts)?;
            writeln!(f, "wecom_call_seconds_sum{labels} {:.6}", sum.time.as_secs_f64())?;
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), wecom_core::Error> {
    let simulator = Simulator::demo();
    let credentials = simulator.credentials();
    let faults = Faults::new(simulator);
    faults.on(&GET_CHAIN_LIST).nth(2).error_code(wecom_core::ErrCode::BUSY);
    let metrics = Metrics::default();
    let client = Client::builder(faults)
        .credentials(credentials)
        .timer(TokioTimer::new())
        .retry(Retry::new())
        .layer(metrics.clone())
        .build();
    let upstream = Upstream::new(client);

    for _ in 0..3 {
        upstream.get_chain_list().await?;
    }
    let unknown = upstream.get_chain_group(GetChainGroup::new(ChainId::new("ChNobody"))).await;
    assert!(unknown.is_err());
    print!("{metrics}");
    Ok(())
}
