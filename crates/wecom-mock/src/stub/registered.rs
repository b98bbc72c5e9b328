//! A stub as the mock keeps it: what it is for, what it answers, and how often it has done so.

use std::fmt;
use std::panic::Location;
use std::sync::Arc;

use wecom_core::Endpoint;

use crate::stub::answer::Outcome;
use crate::stub::incoming::Incoming;
use crate::stub::mismatch::Mismatch;

/// Looks at a request and says what stands against it.
pub(crate) type Condition = Arc<dyn Fn(&Incoming) -> Result<(), Mismatch> + Send + Sync>;

/// Makes the outcome of a request.
pub(crate) type Responder = Arc<dyn Fn(&Incoming) -> Outcome + Send + Sync>;

pub(crate) struct Registered {
    pub(crate) label: Label,
    pub(crate) endpoint: &'static Endpoint,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) answers: Vec<Responder>,
    pub(crate) least: Option<usize>,
    pub(crate) most: Option<usize>,
    pub(crate) calls: usize,
}

/// How a text names a stub: by its endpoint, the name that it was given, and where it was defined.
#[derive(Clone)]
pub(crate) struct Label {
    pub(crate) endpoint: &'static str,
    pub(crate) name: Option<String>,
    pub(crate) place: &'static Location<'static>,
}

impl Registered {
    pub(crate) fn new(endpoint: &'static Endpoint, place: &'static Location<'static>) -> Self {
        let label = Label { endpoint: endpoint.name(), name: None, place };
        Self { label, endpoint, conditions: Vec::new(), answers: Vec::new(), least: None, most: None, calls: 0 }
    }

    /// Counts a call and gives what answers it; `None` when the stub is used up or has no answers.
    pub(crate) fn take(&mut self) -> Option<Responder> {
        if self.most.is_some_and(|most| self.calls >= most) {
            return None;
        }
        let answer = self.answers.get(self.calls).or(self.answers.last())?;
        self.calls += 1;
        Some(Arc::clone(answer))
    }

    /// How often the stub has to be called: once for each of its answers, unless it was told otherwise.
    pub(crate) fn least(&self) -> usize {
        self.least.unwrap_or(self.answers.len())
    }

    /// Why the stub makes no sense, if it doesn't.
    pub(crate) fn contradiction(&self) -> Option<String> {
        let (answers, most) = (self.answers.len(), self.most?);
        (most < answers).then(|| {
            format!(
                "{} has {answers} answers, but is to be called {}: the last would never be given",
                self.label,
                times(most)
            )
        })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, name, place } = self;
        write!(f, "the stub for {endpoint}")?;
        if let Some(name) = name {
            write!(f, " named {name:?}")?;
        }
        write!(f, " ({}:{})", place.file(), place.line())
    }
}

/// Whether calls of the two go over the wire to the same place, whoever described them.
pub(crate) fn is_same_place(one: &Endpoint, other: &Endpoint) -> bool {
    one.method() == other.method() && one.path() == other.path()
}

/// How often a stub was called, in words.
pub(crate) fn called(count: usize) -> String {
    if count == 0 { "not called".to_owned() } else { format!("called {}", times(count)) }
}

/// A count in words.
pub(crate) fn times(count: usize) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}
