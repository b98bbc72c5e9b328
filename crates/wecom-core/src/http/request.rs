//! The request that a transport sends.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::endpoint::descriptor::{Endpoint, Method};
use crate::error::language::Language;
use crate::http::base_url::BaseUrl;
use crate::http::headers::Headers;
use crate::http::query::{Query, QueryValue};
use crate::secret::forms::percent_encoded;
use crate::secret::{AccessToken, Secret};

/// The name of the access token in the query.
const TOKEN_NAME: &str = "access_token";

/// A request for a [`Transport`](crate::Transport) to send.
///
/// It refers to the [`Endpoint`] that it calls. Its `Debug` form shows no secret. Its URL contains the access token, so only
/// [`Request::expose_url`] returns it: pass that text to the HTTP library and to nothing else.
///
/// ```
/// use wecom_core::{AccessToken, Endpoint, Request};
///
/// const GET_CHAIN_LIST: Endpoint =
///     Endpoint::get("get_chain_list", "corpgroup/corp/get_chain_list");
///
/// let request = Request::new(&GET_CHAIN_LIST).with_token(AccessToken::new("the-token"));
/// assert_eq!(
///     request.expose_url(),
///     "https://qyapi.weixin.qq.com/cgi-bin/corpgroup/corp/get_chain_list\
///         ?access_token=the-token",
/// );
/// assert!(!format!("{request:?}").contains("the-token"));
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    endpoint: &'static Endpoint,
    base: BaseUrl,
    token: Option<AccessToken>,
    /// The tokens of earlier attempts, which an errmsg may still quote.
    earlier_tokens: Vec<AccessToken>,
    query: Query,
    user_agent: Option<Arc<str>>,
    headers: Headers,
    body: Option<Bytes>,
    body_secrets: Vec<Secret>,
    has_ticket: bool,
    time_limit: Option<Duration>,
    attempt: u32,
    error_language: Language,
}

impl Request {
    /// Creates a request with the vendor's base URL and without query, body and token.
    #[must_use]
    pub fn new(endpoint: &'static Endpoint) -> Self {
        Self {
            endpoint,
            base: BaseUrl::default(),
            token: None,
            earlier_tokens: Vec::new(),
            query: Query::new(),
            user_agent: None,
            headers: Headers::new(),
            body: None,
            body_secrets: Vec::new(),
            has_ticket: false,
            time_limit: None,
            attempt: 1,
            error_language: Language::English,
        }
    }

    /// Creates the request of a typed call.
    pub(crate) fn of_call(
        endpoint: &'static Endpoint,
        query: Query,
        body: Option<Bytes>,
        body_secrets: Vec<Secret>,
        has_ticket: bool,
    ) -> Self {
        Self { query, body, body_secrets, has_ticket, ..Self::new(endpoint) }
    }

    /// Sets the base URL.
    #[must_use]
    pub fn with_base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }

    /// Sets or replaces the access token.
    #[must_use]
    pub fn with_token(mut self, token: AccessToken) -> Self {
        self.set_token(token);
        self
    }

    /// Sets the query, without the access token.
    #[must_use]
    pub fn with_query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    /// Sets the JSON body.
    #[must_use]
    pub fn with_body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sets the `User-Agent` header.
    #[must_use]
    pub fn with_user_agent(mut self, user_agent: impl Into<Arc<str>>) -> Self {
        self.user_agent = Some(user_agent.into());
        self
    }

    /// Appends a header, such as one for a gateway. Its value is never shown.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push(name, value);
        self
    }

    /// Sets the time limit that the transport applies, from connecting to the last byte of the reply. Durations of less
    /// than a millisecond, including zero, are limits too.
    #[must_use]
    pub fn with_time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// Sets the number of the attempt, starting with 1.
    #[must_use]
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Sets the language in which an error of its reply explains WeCom's code.
    #[must_use]
    pub fn with_error_language(mut self, language: Language) -> Self {
        self.error_language = language;
        self
    }

    /// Sets what is the same for every request of a client.
    pub(crate) fn address(&mut self, base: BaseUrl, user_agent: Arc<str>, error_language: Language) {
        self.base = base;
        self.user_agent = Some(user_agent);
        self.error_language = error_language;
    }

    pub(crate) fn set_token(&mut self, token: AccessToken) {
        // More than the attempts of any call.
        const MOST: usize = 8;
        let earlier = self.token.replace(token).filter(|earlier| Some(earlier) != self.token.as_ref());
        self.earlier_tokens.extend(earlier.filter(|_| self.earlier_tokens.len() < MOST));
    }

    pub(crate) fn set_attempt(&mut self, attempt: u32, time_limit: Option<Duration>) {
        self.attempt = attempt;
        self.time_limit = time_limit;
    }

    /// Sets the secrets in the body, which no error may show if the reply quotes them.
    #[must_use]
    pub fn with_body_secrets(mut self, secrets: Vec<Secret>) -> Self {
        self.body_secrets = secrets;
        self
    }

    /// Whether the call carries a ticket that lifts frequency limits.
    pub(crate) fn has_ticket(&self) -> bool {
        self.has_ticket
    }

    /// The endpoint. Wrappers, mocks and metrics match on it instead of the URL.
    #[must_use]
    pub fn endpoint(&self) -> &'static Endpoint {
        self.endpoint
    }

    /// The HTTP method.
    #[must_use]
    pub fn method(&self) -> Method {
        self.endpoint.method()
    }

    /// The base URL.
    #[must_use]
    pub fn base_url(&self) -> &BaseUrl {
        &self.base
    }

    /// The access token; `None` if the call needs none.
    #[must_use]
    pub fn token(&self) -> Option<&AccessToken> {
        self.token.as_ref()
    }

    /// The query without the access token.
    #[must_use]
    pub fn query(&self) -> &Query {
        &self.query
    }

    /// The headers to send: `accept`, `user-agent` and `content-type`, if any, and those that were added. The HTTP library
    /// adds `host` and `content-length`.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        const JSON: &[u8] = b"application/json";
        let agent = self.user_agent.as_deref().map(|agent| ("user-agent", agent.as_bytes()));
        let content_type = self.body.as_ref().map(|_| ("content-type", JSON));
        [Some(("accept", JSON)), agent, content_type].into_iter().flatten().chain(self.headers.iter())
    }

    /// The JSON body; `None` for a `GET`.
    #[must_use]
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// The time limit; `None` to apply the transport's own limit.
    #[must_use]
    pub fn time_limit(&self) -> Option<Duration> {
        self.time_limit
    }

    /// The number of the attempt, starting with 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// The language in which an error of the reply explains WeCom's code.
    #[must_use]
    pub fn error_language(&self) -> Language {
        self.error_language
    }

    /// Returns the URL **including the access token**, for the HTTP library. Never put it into a log or an error.
    #[must_use]
    pub fn expose_url(&self) -> String {
        let (base, path) = (self.base.as_str(), self.endpoint.path());
        let token = self.token.as_ref().map(AccessToken::expose_encoded);
        let pairs = || self.query.iter().map(|(name, value)| (name, value.expose()));
        // Encoded values are longer, which costs another allocation.
        let of_pairs: usize = pairs().map(|(name, value)| name.len() + value.len() + 2).sum();
        let of_token = token.map_or(0, |token| TOKEN_NAME.len() + token.len() + 2);
        let mut url = String::with_capacity(base.len() + path.len() + of_token + of_pairs);
        url.push_str(base);
        url.push_str(path);
        let mut sign = "?";
        if let Some(token) = token {
            url.extend([sign, TOKEN_NAME, "=", token]);
            sign = "&";
        }
        for (name, value) in pairs() {
            url.extend([sign, name, "="]);
            url.extend(percent_encoded(value));
            sign = "&";
        }
        url
    }

    /// Returns the secrets of the request: the access token and those of earlier attempts, secret query values, and secrets in
    /// the body.
    ///
    /// Programs that keep recordings or logs create a [`Redactor`](crate::secret::Redactor) from them.
    pub fn expose_secrets(&self) -> impl Iterator<Item = &str> {
        let in_query = self.query.iter().filter_map(|(_, value)| match value {
            QueryValue::Public(_) => None,
            QueryValue::Secret(secret) => Some(secret.expose()),
        });
        let in_body = self.body_secrets.iter().map(Secret::expose);
        let tokens = self.token.iter().chain(&self.earlier_tokens).map(AccessToken::expose);
        tokens.chain(in_query).chain(in_body)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("endpoint", &self.endpoint.name())
            .field("method", &self.method())
            .field("path", &self.endpoint.path())
            .field("query", &ShownQuery(self))
            .field("added_headers", &self.headers)
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("time_limit", &self.time_limit)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

/// The query with its secrets masked, including the access token.
struct ShownQuery<'a>(&'a Request);

impl fmt::Debug for ShownQuery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Request { token, query, .. } = self.0;
        match (token.is_some(), query.is_empty()) {
            (true, true) => f.write_str("access_token=***"),
            (true, false) => write!(f, "access_token=***&{query:?}"),
            (false, _) => write!(f, "{query:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: Endpoint = Endpoint::get("get_result", "corpgroup/getresult");

    #[test]
    fn a_token_that_is_set_twice_occurs_once_in_the_url() {
        let request = Request::new(&ENDPOINT).with_token(AccessToken::new("old")).with_token(AccessToken::new("new"));
        assert_eq!(request.expose_url(), "https://qyapi.weixin.qq.com/cgi-bin/corpgroup/getresult?access_token=new");
    }

    #[test]
    fn values_are_percent_encoded() {
        let mut query = Query::new();
        query.push("jobid", "a b&c=d/企");
        let request = Request::new(&ENDPOINT).with_query(query);
        assert!(request.expose_url().ends_with("?jobid=a%20b%26c%3Dd%2F%E4%BC%81"));
    }

    #[test]
    fn the_debug_form_shows_neither_token_nor_secret_nor_added_header() {
        let mut query = Query::new();
        query.push_secret("corpsecret", Secret::new("canary-1"));
        let request = Request::new(&ENDPOINT)
            .with_token(AccessToken::new("canary-2"))
            .with_query(query)
            .with_header("x-gateway-key", "canary-3")
            .with_body("canary-4");
        let text = format!("{request:?} {request:#?}");
        assert!(!text.contains("canary"), "{text}");
        assert!(text.contains("access_token=***&corpsecret=***"), "{text}");
    }

    #[test]
    fn a_url_without_encoded_values_is_allocated_once() {
        let mut query = Query::new();
        query.push("jobid", "0123456789");
        query.push("x", "y");
        let bare = Request::new(&ENDPOINT);
        let with_token = bare.clone().with_token(AccessToken::new("the-token"));
        for request in [bare, with_token.clone(), with_token.with_query(query)] {
            let url = request.expose_url();
            assert_eq!(url.capacity(), url.len(), "{url}");
        }
    }
}
