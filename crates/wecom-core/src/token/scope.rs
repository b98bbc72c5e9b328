//! The corp and app that a token belongs to.

use std::sync::Arc;

/// The corp whose app a token belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenScope {
    /// The upstream corp's app.
    Upstream,
    /// The app shared with a downstream corp.
    Downstream(DownstreamApp),
}

/// The upstream corp's app in one downstream corp (下级/下游企业的应用).
///
/// ```
/// use wecom_core::token::DownstreamApp;
///
/// let app = DownstreamApp::new("wwdownstream", 1_000_004);
/// assert_eq!(app.business_type(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DownstreamApp {
    corp_id: Arc<str>,
    agent_id: i64,
    business_type: i64,
}

impl DownstreamApp {
    /// Creates the app of a downstream corp from the corp's id and the app's id there. Both are returned by
    /// `list_app_share_info`.
    ///
    /// The app is shared through a chain (上下游, `business_type` 1) by default.
    pub fn new(corp_id: impl Into<Arc<str>>, agent_id: i64) -> Self {
        Self { corp_id: corp_id.into(), agent_id, business_type: 1 }
    }

    /// Sets the `business_type`: 0 for 企业互联/局校互联, 1 (the default) for 上下游.
    #[must_use]
    pub fn with_business_type(mut self, business_type: i64) -> Self {
        self.business_type = business_type;
        self
    }

    /// The downstream corp's id.
    #[must_use]
    pub fn corp_id(&self) -> &str {
        &self.corp_id
    }

    /// The app's id in that corp.
    #[must_use]
    pub fn agent_id(&self) -> i64 {
        self.agent_id
    }

    /// The `business_type`.
    #[must_use]
    pub fn business_type(&self) -> i64 {
        self.business_type
    }
}
