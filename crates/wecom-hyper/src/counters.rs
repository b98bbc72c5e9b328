//! Counters of a transport.

use std::sync::atomic::{AtomicU64, Ordering};

use wecom_core::{TransportError, TransportErrorKind};

/// Counters of a transport and all its clones, returned by
/// [`HyperTransport::counters`](crate::HyperTransport::counters).
///
/// They never decrease. They are read one after another, so under load they can differ by a call.
///
/// ```
/// # #[cfg(all(any(feature = "ring", feature = "aws-lc-rs"), feature = "bundled-roots"))]
/// # {
/// use wecom_hyper::{HyperTransport, Roots};
///
/// let transport = HyperTransport::builder().roots(Roots::Bundled).build()?;
/// let counters = transport.counters();
/// assert_eq!((counters.requests(), counters.connections_opened()), (0, 0));
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    requests: u64,
    replies: u64,
    replies_on_reused_connections: u64,
    failures: PerKind<u64>,
    connections_opened: u64,
    connections_failed: PerKind<u64>,
}

impl Counters {
    /// Returns the number of calls started. Those that are neither replies nor failures are in flight or were cancelled.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Returns the number of replies, with any status.
    #[must_use]
    pub fn replies(&self) -> u64 {
        self.replies
    }

    /// Returns the number of replies on a connection that had carried one before.
    #[must_use]
    pub fn replies_on_reused_connections(&self) -> u64 {
        self.replies_on_reused_connections
    }

    /// Returns the number of failed calls.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.0.iter().sum()
    }

    /// Returns the number of calls that failed with this kind.
    #[must_use]
    pub fn failures_of(&self, kind: TransportErrorKind) -> u64 {
        *self.failures.of(kind)
    }

    /// Returns the number of connections opened, TLS included. It can exceed the number of calls in flight: a call whose
    /// connection is being opened takes one that becomes free earlier.
    #[must_use]
    pub fn connections_opened(&self) -> u64 {
        self.connections_opened
    }

    /// Returns the number of failed attempts to open a connection. An attempt continues after its call is cancelled.
    #[must_use]
    pub fn connections_failed(&self) -> u64 {
        self.connections_failed.0.iter().sum()
    }

    /// Returns the number of attempts that failed with this kind: `Dns`, `Connect`, `Tls` or `Timeout`.
    #[must_use]
    pub fn connections_failed_of(&self, kind: TransportErrorKind) -> u64 {
        *self.connections_failed.of(kind)
    }
}

/// The live counters.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    requests: AtomicU64,
    replies: AtomicU64,
    replies_on_reused_connections: AtomicU64,
    failures: PerKind<AtomicU64>,
    connections_opened: AtomicU64,
    connections_failed: PerKind<AtomicU64>,
}

impl Counts {
    pub(crate) fn call_began(&self) {
        add_one(&self.requests);
    }

    pub(crate) fn call_ended<T>(&self, result: &Result<T, TransportError>) {
        match result {
            Ok(_) => add_one(&self.replies),
            Err(error) => add_one(self.failures.of(error.kind())),
        }
    }

    pub(crate) fn connection_was_reused(&self) {
        add_one(&self.replies_on_reused_connections);
    }

    pub(crate) fn connection_ended_in<T>(&self, result: Result<&T, TransportErrorKind>) {
        match result {
            Ok(_) => add_one(&self.connections_opened),
            Err(kind) => add_one(self.connections_failed.of(kind)),
        }
    }

    pub(crate) fn read(&self) -> Counters {
        Counters {
            requests: read(&self.requests),
            replies: read(&self.replies),
            replies_on_reused_connections: read(&self.replies_on_reused_connections),
            failures: self.failures.read(),
            connections_opened: read(&self.connections_opened),
            connections_failed: self.connections_failed.read(),
        }
    }
}

/// The kinds with a counter of their own; any other counts as the last.
const KINDS: [TransportErrorKind; 10] = [
    TransportErrorKind::Dns,
    TransportErrorKind::Connect,
    TransportErrorKind::Tls,
    TransportErrorKind::Timeout,
    TransportErrorKind::ConnectionLost,
    TransportErrorKind::Protocol,
    TransportErrorKind::ReplyTooLarge,
    TransportErrorKind::Unsupported,
    TransportErrorKind::NoRuntime,
    TransportErrorKind::Other,
];

/// A counter for each of the [`KINDS`], in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PerKind<N>([N; KINDS.len()]);

impl<N> PerKind<N> {
    fn of(&self, kind: TransportErrorKind) -> &N {
        let [.., other] = &self.0;
        KINDS.iter().zip(&self.0).find(|(each, _)| **each == kind).map_or(other, |(_, number)| number)
    }
}

impl PerKind<AtomicU64> {
    fn read(&self) -> PerKind<u64> {
        PerKind(self.0.each_ref().map(read))
    }
}

fn add_one(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

fn read(count: &AtomicU64) -> u64 {
    count.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use wecom_core::Delivery;

    use super::*;

    #[test]
    fn each_kind_has_its_own_counter() {
        for (times, kind) in (1_u64..).zip(KINDS) {
            let counts = Counts::default();
            for _ in 0..times {
                counts.call_ended::<()>(&Err(TransportError::new(kind, Delivery::Unknown)));
            }
            let counters = counts.read();
            for other in KINDS {
                assert_eq!(counters.failures_of(other), if other == kind { times } else { 0 }, "{kind:?}: {other:?}");
            }
            assert_eq!(counters.failures(), times);
        }
    }
}
