//! The base URL of the API: the vendor's host, or a gateway or private deployment with its own path prefix.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// The URL that the paths of all endpoints are appended to.
///
/// [`BaseUrl::default`] is the vendor's URL. The URL of a gateway may have a path prefix. It must include `cgi-bin` if the
/// gateway's paths do:
///
/// ```
/// use wecom_core::BaseUrl;
///
/// assert_eq!(BaseUrl::default().as_str(), "https://qyapi.weixin.qq.com/cgi-bin/");
///
/// let gateway: BaseUrl = "https://gateway.example.com/wecom/cgi-bin".parse()?;
/// assert_eq!(gateway.as_str(), "https://gateway.example.com/wecom/cgi-bin/");
/// assert!(gateway.is_https());
/// # Ok::<(), wecom_core::http::InvalidBaseUrl>(())
/// ```
#[derive(Clone)]
pub struct BaseUrl {
    /// `None` for the vendor's URL, which needs no allocation.
    text: Option<Arc<str>>,
    https: bool,
}

/// The vendor's URL.
const VENDOR: &str = "https://qyapi.weixin.qq.com/cgi-bin/";

impl BaseUrl {
    /// Parses a base URL. Adds a missing slash at the end.
    ///
    /// # Errors
    ///
    /// [`InvalidBaseUrl`] if the text is not `http://` or `https://` with a host, or has a query, a fragment, a user name or
    /// a character that must be percent-encoded.
    pub fn parse(text: &str) -> Result<Self, InvalidBaseUrl> {
        let (https, rest) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(rest), _) => (true, rest),
            (None, Some(rest)) => (false, rest),
            (None, None) => return Err(InvalidBaseUrl("it must start with https:// (or http:// for a test server)")),
        };
        if rest.bytes().any(|byte| !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte)) {
            return Err(InvalidBaseUrl("it contains a space or a character that must be percent-encoded"));
        }
        if rest.contains(['?', '#']) {
            return Err(InvalidBaseUrl("it has a query or a fragment, but must end with the path"));
        }
        let authority = rest.split('/').next().unwrap_or_default();
        check_authority(authority)?;
        let slash = if rest.ends_with('/') { "" } else { "/" };
        Ok(Self { text: Some(format!("{text}{slash}").into()), https })
    }

    /// The URL, with a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.text.as_deref().unwrap_or(VENDOR)
    }

    /// Whether the URL begins with `https://`.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }
}

fn check_authority(authority: &str) -> Result<(), InvalidBaseUrl> {
    if authority.contains('@') {
        return Err(InvalidBaseUrl("it has a user name or password; a URL must not contain credentials"));
    }
    // The colons inside the brackets of an IPv6 address do not separate a port.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    };
    if !is_host(host) {
        return Err(InvalidBaseUrl("it has no valid host: a name, an IPv4 address, or an IPv6 address in brackets"));
    }
    // `parse` accepts a sign, but a port has none.
    if port.is_some_and(|port| port.starts_with('+') || port.parse::<u16>().is_err()) {
        return Err(InvalidBaseUrl("its port is not a number from 0 to 65535"));
    }
    Ok(())
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)),
    }
}

impl PartialEq for BaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for BaseUrl {}

impl Hash for BaseUrl {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self { text: None, https: true }
    }
}

impl FromStr for BaseUrl {
    type Err = InvalidBaseUrl;

    fn from_str(text: &str) -> Result<Self, InvalidBaseUrl> {
        Self::parse(text)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for BaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for BaseUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// The error of parsing a [`BaseUrl`]. Doesn't include the text, because it may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("invalid base URL: {0}")]
pub struct InvalidBaseUrl(&'static str);

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_host_may_have_a_port_and_a_path_prefix_or_be_an_ipv6_address() {
        for (text, expected) in [
            ("http://127.0.0.1:8900", "http://127.0.0.1:8900/"),
            ("http://[::1]:8900/cgi-bin", "http://[::1]:8900/cgi-bin/"),
            ("http://[::1]", "http://[::1]/"),
            ("https://a.example/b/c/", "https://a.example/b/c/"),
        ] {
            assert_eq!(BaseUrl::parse(text).unwrap().as_str(), expected);
        }
    }

    #[test]
    fn the_vendors_url_is_equal_to_the_default() {
        let parsed = BaseUrl::parse("https://qyapi.weixin.qq.com/cgi-bin").unwrap();
        assert_eq!(parsed, BaseUrl::default());
        assert!(HashSet::from([parsed]).contains(&BaseUrl::default()));
    }

    #[test]
    fn an_invalid_url_is_an_error_that_does_not_quote_it() {
        for text in [
            "",
            "qyapi.weixin.qq.com",
            "ftp://a",
            "https://",
            "https:///a",
            "https://user:canary@a/",
            "https://a/?b=canary",
            "https://a/#b",
            "https://a b/",
            "https://a:port/",
            "https://a:99999/",
            "https://a:+80/",
            "https://a:/",
            "https://企业.cn/",
            "https://::1/",
            "https://[/",
            "https://a]/",
            "https://[]:80/",
            "https://[a]b/",
            "https://%61/",
            "https://*/",
        ] {
            let error = BaseUrl::parse(text).unwrap_err();
            assert!(!error.to_string().contains("canary"), "{error}");
        }
    }
}
