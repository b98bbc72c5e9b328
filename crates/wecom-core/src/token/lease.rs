//! The lease of a token fetch, which several processes share.

/// The answer to [`TokenStore::lease_fetch`](super::TokenStore::lease_fetch).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FetchLease {
    /// The caller fetches, and releases the lease when it has stored the token.
    Granted {
        /// The id of the lease. Each lease of a key has a different id.
        id: u64,
    },
    /// Another process fetches.
    Held,
    /// The store has no leases: every caller fetches.
    Unsupported,
}
