//! The documented limits of an endpoint, as far as a run reaches them.

use std::time::Duration;

use wecom_core::Endpoint;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Returns the client's part of a documented limit, at least one call.
pub(super) fn share(documented: u32, percent: u32) -> u32 {
    (documented * percent / 100).max(1)
}

/// Returns the windows that are short enough for a run, with their documented limits.
pub(super) fn windows(endpoint: &Endpoint) -> impl Iterator<Item = (Duration, u32)> {
    let quota = endpoint.quota();
    let windows = [(MINUTE, quota.per_minute()), (HOUR, quota.per_hour())];
    windows.into_iter().filter_map(|(length, documented)| Some((length, documented?)))
}
