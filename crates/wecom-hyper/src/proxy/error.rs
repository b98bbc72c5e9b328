//! Why a proxy can't be used as given.

use thiserror::Error;

/// The reason why a text is not the URL of a supported proxy. No text of it repeats the input.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{problem}", variable.map(|name| format!("environment variable {name}: ")).unwrap_or_default())]
pub struct ProxyError {
    variable: Option<&'static str>,
    problem: Problem,
}

impl ProxyError {
    pub(crate) fn new(problem: Problem) -> Self {
        Self { variable: None, problem }
    }

    pub(crate) fn not_utf8(variable: &'static str) -> Self {
        Self::new(Problem::NotUtf8).in_variable(variable)
    }

    pub(crate) fn in_variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }

    #[cfg(test)]
    pub(crate) fn problem(&self) -> Problem {
        self.problem
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Problem {
    #[error(
        "invalid proxy URL: expected http://host:port, with special characters of the user and the password \
         percent-encoded"
    )]
    Url,
    #[error("unsupported proxy scheme: use http://, socks5:// or socks5h://")]
    Scheme,
    #[error("invalid proxy URL: it has a path; percent-encode a `/` in the user or the password")]
    Path,
    #[error(
        "invalid proxy credentials: SOCKS5 allows 1 to 255 bytes each for the user and the password, and HTTP no \
         colon in the user"
    )]
    Credentials,
    #[error("invalid UTF-8: set it to the URL of a proxy, or unset it to connect directly")]
    NotUtf8,
}
