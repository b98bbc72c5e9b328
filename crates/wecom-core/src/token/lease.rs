//! The lease of a token fetch, which several processes share.

/// The answer to [`TokenStore::lease_fetch`](super::TokenStore::lease_fetch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchLease {
    /// The caller fetches, and releases the lease when it has stored the token.
    Granted {
        /// Identifies the lease. Each lease of a key has another id.
        id: u64,
    },
    /// Another process fetches.
    Held,
    /// The store has no leases: every caller fetches.
    Unsupported,
}
