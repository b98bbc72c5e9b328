//! Ids that differ between processes.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};

/// Returns a random id. The standard library seeds its hashers with random bytes of the operating system, and each of them
/// differently.
pub(crate) fn id() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn ids_differ() {
        let ids: HashSet<u64> = (0..10_000).map(|_| super::id()).collect();
        assert_eq!(ids.len(), 10_000);
    }
}
