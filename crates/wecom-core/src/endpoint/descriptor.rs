//! What an endpoint is: a `const` descriptor that mocks, metrics, limits and tests match on, so that nothing ever
//! matches on the text of a URL.

use std::fmt;

/// The descriptor of one API endpoint.
///
/// Built in a `const`, so that a malformed path does not compile:
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
    concurrency: Option<u32>,
    documents: &'static [u32],
    secret_reply: bool,
}

impl Endpoint {
    /// An endpoint that is called with `GET`: an upstream call that only reads.
    ///
    /// `path` is relative to the base URL: no slash at either end, no query.
    ///
    /// # Panics
    ///
    /// On a malformed name or path: in a `const`, that is a compile error.
    #[must_use]
    pub const fn get(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Get, name, path)
    }

    /// An endpoint that is called with `POST` and a JSON body; taken to be [not idempotent](Safety::NotIdempotent)
    /// until [`Endpoint::with_safety`] says otherwise.
    ///
    /// `path` is relative to the base URL: no slash at either end, no query.
    ///
    /// # Panics
    ///
    /// On a malformed name or path: in a `const`, that is a compile error.
    #[must_use]
    pub const fn post(name: &'static str, path: &'static str) -> Self {
        Self::new(Method::Post, name, path)
    }

    const fn new(method: Method, name: &'static str, path: &'static str) -> Self {
        assert!(is_name(name), "an endpoint's name is made of a-z, 0-9 and _, and is not empty");
        assert!(
            is_path(path),
            "an endpoint's path is made of segments of A-Z, a-z, 0-9, _ and -, with one / between two"
        );
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

    /// Sets whose token the call carries.
    #[must_use]
    pub const fn with_token_kind(mut self, token: TokenKind) -> Self {
        self.token = token;
        self
    }

    /// Sets what a repetition of the call does.
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

    /// Sets how many calls may be under way at once, per corp.
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

    /// Marks the reply as one that carries a credential: no piece of it ever appears in an error.
    #[must_use]
    pub const fn with_secret_reply(mut self) -> Self {
        self.secret_reply = true;
        self
    }

    /// The name by which errors, logs and metrics call the endpoint, such as `get_chain_list`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The vendor's Chinese title, such as `获取上下游列表`; empty when none was given.
    #[must_use]
    pub const fn title(&self) -> &'static str {
        self.title
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The path below the base URL, such as `corpgroup/corp/get_chain_list`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whose token the call carries.
    #[must_use]
    pub const fn token_kind(&self) -> TokenKind {
        self.token
    }

    /// What a repetition of the call does.
    #[must_use]
    pub const fn safety(&self) -> Safety {
        self.safety
    }

    /// The documented frequency limits.
    #[must_use]
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// How many calls may be under way at once, per corp; `None` when the vendor states no limit.
    #[must_use]
    pub const fn concurrency(&self) -> Option<u32> {
        self.concurrency
    }

    /// The numbers of the vendor's documentation pages, the main one first.
    #[must_use]
    pub const fn documents(&self) -> &'static [u32] {
        self.documents
    }

    /// Whether the reply carries a credential.
    #[must_use]
    pub const fn has_secret_reply(&self) -> bool {
        self.secret_reply
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({} {} {})", self.name, self.method, self.path)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// An HTTP method of this API: it uses no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `GET`: parameters in the query, no body.
    Get,
    /// `POST`: a JSON body.
    Post,
}

impl Method {
    /// The method as it stands in a request: `"GET"` or `"POST"`.
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

/// Whose `access_token` a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// None: the call that gets a token.
    None,
    /// The upstream corp's app.
    Upstream,
    /// The shared app in a downstream corp.
    Downstream,
    /// Either: the same path answers for the corp whose token it is given.
    UpstreamOrDownstream,
}

/// What happens when a call reaches the server twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Safety {
    /// The call only reads.
    Safe,
    /// The call changes something, and twice is the same as once.
    Idempotent,
    /// The call changes something each time: never repeated when it may have arrived.
    NotIdempotent,
}

/// How often the vendor lets one corp call one endpoint.
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
    /// No documented limit.
    #[must_use]
    pub const fn new() -> Self {
        Self { minute: None, hour: None, day: None, month: None }
    }

    /// Sets the calls allowed in a minute.
    #[must_use]
    pub const fn with_per_minute(mut self, calls: u32) -> Self {
        self.minute = Some(calls);
        self
    }

    /// Sets the calls allowed in an hour.
    #[must_use]
    pub const fn with_per_hour(mut self, calls: u32) -> Self {
        self.hour = Some(calls);
        self
    }

    /// Sets the calls allowed in a day.
    #[must_use]
    pub const fn with_per_day(mut self, calls: u32) -> Self {
        self.day = Some(calls);
        self
    }

    /// Sets the calls allowed in a month.
    #[must_use]
    pub const fn with_per_month(mut self, calls: u32) -> Self {
        self.month = Some(calls);
        self
    }

    /// The calls allowed in a minute; `None` when the vendor states no limit.
    #[must_use]
    pub const fn per_minute(&self) -> Option<u32> {
        self.minute
    }

    /// The calls allowed in an hour; `None` when the vendor states no limit.
    #[must_use]
    pub const fn per_hour(&self) -> Option<u32> {
        self.hour
    }

    /// The calls allowed in a day; `None` when the vendor states no limit.
    #[must_use]
    pub const fn per_day(&self) -> Option<u32> {
        self.day
    }

    /// The calls allowed in a month; `None` when the vendor states no limit.
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
    fn a_path_is_refused_when_it_could_not_be_appended_to_a_base_url() {
        for path in ["", "/a", "a/", "a//b", "a?b", "a b", "../a", "https://a/b"] {
            assert!(!is_path(path), "{path:?} was accepted");
        }
        assert!(is_path("corpgroup/corp/get_chain_list"));
    }

    #[test]
    fn a_get_is_safe_and_a_post_is_not_idempotent_until_said_otherwise() {
        assert_eq!(Endpoint::get("a", "a").safety(), Safety::Safe);
        assert_eq!(Endpoint::post("a", "a").safety(), Safety::NotIdempotent);
    }
}
