//! The `const` descriptor of an endpoint. Mocks, metrics, quotas and tests match on it instead of on the text of a URL.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// The descriptor of an API endpoint.
///
/// It is built in a `const`, where a malformed path does not compile:
///
/// ```
/// use wecom_core::endpoint::{Quota, TokenKind};
/// use wecom_core::{Endpoint, Safety};
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids")
///     .with_title("获取对接规则id列表")
///     .with_documents(&[95631])
///     .with_token_kind(TokenKind::Upstream)
///     .with_safety(Safety::Safe)
///     .with_quota(Quota::new().with_per_minute(10_000).with_per_hour(150_000));
///
/// assert_eq!(LIST_IDS.path(), "corpgroup/rule/list_ids");
/// ```
///
/// ```compile_fail,E0080
/// use wecom_core::Endpoint;
///
/// const LIST_IDS: Endpoint = Endpoint::post("list_ids", "/corpgroup/rule/list_ids");
/// # let _ = LIST_IDS;
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Endpoint {
    name: &'static str,
    title: &'static str,
    method: Method,
    path: &'static str,
    token: TokenKind,
    safety: Safety,
    quota: Quota,
    ticketed_quota: Option<Quota>,
    concurrency: Option<u32>,
    documents: &'static [u32],
    secret_reply: bool,
}

impl Endpoint {
    /// Creates an endpoint for `GET`: called with the upstream app's token, and [safe](Safety::Safe).
    ///
    /// `path` is relative to the base URL, without a slash at either end and without a query.
    ///
    /// # Panics
    ///
    /// If the name or path is malformed. In a `const`, that is a compile error.
    #[must_use]
    pub const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Get, name, path)
    }

    /// Creates an endpoint for `POST` with a JSON body: called with the upstream app's token, and
    /// [not idempotent](Safety::NotIdempotent).
    ///
    /// `path` is relative to the base URL, without a slash at either end and without a query.
    ///
    /// # Panics
    ///
    /// If the name or path is malformed. In a `const`, that is a compile error.
    #[must_use]
    pub const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Post, name, path)
    }

    /// Creates an endpoint from run-time data, such as a path in a configuration. The other settings are those of
    /// [`Endpoint::get`] or [`Endpoint::post`].
    ///
    /// The name and the path are never freed, and neither is the endpoint after [`Endpoint::leak`], because calls, errors and
    /// metrics can refer to it at any time. So create each endpoint only once.
    ///
    /// ```
    /// use wecom_core::endpoint::{Method, RawCall};
    /// use wecom_core::{Endpoint, Safety};
    ///
    /// let configured = ("user_id_by_mobile", "user/getuserid");
    /// let endpoint = Endpoint::parse(Method::Post, configured.0, configured.1)?
    ///     .with_safety(Safety::Safe)
    ///     .leak();
    /// let call = RawCall::new(endpoint);
    /// # let _ = call;
    /// assert!(Endpoint::parse(Method::Post, "user_id", "https://example.com/").is_err());
    /// # Ok::<(), wecom_core::endpoint::InvalidEndpoint>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If the name or path is malformed.
    pub fn parse(method: Method, name: &str, path: &str) -> Result<Self, InvalidEndpoint> {
        match (is_name(name), is_path(path)) {
            (false, _) => Err(InvalidEndpoint(NAME_RULE)),
            (true, false) => Err(InvalidEndpoint(PATH_RULE)),
            (true, true) => Ok(Self::new(method, name.to_owned().leak(), path.to_owned().leak())),
        }
    }

    /// Returns a `'static` reference, which calls need. The endpoint is never freed.
    #[must_use]
    pub fn leak(self) -> &'static Self {
        Box::leak(Box::new(self))
    }

    const fn new(method: Method, name: &'static str, path: &'static str) -> Self {
        assert!(is_name(name), "{}", NAME_RULE);
        assert!(is_path(path), "{}", PATH_RULE);
        Self {
            name,
            title: "",
            method,
            path,
            token: TokenKind::Upstream,
            safety: match method {
                Method::Get => Safety::Safe,
                Method::Post => Safety::NotIdempotent,
            },
            quota: Quota::new(),
            ticketed_quota: None,
            concurrency: None,
            documents: &[],
            secret_reply: false,
        }
    }

    /// Sets the vendor's Chinese title.
    #[must_use]
    pub const fn with_title(mut self, title: &'static str) -> Self {
        self.title = title;
        self
    }

    /// Sets which access token the call needs.
    #[must_use]
    pub const fn with_token_kind(mut self, token: TokenKind) -> Self {
        self.token = token;
        self
    }

    /// Sets whether the call may be repeated.
    #[must_use]
    pub const fn with_safety(mut self, safety: Safety) -> Self {
        self.safety = safety;
        self
    }

    /// Sets the documented frequency limits.
    #[must_use]
    pub const fn with_quota(mut self, quota: Quota) -> Self {
        self.quota = quota;
        self
    }

    /// Sets the documented frequency limits of calls that carry a ticket
    /// ([`ApiCall::has_ticket`](crate::ApiCall::has_ticket)). They count all calls of the endpoint.
    #[must_use]
    pub const fn with_ticketed_quota(mut self, quota: Quota) -> Self {
        self.ticketed_quota = Some(quota);
        self
    }

    /// Sets the documented concurrency limit: calls of one corp at the same time.
    #[must_use]
    pub const fn with_concurrency(mut self, concurrency: u32) -> Self {
        self.concurrency = Some(concurrency);
        self
    }

    /// Sets the numbers of the vendor's documentation pages.
    #[must_use]
    pub const fn with_documents(mut self, documents: &'static [u32]) -> Self {
        self.documents = documents;
        self
    }

    /// Marks the reply as one that contains a credential. No error shows a part of it.
    #[must_use]
    pub const fn with_secret_reply(mut self) -> Self {
        self.secret_reply = true;
        self
    }

    /// The name of the endpoint in errors, logs and metrics, such as `get_chain_list`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The vendor's Chinese title, such as `获取上下游列表`; empty if not set.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path relative to the base URL, such as `corpgroup/corp/get_chain_list`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// The access token that the call needs.
    #[must_use]
    pub const fn token_kind(&self) -> TokenKind {
        self.token
    }

    /// Whether the call may be repeated.
    #[must_use]
    pub const fn safety(&self) -> Safety {
        self.safety
    }

    /// The documented frequency limits.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// The documented frequency limits of calls that carry a ticket; `None` if no ticket lifts the limits.
    #[must_use]
    pub const fn ticketed_quota(&self) -> Option<Quota> {
        self.ticketed_quota
    }

    /// The documented concurrency limit, in calls of one corp at the same time; `None` if there is none.
    #[must_use]
    pub const fn concurrency(&self) -> Option<u32> {
        self.concurrency
    }

    /// The numbers of the vendor's documentation pages, the main one first.
    #[must_use]
    pub const fn documents(&self) -> &'static [u32] {
        self.documents
    }

    /// Whether the reply contains a credential.
    #[must_use]
    pub const fn has_secret_reply(&self) -> bool {
        self.secret_reply
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Upstream => "upstream",
            Self::Downstream => "downstream",
            Self::UpstreamOrDownstream => "upstream or downstream",
        })
    }
}

impl fmt::Display for Safety {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Safe => "safe",
            Self::Idempotent => "idempotent",
            Self::NotIdempotent => "not idempotent",
        })
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {} {})", self.name, self.method, self.path)
    }
}

/// Serializes as its name.
impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const NAME_RULE: &str = "an endpoint's name consists of a-z, 0-9 and _, and is not empty";
const PATH_RULE: &str =
    "an endpoint's path consists of segments of A-Z, a-z, 0-9, _ and -, separated by single slashes, as in user/get";

/// The error of [`Endpoint::parse`]: a malformed name or path. The text states the rule that it violates.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid endpoint: {0}")]
pub struct InvalidEndpoint(&'static str);

/// An HTTP method of the API. In a configuration: `"GET"` or `"POST"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Method {
    /// `GET`, with parameters in the query and no body.
    Get,
    /// `POST`, with a JSON body.
    Post,
}

impl Method {
    /// The name of the method: `"GET"` or `"POST"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The `access_token` that a call needs. In a configuration: a name in snake case, such as `"upstream"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TokenKind {
    /// None, for a call that fetches a token.
    None,
    /// That of the upstream corp's app.
    Upstream,
    /// That of the shared app in a downstream corp.
    Downstream,
    /// Either one. The reply is for the corp that the token belongs to.
    UpstreamOrDownstream,
}

/// Whether a call may be repeated. In a configuration: `"safe"`, `"idempotent"` or `"not_idempotent"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Safety {
    /// The call only reads data.
    Safe,
    /// Idempotent: repeating the call has the same effect as making it once.
    Idempotent,
    /// Every repetition has a further effect. Never repeated if it may have been carried out.
    NotIdempotent,
}

/// The documented frequency limits of an endpoint, in calls of one corp.
///
/// ```
/// use wecom_core::endpoint::Quota;
///
/// const QUOTA: Quota = Quota::new().with_per_minute(10_000).with_per_hour(150_000);
/// assert_eq!(QUOTA.per_minute(), Some(10_000));
/// assert_eq!(QUOTA.per_day(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Quota {
    minute: Option<u32>,
    hour: Option<u32>,
    day: Option<u32>,
    month: Option<u32>,
}

impl Quota {
    /// Creates a quota without limits.
    #[must_use]
    pub const fn new() -> Self {
        Self { minute: None, hour: None, day: None, month: None }
    }

    /// Sets the limit per minute.
    #[must_use]
    pub const fn with_per_minute(mut self, calls: u32) -> Self {
        self.minute = Some(calls);
        self
    }

    /// Sets the limit per hour.
    #[must_use]
    pub const fn with_per_hour(mut self, calls: u32) -> Self {
        self.hour = Some(calls);
        self
    }

    /// Sets the limit per day.
    #[must_use]
    pub const fn with_per_day(mut self, calls: u32) -> Self {
        self.day = Some(calls);
        self
    }

    /// Sets the limit per month.
    #[must_use]
    pub const fn with_per_month(mut self, calls: u32) -> Self {
        self.month = Some(calls);
        self
    }

    /// The limit per minute; `None` if there is none.
    #[must_use]
    pub const fn per_minute(&self) -> Option<u32> {
        self.minute
    }

    /// The limit per hour; `None` if there is none.
    #[must_use]
    pub const fn per_hour(&self) -> Option<u32> {
        self.hour
    }

    /// The limit per day; `None` if there is none.
    #[must_use]
    pub const fn per_day(&self) -> Option<u32> {
        self.day
    }

    /// The limit per month; `None` if there is none.
    #[must_use]
    pub const fn per_month(&self) -> Option<u32> {
        self.month
    }
}

#[expect(clippy::indexing_slicing, reason = "runs at compile time, each index below the length")]
const fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if !matches!(bytes[at], b'a'..=b'z' | b'0'..=b'9' | b'_') {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

#[expect(clippy::indexing_slicing, reason = "runs at compile time, each index below the length")]
const fn is_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    let mut at = 0;
    let mut after_slash = true;
    while at < bytes.len() {
        match bytes[at] {
            b'/' if after_slash => return false,
            b'/' => after_slash = true,
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => after_slash = false,
            _ => return false,
        }
        at += 1;
    }
    !after_slash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_cannot_be_appended_to_a_base_url_is_malformed() {
        for path in ["", "/a", "a/", "a//b", "a?b", "a b", "../a", "https://a/b"] {
            assert!(!is_path(path), "{path:?} was accepted");
        }
        assert!(is_path("corpgroup/corp/get_chain_list"));
    }

    #[test]
    fn an_endpoint_from_run_time_data_equals_the_constant_one() {
        const CONSTANT: Endpoint = Endpoint::post("a_b", "a/b").with_safety(Safety::Safe);
        let parsed = Endpoint::parse(Method::Post, &String::from("a_b"), "a/b").unwrap().with_safety(Safety::Safe);
        assert_eq!(parsed.leak(), &CONSTANT);
        for (name, path, part) in [("", "a", "name"), ("A", "a", "name"), ("a", "/a", "path"), ("a", "a?b=c", "path")] {
            let error = Endpoint::parse(Method::Get, name, path).unwrap_err().to_string();
            assert!(error.starts_with("invalid endpoint: ") && error.contains(part), "{error}");
        }
    }

    #[test]
    fn method_safety_and_token_kind_are_read_from_configurations() {
        let read = r#"["POST", "not_idempotent", "upstream_or_downstream"]"#;
        let read: (Method, Safety, TokenKind) = serde_json::from_str(read).unwrap();
        assert_eq!(read, (Method::Post, Safety::NotIdempotent, TokenKind::UpstreamOrDownstream));
        assert!(serde_json::from_str::<Method>("\"post\"").is_err());
    }

    #[test]
    fn a_get_is_safe_and_a_post_is_not_idempotent_by_default() {
        assert_eq!(Endpoint::get("a", "a").safety(), Safety::Safe);
        assert_eq!(Endpoint::post("a", "a").safety(), Safety::NotIdempotent);
    }
}
