//! A stub in the registry: its conditions, its answers, and its counts.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use wecom_core::Endpoint;

use crate::stub::answer::Outcome;
use crate::stub::incoming_request::IncomingRequest;
use crate::stub::mismatch::Mismatch;

/// Checks whether a stub matches a request.
pub(crate) type Condition = Arc<dyn Fn(&IncomingRequest) -> Result<(), Mismatch> + Send + Sync>;

/// Computes the outcome of a request.
pub(crate) type Responder = Arc<dyn Fn(&IncomingRequest) -> Outcome + Send + Sync>;

pub(crate) struct RegisteredStub {
    pub(crate) label: Label,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) answers: Vec<Responder>,
    pub(crate) min_calls: Option<usize>,
    pub(crate) max_calls: Option<usize>,
    pub(crate) calls: usize,
}

/// The name of a stub in reports: its endpoint, its own name, and the location of its definition.
#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) endpoint: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) location: &'static Location<'static>,
}

impl RegisteredStub {
    pub(crate) fn new(endpoint: &'static Endpoint, location: &'static Location<'static>) -> Self {
        let label = Label { endpoint: endpoint.name(), name: None, location };
        Self {
            label,
            endpoint,
            conditions: Vec::new(),
            answers: Vec::new(),
            min_calls: None,
            max_calls: None,
            calls: 0,
        }
    }

    /// Counts a call and returns its responder. `None` if the stub is exhausted or has no answers.
    pub(crate) fn next_responder(&mut self) -> Option<Responder> {
        if self.max_calls.is_some_and(|max| self.calls >= max) {
            return None;
        }
        let answer = self.answers.get(self.calls).or(self.answers.last())?;
        self.calls += 1;
        Some(Arc::clone(answer))
    }

    /// The minimum number of calls. By default the number of answers.
    pub(crate) fn min_calls(&self) -> usize {
        self.min_calls.unwrap_or(self.answers.len())
    }

    /// The error of a stub that can never give all its answers.
    pub(crate) fn validate(&self) -> Result<(), String> {
        let answers = self.answers.len();
        match self.max_calls {
            Some(max @ 1..) if max < answers => Err(format!(
                "invalid stub: {} has {answers} answers, but expects to be called {}; the last answer would never be given",
                self.label,
                times(max)
            )),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, name, location } = self;
        write!(f, "the stub for {endpoint}")?;
        if let Some(name) = name {
            write!(f, " named {name:?}")?;
        }
        write!(f, " ({}:{})", location.file(), location.line())
    }
}

/// Whether two descriptors have the same method and path.
pub(crate) fn is_same_endpoint(one: &Endpoint, other: &Endpoint) -> bool {
    one.method() == other.method() && one.path() == other.path()
}

/// A number of calls in words.
pub(crate) fn called(count: usize) -> String {
    if count == 0 { "not called".to_owned() } else { format!("called {}", times(count)) }
}

/// A count in words.
pub(crate) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
