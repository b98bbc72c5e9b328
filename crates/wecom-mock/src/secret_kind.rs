//! Which fields of a body are secret: a body doesn't mark them as a query does, so they are known by the vendor's names.

/// What a secret is, by the vendor's name for it: `access_token`, `corpsecret`, `session_key` and the like.
#[derive(Clone, Copy)]
pub(crate) enum SecretKind {
    Token,
    Other,
}

impl SecretKind {
    /// How the vendor's names for a secret end.
    pub(crate) const ENDINGS: [(&str, Self); 4] =
        [("token", Self::Token), ("secret", Self::Other), ("session_key", Self::Other), ("ticket", Self::Other)];

    /// Of a field by its name; `None` when that names no secret.
    pub(crate) fn of_field(name: &str) -> Option<Self> {
        Self::ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|&(_, kind)| kind)
    }

    /// What the aliases of such secrets begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Other => "secret",
        }
    }
}
