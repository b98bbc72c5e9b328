//! The error of a request for an endpoint that the simulator does not implement.

use std::error::Error;
use std::fmt;

use wecom_core::Endpoint;
use wecom_core::endpoint::Method;

/// The simulator does not implement the endpoint of a request.
#[derive(Debug)]
pub(crate) struct UnknownEndpoint {
    pub(crate) method: Option<Method>,
    pub(crate) path: String,
    /// The name of the endpoint. A request over a socket has none.
    pub(crate) name: Option<&'static str>,
    /// The endpoints that the simulator implements, and the custom ones.
    pub(crate) known: Vec<&'static Endpoint>,
}

impl fmt::Display for UnknownEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown endpoint: the simulator does not implement ")?;
        if let Some(name) = self.name {
            write!(f, "{name}, ")?;
        }
        if let Some(method) = self.method {
            write!(f, "{method} ")?;
        }
        write!(f, "{}; Simulator::respond of the crate wecom-simulator adds an endpoint; known endpoints:", self.path)?;
        for (index, endpoint) in self.known.iter().enumerate() {
            let separator = if index == 0 { "" } else { "," };
            write!(f, "{separator} {} {}", endpoint.method(), endpoint.path())?;
        }
        Ok(())
    }
}

impl Error for UnknownEndpoint {}
