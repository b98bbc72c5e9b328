//! Forward proxies: which proxy a server is reached through, and with which credentials.

pub(crate) mod bypass;
mod error;
pub(crate) mod server;

use std::env;
use std::ffi::OsString;
use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use wecom_core::Secret;

use crate::proxy::bypass::Bypass;
pub use crate::proxy::error::ProxyError;
use crate::proxy::server::{Credentials, ProxyServer};

/// A forward proxy, or the proxies that the environment names.
///
/// WeCom accepts calls from trusted addresses only (企业可信IP) and answers all others with errcode 60020. If a program's
/// machines have no fixed addresses, one proxy with a fixed address can be added to that list. Every call then has to go
/// through the proxy, so no call falls back to a direct connection.
///
/// | URL | proxy |
/// |---|---|
/// | `http://host:port` | HTTP proxy, asked for a tunnel with `CONNECT`; default port 80 |
/// | `socks5h://host:port` | SOCKS5 proxy that resolves the server's name; default port 1080 |
/// | `socks5://host:port` | SOCKS5 proxy that receives an address: the name is resolved locally |
///
/// A URL without a scheme means an HTTP proxy. Credentials precede the host as `user:password@`, percent-encoded
/// (`%40` for `@`), or are [set separately](Proxy::with_credentials). They are kept as a [`Secret`]; no error text
/// contains them.
///
/// Every request goes through a tunnel, also for an `http://` base URL. TLS runs between this client and the server, so
/// the proxy of an `https://` call sees neither the token nor the body. A proxy that itself requires TLS
/// (`https://proxy`) is not supported.
///
/// # Errors of a call
///
/// Nothing has been sent in any of these cases:
///
/// | failure | kind |
/// |---|---|
/// | proxy authentication required (407) | `Connect` |
/// | the proxy refuses the tunnel (403, 502, ...) or closes the connection | `Connect` |
/// | the proxy is unreachable | `Dns`, `Connect` |
/// | the proxy does not answer within the connect limit | `Timeout` |
///
/// ```
/// use wecom_core::Secret;
/// use wecom_hyper::{HyperTransport, Proxy};
///
/// let proxy = Proxy::new("http://proxy.example:3128")?
///     .with_credentials("gateway", Secret::new("the-password"))?
///     .bypassing("localhost, 10.0.0.0/8");
/// let builder = HyperTransport::builder().proxy(proxy);
/// # let _ = builder;
/// # Ok::<(), wecom_hyper::ProxyError>(())
/// ```
///
/// It can be deserialized from a configuration: either from a URL, or from a map with the field `url` and optionally
/// `user`, `password` and `bypass`. An unknown field is an error. No error text contains a value.
///
/// ```
/// let json =
///     r#"{"url": "http://proxy.example:3128", "bypass": "localhost, 10.0.0.0/8"}"#;
/// let proxy: wecom_hyper::Proxy = serde_json::from_str(json)?;
/// # let _ = proxy;
/// let proxy: wecom_hyper::Proxy = serde_json::from_str(r#""socks5h://proxy.example""#)?;
/// # let _ = proxy;
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone)]
pub struct Proxy {
    https: Option<ProxyServer>,
    http: Option<ProxyServer>,
    bypass: Bypass,
}

/// The form of a [`Proxy`] in a configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProxyConfig {
    url: String,
    user: Option<String>,
    password: Option<Secret>,
    bypass: Option<String>,
}

impl TryFrom<ProxyConfig> for Proxy {
    type Error = ProxyError;

    fn try_from(config: ProxyConfig) -> Result<Self, ProxyError> {
        let mut proxy = Self::new(&config.url)?;
        if config.user.is_some() || config.password.is_some() {
            let password = config.password.unwrap_or_else(|| Secret::new(""));
            proxy = proxy.with_credentials(config.user.unwrap_or_default(), password)?;
        }
        Ok(match config.bypass {
            Some(hosts) => proxy.bypassing(hosts),
            None => proxy,
        })
    }
}

impl<'de> Deserialize<'de> for Proxy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ProxyVisitor)
    }
}

/// Accepts a URL or a map.
struct ProxyVisitor;

impl<'de> Visitor<'de> for ProxyVisitor {
    type Value = Proxy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the URL of a proxy, or a map with url")
    }

    fn visit_str<E: Error>(self, url: &str) -> Result<Proxy, E> {
        Proxy::new(url).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Proxy, A::Error> {
        ProxyConfig::deserialize(MapAccessDeserializer::new(map))?.try_into().map_err(A::Error::custom)
    }
}

impl FromStr for Proxy {
    type Err = ProxyError;

    fn from_str(url: &str) -> Result<Self, ProxyError> {
        Self::new(url)
    }
}

impl Proxy {
    /// Creates a proxy for all calls from its URL.
    ///
    /// # Errors
    ///
    /// Returns a [`ProxyError`] if the URL is not the URL of a supported proxy.
    pub fn new(url: &str) -> Result<Self, ProxyError> {
        let server = ProxyServer::parse(url)?;
        Ok(Self { https: Some(server.clone()), http: Some(server), bypass: Bypass::default() })
    }

    /// Reads the proxies from the environment, once: `HTTPS_PROXY` for `https://` base URLs, `HTTP_PROXY` for `http://`
    /// ones, `ALL_PROXY` for both, and `NO_PROXY` for the hosts to [bypass](Proxy::bypassing).
    ///
    /// Each name also works in lower case; the upper-case name takes precedence, and an empty value counts as unset.
    /// Without any of them all calls are direct. `HTTP_PROXY` is ignored inside a CGI program (where `REQUEST_METHOD` is
    /// set), because there the client's `Proxy` header sets it.
    ///
    /// # Errors
    ///
    /// Returns a [`ProxyError`] that names the variable if its value is not the URL of a supported proxy or not valid
    /// UTF-8. A direct call would come from an untrusted address.
    pub fn from_env() -> Result<Self, ProxyError> {
        Self::from_variables(env::var_os)
    }

    fn from_variables(get: impl Fn(&'static str) -> Option<OsString>) -> Result<Self, ProxyError> {
        let first = |names: [&'static str; 2]| {
            let set = names.into_iter().find_map(|name| Some((name, get(name).filter(|value| !value.is_empty())?)));
            set.map(|(name, value)| match value.into_string() {
                Ok(value) => Ok((name, value)),
                Err(_) => Err(ProxyError::not_utf8(name)),
            })
            .transpose()
        };
        let server = |names| match first(names)? {
            Some((name, value)) => ProxyServer::parse(&value).map(Some).map_err(|error| error.in_variable(name)),
            None => Ok(None),
        };
        let any = server(["ALL_PROXY", "all_proxy"])?;
        let http = if get("REQUEST_METHOD").is_some() { None } else { server(["HTTP_PROXY", "http_proxy"])? };
        Ok(Self {
            https: server(["HTTPS_PROXY", "https_proxy"])?.or_else(|| any.clone()),
            http: http.or(any),
            bypass: first(["NO_PROXY", "no_proxy"])?.map(|(_, hosts)| Bypass::parse(&hosts)).unwrap_or_default(),
        })
    }

    /// Sets the user and the password, replacing those of the URL. Both are used as given, without decoding.
    ///
    /// # Errors
    ///
    /// Returns a [`ProxyError`] if the protocol can't carry them: SOCKS5 allows 1 to 255 bytes for each, and HTTP no
    /// colon in the user.
    pub fn with_credentials(mut self, user: impl Into<String>, password: Secret) -> Result<Self, ProxyError> {
        let user = user.into();
        for server in [&mut self.https, &mut self.http].into_iter().flatten() {
            server.credentials = Some(Credentials::new(server.protocol, &user, &password)?);
        }
        Ok(self)
    }

    /// Sets the hosts that are called directly, in the format of `NO_PROXY`: entries separated by commas or spaces.
    /// Replaces an earlier list.
    ///
    /// | entry | matches |
    /// |---|---|
    /// | `*` | every host |
    /// | `example.com`, `.example.com`, `*.example.com`, `example.com.` | the name and all its subdomains |
    /// | `192.0.2.1`, `::1`, `[::1]` | the address |
    /// | `10.0.0.0/8`, `fd00::/8` | all addresses of the network |
    /// | any name or address with a port: `example.com:8443`, `[::1]:8443` | the same, on that port only |
    ///
    /// An entry that matches none of these forms is ignored.
    #[must_use]
    pub fn bypassing(mut self, hosts: impl AsRef<str>) -> Self {
        self.bypass = Bypass::parse(hosts.as_ref());
        self
    }

    /// The proxy through which the target is reached; `None` for a direct connection.
    pub(crate) fn server_for(&self, target: &Uri) -> Option<&ProxyServer> {
        let is_https = target.scheme_str() == Some("https");
        let server = if is_https { &self.https } else { &self.http };
        let port = target.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        server.as_ref().filter(|_| !self.bypass.matches(target.host().unwrap_or_default(), port))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxy")
            .field("https", &self.https)
            .field("http", &self.http)
            .field("bypass", &self.bypass)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts_of(variables: &[(&str, &str)]) -> Result<[Option<String>; 2], ProxyError> {
        let get = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value));
        let proxy = Proxy::from_variables(get)?;
        let host = |server: Option<ProxyServer>| server.map(|server| server.address.host().unwrap().to_owned());
        Ok([host(proxy.https), host(proxy.http)])
    }

    fn hosts(https: &str, http: &str) -> Result<[Option<String>; 2], ProxyError> {
        Ok([https, http].map(|host| Some(host.to_owned()).filter(|host| !host.is_empty())))
    }

    #[test]
    fn each_scheme_has_a_variable_and_both_share_all_proxy() {
        assert_eq!(hosts_of(&[]), hosts("", ""));
        assert_eq!(hosts_of(&[("HTTPS_PROXY", "http://a")]), hosts("a", ""));
        assert_eq!(hosts_of(&[("http_proxy", "http://a")]), hosts("", "a"));
        assert_eq!(hosts_of(&[("ALL_PROXY", "socks5://a"), ("https_proxy", "b:1")]), hosts("b", "a"));
        assert_eq!(hosts_of(&[("HTTPS_PROXY", ""), ("https_proxy", "http://b")]), hosts("b", ""));
        assert_eq!(hosts_of(&[("HTTPS_PROXY", "http://a"), ("https_proxy", "http://b")]), hosts("a", ""));
    }

    #[test]
    fn http_proxy_is_ignored_in_a_cgi_program() {
        let variables = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://a"), ("HTTPS_PROXY", "http://b")];
        assert_eq!(hosts_of(&variables), hosts("b", ""));
    }

    #[test]
    fn a_variable_without_a_proxy_url_is_an_error_that_names_it() {
        let error = hosts_of(&[("https_proxy", "https://canary")]).unwrap_err().to_string();
        assert!(error.contains("https_proxy") && !error.contains("canary"), "{error}");
    }

    #[test]
    fn a_proxy_is_read_from_a_configuration() {
        let json = r#"{"url":"http://proxy.example:3128","user":"gateway","password":"canary\n","bypass":"localhost"}"#;
        let read: Proxy = serde_json::from_str(json).unwrap();
        let built = Proxy::new("http://proxy.example:3128").unwrap().with_credentials("gateway", Secret::new("canary"));
        let target = |uri: &'static str| Uri::from_static(uri);
        let server = |proxy: &Proxy, uri| proxy.server_for(&target(uri)).map(|server| format!("{server:?}"));
        for uri in ["https://qyapi.example", "http://localhost:8900"] {
            assert_eq!(server(&read, uri), server(&built.clone().unwrap().bypassing("localhost"), uri), "{uri}");
        }
        for json in [r#"{"url":"ftp://canary"}"#, r#"{"url":"http://a","proxy":"b"}"#, r#"{"bypass":"a"}"#] {
            let error = serde_json::from_str::<Proxy>(json).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
        assert!("socks5://proxy.example".parse::<Proxy>().is_ok());
    }

    #[test]
    fn a_proxy_in_a_configuration_may_be_a_url() {
        let read: Proxy = serde_json::from_str(r#""http://user:canary@proxy.example:3128""#).unwrap();
        let server = read.server_for(&Uri::from_static("https://a.example")).unwrap();
        assert!(server.address.host() == Some("proxy.example") && server.credentials.is_some());
    }

    #[test]
    fn no_error_of_a_configuration_has_a_value() {
        for json in [
            r#""http://user:987654321@proxy.example:99999""#,
            r#""ftp://user:987654321@proxy.example""#,
            r#"["http://user:987654321@proxy.example"]"#,
            r#"{"url":["http://user:987654321@proxy.example"]}"#,
            r#"{"url":"http://proxy.example","user":"u","password":987654321}"#,
            r#"{"url":"http://proxy.example","user":"u","password":["987654321"]}"#,
        ] {
            let error = serde_json::from_str::<Proxy>(json).map(drop).unwrap_err().to_string();
            assert!(!error.contains("987654321"), "{error}");
        }
    }

    #[test]
    fn a_user_or_a_password_alone_is_used() {
        for credentials in [r#""user":"gateway""#, r#""password":"canary""#] {
            let json = format!(r#"{{"url":"http://proxy.example",{credentials}}}"#);
            let proxy: Proxy = serde_json::from_str(&json).unwrap();
            let server = proxy.server_for(&Uri::from_static("https://a.example")).unwrap();
            assert!(server.credentials.is_some(), "{json}");
        }
    }

    #[test]
    fn debug_output_shows_no_credentials() {
        for url in ["http://canary:canary@proxy.example", "socks5://canary:canary@proxy.example"] {
            let text = format!("{:?}", Proxy::new(url).unwrap());
            assert!(!text.contains("canary") && text.contains("proxy.example"), "{text}");
        }
    }
}
