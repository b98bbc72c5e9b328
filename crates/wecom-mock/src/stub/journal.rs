//! What was called, in order.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use wecom_core::Endpoint;
use wecom_core::secret::Redactor;

use crate::stub::incoming::Incoming;

/// One call as the mock saw it; from [`Mock::journal`](crate::Mock::journal).
///
/// It holds no access token and no secret that the mock has seen: `***` stands where a value repeats one, and for fields
/// whose name says that they are secret.
#[derive(Clone)]
pub struct RecordedCall {
    endpoint: &'static Endpoint,
    attempt: u32,
    request: Value,
    answered: bool,
}

impl RecordedCall {
    /// The endpoint that was called.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// Which attempt at its call this was, beginning with 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The public values of the query and the fields of the body in one object.
    #[must_use]
    pub fn request(&self) -> &Value {
        &self.request
    }

    /// Whether a stub answered it.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        self.answered
    }
}

impl fmt::Debug for RecordedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordedCall")
            .field("endpoint", &self.endpoint.name())
            .field("attempt", &self.attempt)
            .field("request", &format_args!("{}", self.request))
            .field("answered", &self.answered)
            .finish()
    }
}

/// A call in the mock's keeping, with the request as it came: typed calls are read from it.
pub(crate) struct Entry {
    pub(crate) endpoint: &'static Endpoint,
    attempt: u32,
    pub(crate) json: Arc<Value>,
    answered: bool,
}

impl Entry {
    pub(crate) fn new(incoming: &Incoming, answered: bool) -> Self {
        let (request, json) = (&incoming.request, Arc::clone(&incoming.json));
        Self { endpoint: request.endpoint(), attempt: request.attempt(), json, answered }
    }

    /// The call, fit to be shown.
    pub(crate) fn recorded(&self, redactor: &Redactor) -> RecordedCall {
        let Self { endpoint, attempt, json, answered } = self;
        RecordedCall { endpoint, attempt: *attempt, request: redactor.json(json), answered: *answered }
    }
}
