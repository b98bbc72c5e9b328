//! The recorded calls of a mock.

use std::fmt;
use std::sync::Arc;

use serde_json::Value;
use wecom_core::Endpoint;
use wecom_core::secret::Redactor;

use crate::stub::incoming_request::IncomingRequest;

/// A call that a mock received. Returned by [`Mock::journal`](crate::Mock::journal).
///
/// Contains no secret. Secrets of any request of the mock, and fields with a secret's name, are replaced by `***`.
#[derive(Clone)]
pub struct RecordedCall {
    endpoint: &'static Endpoint,
    attempt: u32,
    request: Value,
    answered: bool,
}

impl RecordedCall {
    /// Returns the endpoint.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// Returns the number of the attempt. The first attempt is 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Returns the public values of the query and the fields of the body as one object.
    #[must_use]
    pub fn request(&self) -> &Value {
        &self.request
    }

    /// Whether a stub answered the call.
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

/// A call in the journal, before redaction. Typed calls are deserialized from it.
pub(crate) struct Entry {
    pub(crate) endpoint: &'static Endpoint,
    attempt: u32,
    pub(crate) json: Arc<Value>,
    answered: bool,
}

impl Entry {
    pub(crate) fn new(incoming: &IncomingRequest, answered: bool) -> Self {
        let (request, json) = (&incoming.request, Arc::clone(&incoming.json));
        Self { endpoint: request.endpoint(), attempt: request.attempt(), json, answered }
    }

    /// The call without secrets.
    pub(crate) fn recorded(&self, redactor: &Redactor) -> RecordedCall {
        let Self { endpoint, attempt, json, answered } = self;
        RecordedCall { endpoint, attempt: *attempt, request: redactor.json(json), answered: *answered }
    }
}
