//! Criterion's measurements of this run as ratios. Ratios differ less between machines than times.

use std::fs;
use std::path::PathBuf;

/// Prints the time of each of the others relative to the baseline. Prints nothing if a filter left out the baseline.
#[allow(clippy::print_stdout, reason = "a benchmark's report")]
pub fn print(group: &str, baseline: &str, others: &[&str]) {
    let Some(base) = median(group, baseline) else { return };
    for other in others {
        if let Some(time) = median(group, other) {
            println!("{group}: {other} takes {:.2} x {baseline}", time / base);
        }
    }
}

/// The median time in nanoseconds.
fn median(group: &str, function: &str) -> Option<f64> {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target")), PathBuf::from);
    let file = target.join("criterion").join(group.replace('/', "_")).join(function).join("new/estimates.json");
    let estimates: serde_json::Value = serde_json::from_slice(&fs::read(file).ok()?).ok()?;
    estimates.pointer("/median/point_estimate")?.as_f64()
}
