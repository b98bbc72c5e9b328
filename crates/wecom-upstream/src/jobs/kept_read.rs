//! A call that changes nothing, which a job keeps when the future that awaits it is dropped, and repeats if a pause of the
//! consumer made it fail.

use std::fmt;

use wecom_core::client::BoxedCall;
use wecom_core::{Error, ErrorKind, Threading, TransportErrorKind};

use crate::jobs::attention::{Attended, Attention, Visit};
use crate::jobs::kept_call::KeptCall;

/// The maximum number of repeats of one call. It ends a lookup whose consumer pauses in each await while the service does
/// not reply.
const MAX_REPEATS: u32 = 3;

/// A [`KeptCall`] that is repeated if it was not polled for a while and then lost its reply.
pub(crate) struct KeptRead<M: Threading, T: 'static> {
    call: KeptCall<M, T>,
    /// Whether the call was not polled for a while, so that it may time out although the service replied.
    is_starved: bool,
    repeats: u32,
    attention: Attention<M>,
}

impl<M: Threading, T: 'static> KeptRead<M, T> {
    pub(crate) fn new(attention: Attention<M>) -> Self {
        Self { call: KeptCall::new(), is_starved: false, repeats: 0, attention }
    }

    /// Continues the call in flight, or begins one, and returns its outcome.
    pub(crate) async fn run(&mut self, mut begin: impl FnMut() -> BoxedCall<M, T>) -> Result<T, Error> {
        let Visit { job: read } = &mut Visit::begin(self);
        loop {
            let outcome = read.call.run(&mut begin).await;
            let is_starved = std::mem::take(&mut read.is_starved);
            if is_starved && read.repeats < MAX_REPEATS && outcome.as_ref().is_err_and(is_reply_lost) {
                read.repeats += 1;
                continue;
            }
            read.repeats = 0;
            return outcome;
        }
    }
}

/// Returns whether a call may have failed because its reply was not read in time.
fn is_reply_lost(error: &Error) -> bool {
    let is_connection_lost =
        matches!(error.kind(), ErrorKind::Transport(error) if error.kind() == TransportErrorKind::ConnectionLost);
    is_connection_lost || error.is_timeout()
}

impl<M: Threading, T: 'static> Attended for KeptRead<M, T> {
    type Family = M;

    fn attention(&mut self) -> &mut Attention<M> {
        &mut self.attention
    }

    fn mark_starved(&mut self) {
        self.is_starved |= self.call.is_in_flight();
    }
}

impl<M: Threading, T: 'static> fmt::Debug for KeptRead<M, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptRead").field("call", &self.call).finish_non_exhaustive()
    }
}
