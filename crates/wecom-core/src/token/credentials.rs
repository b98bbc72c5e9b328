//! The corp id and the app secret that a token is fetched with.

use crate::secret::Secret;

/// The upstream app's corp id and secret.
///
/// ```
/// use wecom_core::{Credentials, Secret};
///
/// let credentials = Credentials::new("ww1234567890abcdef", Secret::new("the-app-secret"));
/// assert!(!format!("{credentials:?}").contains("the-app-secret"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    corp_id: String,
    secret: Secret,
}

impl Credentials {
    /// Creates credentials from the corp's id (企业ID, `ww…`) and the app's secret (`corpsecret`).
    pub fn new(corp_id: impl Into<String>, secret: Secret) -> Self {
        Self { corp_id: corp_id.into(), secret }
    }

    /// The corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }
}
