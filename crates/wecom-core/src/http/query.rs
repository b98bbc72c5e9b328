//! The query of a request, whose values are marked as public or secret.

use std::fmt;

use crate::secret::{Secret, names};

/// The query of a request without the `access_token`, which the [`Client`](crate::Client) adds.
///
/// ```
/// use wecom_core::Secret;
/// use wecom_core::http::Query;
///
/// let mut query = Query::new();
/// query.push("corpid", "ww1234");
/// query.push_secret("corpsecret", Secret::new("the-app-secret"));
/// assert_eq!(format!("{query:?}"), "corpid=ww1234&corpsecret=***");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Query {
    pairs: Vec<(&'static str, QueryValue)>,
}

/// A value in a [`Query`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryValue {
    /// A value that may be shown.
    Public(String),
    /// A value that must not be shown.
    Secret(Secret),
}

impl Query {
    /// Creates an empty query.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a parameter. Its value is secret if its name is [that of a secret](names::is_secret).
    pub fn push(&mut self, name: &'static str, value: impl Into<String>) {
        let value = value.into();
        let value = match names::is_secret(name) {
            true => QueryValue::Secret(Secret::new(value)),
            false => QueryValue::Public(value),
        };
        self.pairs.push((name, value));
    }

    /// Appends a parameter whose value must not be shown.
    pub fn push_secret(&mut self, name: &'static str, value: Secret) {
        self.pairs.push((name, QueryValue::Secret(value)));
    }

    /// Iterates over the parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &QueryValue)> {
        self.pairs.iter().map(|(name, value)| (*name, value))
    }

    /// Whether there are no parameters.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, value)) in self.iter().enumerate() {
            let shown = match value {
                QueryValue::Public(value) => value,
                QueryValue::Secret(_) => "***",
            };
            write!(f, "{}{name}={shown}", if index == 0 { "" } else { "&" })?;
        }
        Ok(())
    }
}

impl QueryValue {
    /// The value, even if it is secret.
    pub(crate) fn expose(&self) -> &str {
        match self {
            Self::Public(value) => value,
            Self::Secret(value) => value.expose(),
        }
    }
}
