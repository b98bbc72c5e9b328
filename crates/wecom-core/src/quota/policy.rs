//! How much of the documented limits a client uses, and whether its calls wait.

use std::time::Duration;

use serde::Deserialize;

/// How a client stays within the [documented limits](crate::endpoint::Quota) of each endpoint:
/// [`ClientBuilder::quotas`](crate::ClientBuilder::quotas).
///
/// For each endpoint, the client counts the calls it sends in every window (minute, hour, day, month) that has a
/// documented limit, and the calls under way where concurrency is limited. It uses 80 % of each limit, which leaves room
/// for other programs of the same corp. A call over the quota waits until the quota admits it, or is refused before it is
/// sent. Calls are admitted in order.
///
/// The client also reacts to WeCom's refusals:
///
/// - 45009 blocks the endpoint for a minute, without affecting others. If the next call is refused again, the block
///   lasts an hour, then a day, because WeCom blocks an endpoint for about the length of the window that was exceeded.
/// - 45033 halves the number of calls that may be under way at the endpoint. The number grows again while calls succeed.
///
/// A client and its clones share the counts. With a [store](crate::ClientBuilder::quota_store), several processes share
/// them.
///
/// A call counts from the moment its request is passed to the transport, even if the transport has to connect first. A
/// call whose future is kept but not polled counts as under way until its time limit (a minute if it has none).
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Quotas;
///
/// let patient = Quotas::wait_at_most(Duration::from_secs(90));
/// let alone_at_this_corp = Quotas::refuse().percent(100);
/// # let _ = (patient, alone_at_this_corp);
/// ```
///
/// It can be deserialized from a configuration. Calls wait if `max_wait_seconds` is set, and are refused otherwise.
/// `percent` must be 1 to 100 (default: 80), and `own_share` 0 to 100 (default: 2). An unknown name is an error.
///
/// ```
/// use std::time::Duration;
/// use wecom_core::Quotas;
///
/// let read: Quotas =
///     serde_json::from_str(r#"{"max_wait_seconds": 90, "percent": 50}"#)?;
/// assert_eq!(read, Quotas::wait_at_most(Duration::from_secs(90)).percent(50));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "QuotasConfig")]
#[must_use = "a client keeps no quota until this is passed to ClientBuilder::quotas"]
pub struct Quotas {
    max_wait: Option<Duration>,
    percent: u32,
    own_share: u32,
}

/// The default percentage that a process uses while the store fails.
const OWN_SHARE: u32 = 2;

/// The form of [`Quotas`] in a configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuotasConfig {
    max_wait_seconds: Option<u64>,
    percent: Option<u32>,
    own_share: Option<u32>,
}

impl TryFrom<QuotasConfig> for Quotas {
    type Error = &'static str;

    fn try_from(config: QuotasConfig) -> Result<Self, &'static str> {
        if config.percent.is_some_and(|percent| !(1..=100).contains(&percent)) {
            return Err("invalid percent: the part of the documented limits to use must be 1 to 100");
        }
        if config.own_share.is_some_and(|percent| percent > 100) {
            return Err("invalid own_share: the part of the documented limits to use must be 0 to 100 percent");
        }
        let quotas = config.max_wait_seconds.map(Duration::from_secs).map_or_else(Self::refuse, Self::wait_at_most);
        let (percent, own_share) = (config.percent.unwrap_or(quotas.percent), config.own_share.unwrap_or(OWN_SHARE));
        Ok(quotas.percent(percent).own_share(own_share))
    }
}

impl Quotas {
    /// Makes a call over the quota wait, at most for `max_wait` and never beyond its deadline. A call that would have
    /// to wait longer is refused at once, if the wait is known.
    pub fn wait_at_most(max_wait: Duration) -> Self {
        Self { max_wait: Some(max_wait), percent: 80, own_share: OWN_SHARE }
    }

    /// Refuses a call over the quota at once. With a [quota store](crate::ClientBuilder::quota_store), a call still
    /// waits for the store's reply, at most for a second.
    pub fn refuse() -> Self {
        Self { max_wait: None, percent: 80, own_share: OWN_SHARE }
    }

    /// Sets the percentage of the documented limits that the client uses: 80 by default. At least one call per window
    /// is always admitted.
    ///
    /// Processes that share a quota with a [store](crate::ClientBuilder::quota_store) draw on the same windows: if one
    /// process uses up a window, the others wait until calls leave the window. So give background work, such as a
    /// nightly walk, a lower percentage than interactive work: with 40 and 80, the background work stops when the calls
    /// of all processes reach 40 % of the quota, and interactive calls find the other half free.
    pub fn percent(mut self, percent: u32) -> Self {
        self.percent = percent;
        self
    }

    /// Sets the percentage of the documented limits that this process uses while the store of a
    /// [shared quota](crate::quota::QuotaStore) fails: 2 by default. At least one call per window is always admitted.
    ///
    /// All processes together stay within the limits if the sum of `percent` and one `own_share` for each process is at
    /// most 100.
    pub fn own_share(mut self, percent: u32) -> Self {
        self.own_share = percent;
        self
    }

    pub(crate) fn own_share_of(&self, documented: u32) -> u32 {
        part(documented, self.own_share)
    }

    pub(crate) fn max_wait(&self) -> Option<Duration> {
        self.max_wait
    }

    pub(crate) fn share_of(&self, documented: u32) -> u32 {
        part(documented, self.percent)
    }
}

/// A percentage of a limit, at least one call.
fn part(limit: u32, percent: u32) -> u32 {
    let part = u64::from(limit) * u64::from(percent) / 100;
    u32::try_from(part).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_without_a_wait_refuse_and_an_unknown_setting_is_an_error() {
        assert_eq!(serde_json::from_str::<Quotas>("{}").unwrap(), Quotas::refuse());
        assert_eq!(serde_json::from_str::<Quotas>(r#"{"percent":7}"#).unwrap(), Quotas::refuse().percent(7));
        assert!(serde_json::from_str::<Quotas>(r#"{"max_wait":7}"#).is_err());
    }

    #[test]
    fn a_percentage_out_of_range_is_refused_in_a_configuration() {
        for (json, field) in
            [(r#"{"percent":0}"#, "percent"), (r#"{"percent":101}"#, "percent"), (r#"{"own_share":101}"#, "own_share")]
        {
            let error = serde_json::from_str::<Quotas>(json).unwrap_err().to_string();
            assert!(error.contains(&format!("invalid {field}")), "{error}");
        }
        assert!(serde_json::from_str::<Quotas>(r#"{"percent":100,"own_share":0}"#).is_ok());
    }
}
