//! The recipe in `examples/metrics.rs` counts what its calls do.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use wecom_mock::ManualTimer;

#[path = "../examples/metrics.rs"]
#[allow(dead_code, reason = "the example's main")]
mod metrics;

#[test]
fn the_metrics_recipe_counts_calls_and_attempts_by_endpoint_and_outcome() {
    let (timer, metrics) = (ManualTimer::new(), metrics::Metrics::default());
    timer.run(metrics::make_calls(timer.clone(), metrics.clone())).unwrap();
    let text = metrics.to_string();
    for line in [
        "wecom_calls_total{endpoint=\"get_chain_list\",outcome=\"ok\"} 3",
        "wecom_attempts_total{endpoint=\"get_chain_list\",outcome=\"ok\"} 4",
        "wecom_calls_total{endpoint=\"get_chain_group\",outcome=\"670002\"} 1",
    ] {
        assert!(text.lines().any(|found| found == line), "{text}");
    }
}
