//! Kinds of secrets, of which each has its own aliases.

use wecom_core::secret::names;

/// What a secret is, by the vendor's name for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecretKind {
    Token,
    Other,
}

impl SecretKind {
    /// Of a field by its name; `None` when the name says that it holds no secret.
    pub(crate) fn of_field(name: &str) -> Option<Self> {
        names::is_secret(name).then(|| if name.ends_with("token") { Self::Token } else { Self::Other })
    }

    /// What the aliases of such secrets begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Other => "secret",
        }
    }
}
