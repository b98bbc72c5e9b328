//! One proxy server: its address, its protocol and its credentials.

use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use wecom_core::Secret;

use crate::proxy::error::{Problem, ProxyError};

/// The protocol of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    /// SOCKS5 with names resolved locally.
    Socks5,
    /// SOCKS5 with names resolved by the proxy.
    Socks5h,
}

/// A proxy server.
#[derive(Clone)]
pub(crate) struct ProxyServer {
    pub(crate) protocol: Protocol,
    /// `http://host:port/` for every protocol: the address to connect to.
    pub(crate) address: Uri,
    pub(crate) credentials: Option<Credentials>,
}

/// Credentials in the form that the protocol carries.
#[derive(Clone)]
pub(crate) enum Credentials {
    /// The value of `proxy-authorization`, marked as sensitive.
    Basic(HeaderValue),
    Socks {
        user: Secret,
        password: Secret,
    },
}

impl ProxyServer {
    pub(crate) fn parse(url: &str) -> Result<Self, ProxyError> {
        let parsed: Uri = url.trim().parse().map_err(|_| ProxyError::new(Problem::Url))?;
        let (protocol, default_port) = match parsed.scheme_str() {
            None | Some("http") => (Protocol::Http, 80),
            Some("socks5") => (Protocol::Socks5, 1080),
            Some("socks5h") => (Protocol::Socks5h, 1080),
            Some(_) => return Err(ProxyError::new(Problem::Scheme)),
        };
        if !matches!(parsed.path(), "" | "/") || parsed.query().is_some() {
            return Err(ProxyError::new(Problem::Path));
        }
        // The matcher splits off user and password, and decodes them.
        let matched = Matcher::builder().all(url.trim()).build().intercept(&Uri::from_static("https://any.invalid/"));
        let matched = matched.ok_or_else(|| ProxyError::new(Problem::Url))?;
        let address = with_port(matched.uri(), default_port).ok_or_else(|| ProxyError::new(Problem::Url))?;
        let credentials = match (matched.basic_auth(), matched.raw_auth()) {
            (Some(basic), _) => Some(Credentials::Basic(basic.clone())),
            (None, Some((user, password))) => Some(Credentials::new(protocol, user, &Secret::new(password))?),
            (None, None) => None,
        };
        Ok(Self { protocol, address, credentials })
    }
}

impl fmt::Debug for ProxyServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProxyServer")
            .field("protocol", &self.protocol)
            .field("address", &self.address.authority().map(http::uri::Authority::as_str))
            .field("has_credentials", &self.credentials.is_some())
            .finish()
    }
}

impl Credentials {
    pub(crate) fn new(protocol: Protocol, user: &str, password: &Secret) -> Result<Self, ProxyError> {
        if protocol == Protocol::Http {
            return Self::basic(user, password);
        }
        let fits = |text: &str| (1..=255).contains(&text.len());
        if !fits(user) || !fits(password.expose()) {
            return Err(ProxyError::new(Problem::Credentials));
        }
        Ok(Self::Socks { user: Secret::new(user), password: password.clone() })
    }

    /// The matcher builds the header from a URL, so this function creates one.
    fn basic(user: &str, password: &Secret) -> Result<Self, ProxyError> {
        if user.contains(':') {
            return Err(ProxyError::new(Problem::Credentials));
        }
        let url = format!("http://{}:{}@any.invalid", encoded(user), encoded(password.expose()));
        let matched = Matcher::builder().all(url).build().intercept(&Uri::from_static("https://any.invalid/"));
        let header = matched.as_ref().and_then(|matched| matched.basic_auth());
        header.cloned().map(Self::Basic).ok_or_else(|| ProxyError::new(Problem::Credentials))
    }
}

/// Each byte as `%XX`.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// `http://host:port/` for a URL whose port may be missing; `None` without a host or with an invalid port.
pub(crate) fn with_port(url: &Uri, default: u16) -> Option<Uri> {
    let authority = url.authority()?;
    let host = authority.host();
    let port = match authority.as_str().strip_prefix(host)? {
        "" => default,
        port => port.strip_prefix(':')?.parse().ok()?,
    };
    if host.is_empty() {
        return None;
    }
    Uri::builder().scheme("http").authority(format!("{host}:{port}")).path_and_query("/").build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(url: &str) -> Problem {
        let error = ProxyServer::parse(url).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary"), "{text}");
        error.problem()
    }

    fn basic(credentials: &Credentials) -> &str {
        match credentials {
            Credentials::Basic(value) => value.to_str().unwrap(),
            Credentials::Socks { .. } => panic!("SOCKS credentials"),
        }
    }

    #[test]
    fn the_default_port_depends_on_the_scheme() {
        let cases = [
            ("http://proxy.example", Protocol::Http, "proxy.example:80"),
            ("proxy.example:3128", Protocol::Http, "proxy.example:3128"),
            ("http://[::1]:3128/", Protocol::Http, "[::1]:3128"),
            ("socks5://proxy.example", Protocol::Socks5, "proxy.example:1080"),
            ("socks5h://canary:canary@[::1]", Protocol::Socks5h, "[::1]:1080"),
        ];
        for (url, protocol, address) in cases {
            let server = ProxyServer::parse(url).unwrap();
            assert_eq!((server.protocol, server.address.authority().unwrap().as_str()), (protocol, address), "{url}");
        }
    }

    #[test]
    fn an_invalid_url_is_refused_without_repeating_it() {
        for url in ["", "canary canary", "http://", "http://canary:canary@", "http://proxy.example:canary"] {
            assert_eq!(problem(url), Problem::Url, "{url}");
        }
        for url in ["https://canary.example", "socks4://canary.example", "canary://canary.example"] {
            assert_eq!(problem(url), Problem::Scheme, "{url}");
        }
        // In a URL, a slash in a password ends the host.
        assert_eq!(problem("http://user:12/canary@proxy.example"), Problem::Path);
        assert_eq!(problem(&format!("socks5://canary:{}@proxy.example", "x".repeat(256))), Problem::Credentials);
        assert_eq!(problem("socks5://canary@proxy.example"), Problem::Credentials);
    }

    #[test]
    fn credentials_are_the_same_in_the_url_and_set_separately() {
        let in_url = ProxyServer::parse("http://us%65r:p%40ss%2F@proxy.example").unwrap().credentials.unwrap();
        let separate = Credentials::new(Protocol::Http, "user", &Secret::new("p@ss/")).unwrap();
        // user:p@ss/
        assert_eq!((basic(&in_url), basic(&separate)), ("Basic dXNlcjpwQHNzLw==", "Basic dXNlcjpwQHNzLw=="));
    }

    #[test]
    fn a_user_with_a_colon_is_refused_for_http() {
        let error = Credentials::new(Protocol::Http, "a:b", &Secret::new("c")).err().unwrap();
        assert_eq!(error.problem(), Problem::Credentials);
    }
}
