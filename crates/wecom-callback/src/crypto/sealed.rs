//! An encrypted and signed message, with everything that the recipient needs to open it.

use std::time::{Duration, SystemTime};

use super::keys::CallbackKeys;
use super::random::RandomBytes;
use crate::error::Error;

pub(crate) struct Sealed {
    pub(crate) encrypted: String,
    pub(crate) signature: String,
    pub(crate) timestamp: String,
    pub(crate) nonce: String,
}

impl Sealed {
    pub(crate) fn new(
        keys: &CallbackKeys,
        message: &str,
        receive_id: &str,
        now: SystemTime,
        random: &RandomBytes,
    ) -> Result<Self, Error> {
        let encrypted = keys.encrypt(message.as_bytes(), receive_id, random.prefix())?;
        let (timestamp, nonce) = (seconds(now).to_string(), random.nonce());
        let signature = keys.signature(&timestamp, &nonce, &encrypted);
        Ok(Self { encrypted, signature, timestamp, nonce })
    }
}

/// Returns the seconds since the Unix epoch, as the vendor writes a time; 0 for a time before the epoch.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).as_ref().map_or(0, Duration::as_secs)
}
