//! The endpoints that a program has added to the simulator.

use std::collections::HashMap;
use std::sync::Arc;

use wecom_core::Endpoint;

use crate::call::Payload;
use crate::parameters::Parameters;
use crate::refusal::Refusal;

/// Replies to the calls of a custom endpoint. It runs the code of the program, so never under the lock.
pub(crate) type Responder = Arc<dyn Fn(&Parameters) -> Result<Payload, Refusal> + Send + Sync>;

/// The custom endpoints, by path.
#[derive(Default)]
pub(crate) struct CustomEndpoints {
    by_path: HashMap<&'static str, (&'static Endpoint, Responder)>,
}

impl CustomEndpoints {
    pub(crate) fn add(&mut self, endpoint: &'static Endpoint, responder: Responder) {
        self.by_path.insert(endpoint.path(), (endpoint, responder));
    }

    pub(crate) fn find(&self, path: &str) -> Option<(&'static Endpoint, Responder)> {
        self.by_path.get(path).map(|(endpoint, responder)| (*endpoint, Arc::clone(responder)))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Endpoint> {
        self.by_path.values().map(|(endpoint, _)| *endpoint)
    }
}
