//! Forward proxies: which one a host is reached through, and as whom.

use std::env;
use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use thiserror::Error;
use wecom_core::Secret;

/// A forward proxy, or what the environment says of proxies.
///
/// WeCom takes calls from trusted addresses only (企业可信IP), and answers those from any other with errcode 60020. Where
/// the machines of a service come and go, one proxy with a fixed address is what can be put on that list: all calls
/// that count on it have to go through it, so nothing here falls back to a direct connection.
///
/// | URL | what it is |
/// |---|---|
/// | `http://host:port` | an HTTP proxy that is asked for a tunnel (`CONNECT`); port 80 unless it says otherwise |
/// | `socks5h://host:port` | a SOCKS5 proxy that resolves the server's name; port 1080 unless it says otherwise |
/// | `socks5://host:port` | a SOCKS5 proxy that is given an address: the name is resolved on this side |
///
/// A URL without a scheme is one of an HTTP proxy. A user and a password stand before the host, `user:password@`, with
/// what has a meaning in URLs written as `%40`; or they are [given apart](Proxy::with_credentials). They are kept as a
/// [`Secret`], and no text of any error holds them.
///
/// Every request goes through a tunnel, one for an `http://` base URL too: TLS is with the server itself, and neither
/// the token nor the body is shown to the proxy of an `https://` call. A proxy that is itself spoken to over TLS
/// (`https://proxy`) is not supported.
///
/// # When it fails
///
/// Nothing is sent in any of these cases:
///
/// | what happened | kind |
/// |---|---|
/// | the proxy wants credentials, or others (407) | `Connect` |
/// | the proxy refuses the tunnel (403, 502, ...), or closes | `Connect` |
/// | the proxy can't be reached | `Dns`, `Connect` |
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
#[derive(Clone)]
pub struct Proxy {
    pub(crate) https: Option<ProxyServer>,
    pub(crate) http: Option<ProxyServer>,
    pub(crate) bypass: String,
}

impl Proxy {
    /// The proxy at this URL, for all that is called.
    ///
    /// # Errors
    ///
    /// A [`ProxyError`] when the URL is not that of a proxy.
    pub fn new(url: &str) -> Result<Self, ProxyError> {
        let server = ProxyServer::at(url)?;
        Ok(Self { https: Some(server.clone()), http: Some(server), bypass: String::new() })
    }

    /// What the environment says, read now: `HTTPS_PROXY` for `https://` base URLs, `HTTP_PROXY` for `http://` ones,
    /// `ALL_PROXY` for either, and in `NO_PROXY` what to [bypass](Proxy::bypassing). Each may be in small letters as
    /// well; the one in capitals goes first, and an empty one counts as none.
    ///
    /// Without any of them everything goes direct. As elsewhere, `HTTP_PROXY` is not heeded inside a CGI program (where
    /// `REQUEST_METHOD` is set): there it is the client's header `Proxy`.
    ///
    /// # Errors
    ///
    /// A [`ProxyError`] that names the variable when what it holds is not the URL of a proxy. Going direct instead
    /// would call from an address that is not trusted.
    pub fn from_environment() -> Result<Self, ProxyError> {
        Self::from_variables(|name| env::var(name).ok())
    }

    fn from_variables(get: impl Fn(&'static str) -> Option<String>) -> Result<Self, ProxyError> {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| get(name).filter(|value| !value.is_empty()).map(|value| (name, value)))
        };
        let server = |names| match first(names) {
            Some((name, value)) => ProxyServer::at(&value).map(Some).map_err(|error| error.in_variable(name)),
            None => Ok(None),
        };
        let any = server(["ALL_PROXY", "all_proxy"])?;
        let of_http = if get("REQUEST_METHOD").is_some() { None } else { server(["HTTP_PROXY", "http_proxy"])? };
        Ok(Self {
            https: server(["HTTPS_PROXY", "https_proxy"])?.or_else(|| any.clone()),
            http: of_http.or(any),
            bypass: first(["NO_PROXY", "no_proxy"]).map(|(_, value)| value).unwrap_or_default(),
        })
    }

    /// The same proxy with a user and a password, in the place of any that the URL has. They are taken as they are.
    ///
    /// # Errors
    ///
    /// A [`ProxyError`] when the proxy can't be given them: SOCKS5 takes from 1 to 255 bytes of either, and HTTP no
    /// colon in the user's name.
    pub fn with_credentials(mut self, user: impl Into<String>, password: Secret) -> Result<Self, ProxyError> {
        let user = user.into();
        for server in [&mut self.https, &mut self.http].into_iter().flatten() {
            server.credentials = Some(Credentials::new(server.protocol, &user, &password)?);
        }
        Ok(self)
    }

    /// The same proxy, bypassed for these hosts: names, which stand for all that lies below them too, addresses and
    /// networks (`10.0.0.0/8`), separated by commas; `*` is all. This takes the place of an earlier list.
    #[must_use]
    pub fn bypassing(mut self, hosts: impl Into<String>) -> Self {
        self.bypass = hosts.into();
        self
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

/// What is spoken with a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http,
    /// SOCKS5 with names resolved on this side.
    Socks5,
    /// SOCKS5 with names resolved by the proxy.
    Socks5h,
}

/// One proxy: where it is, what it speaks, and who it is told we are.
#[derive(Clone)]
pub(crate) struct ProxyServer {
    pub(crate) protocol: Protocol,
    /// `http://host:port/`, whatever the protocol: it is dialled, and not a proxy's URL any more.
    pub(crate) address: Uri,
    pub(crate) credentials: Option<Credentials>,
}

/// Credentials in the shape in which the protocol takes them.
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
    fn at(url: &str) -> Result<Self, ProxyError> {
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
        // The matcher takes user and password off, and undoes their percent-encoding.
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
    fn new(protocol: Protocol, user: &str, password: &Secret) -> Result<Self, ProxyError> {
        if protocol == Protocol::Http {
            return Self::basic(user, password);
        }
        let fits = |text: &str| (1..=255).contains(&text.len());
        if !fits(user) || !fits(password.expose()) {
            return Err(ProxyError::new(Problem::Credentials));
        }
        Ok(Self::Socks { user: Secret::new(user), password: password.clone() })
    }

    /// The matcher knows how they are put in a header: so it is given them as they stand in a URL.
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

/// `http://host:port/` of a URL whose port may be left out; `None` where there is no host, or the port is none.
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

/// Why something is not a proxy's URL. Its texts never hold what was given.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{problem}", variable.map(|name| format!("the environment variable {name}: ")).unwrap_or_default())]
pub struct ProxyError {
    variable: Option<&'static str>,
    problem: Problem,
}

impl ProxyError {
    fn new(problem: Problem) -> Self {
        Self { variable: None, problem }
    }

    fn in_variable(self, name: &'static str) -> Self {
        Self { variable: Some(name), ..self }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
enum Problem {
    #[error(
        "this is not the URL of a proxy: it has to look like http://host:port, with what has a meaning in URLs \
         percent-encoded in the user and the password"
    )]
    Url,
    #[error("a proxy's URL begins with http://, socks5:// or socks5h://, and no other kind of proxy is supported")]
    Scheme,
    #[error("a proxy's URL has no path: if that is part of the user or the password, percent-encode it")]
    Path,
    #[error(
        "these credentials can't be given to a proxy: SOCKS5 takes from 1 to 255 bytes of the user and of the \
         password, and HTTP no colon in the user"
    )]
    Credentials,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(url: &str) -> Problem {
        let error = Proxy::new(url).unwrap_err();
        let text = format!("{error} {error:?}");
        assert!(!text.contains("canary"), "{text}");
        error.problem
    }

    fn basic(proxy: &Proxy) -> &str {
        match &proxy.https.as_ref().unwrap().credentials {
            Some(Credentials::Basic(value)) => value.to_str().unwrap(),
            _ => panic!("these are not basic"),
        }
    }

    #[test]
    fn the_port_depends_on_the_scheme_where_it_is_left_out() {
        let cases = [
            ("http://proxy.example", Protocol::Http, "proxy.example:80"),
            ("proxy.example:3128", Protocol::Http, "proxy.example:3128"),
            ("http://[::1]:3128/", Protocol::Http, "[::1]:3128"),
            ("socks5://proxy.example", Protocol::Socks5, "proxy.example:1080"),
            ("socks5h://canary:canary@[::1]", Protocol::Socks5h, "[::1]:1080"),
        ];
        for (url, protocol, address) in cases {
            let server = ProxyServer::at(url).unwrap();
            assert_eq!((server.protocol, server.address.authority().unwrap().as_str()), (protocol, address), "{url}");
        }
    }

    #[test]
    fn what_is_not_a_proxys_url_is_refused_without_being_shown() {
        for url in ["", "canary canary", "http://", "http://canary:canary@", "http://proxy.example:canary"] {
            assert_eq!(problem(url), Problem::Url, "{url}");
        }
        for url in ["https://canary.example", "socks4://canary.example", "canary://canary.example"] {
            assert_eq!(problem(url), Problem::Scheme, "{url}");
        }
        // A slash in a password ends the host as URLs have it.
        assert_eq!(problem("http://user:12/canary@proxy.example"), Problem::Path);
        assert_eq!(problem(&format!("socks5://canary:{}@proxy.example", "x".repeat(256))), Problem::Credentials);
        assert_eq!(problem("socks5://canary@proxy.example"), Problem::Credentials);
    }

    #[test]
    fn credentials_are_the_same_in_the_url_and_apart() {
        let in_url = Proxy::new("http://us%65r:p%40ss%2F@proxy.example").unwrap();
        let apart = Proxy::new("http://old:old@proxy.example").unwrap();
        let apart = apart.with_credentials("user", Secret::new("p@ss/")).unwrap();
        // user:p@ss/
        assert_eq!((basic(&in_url), basic(&apart)), ("Basic dXNlcjpwQHNzLw==", "Basic dXNlcjpwQHNzLw=="));
    }

    #[test]
    fn credentials_are_not_shown() {
        for url in ["http://canary:canary@proxy.example", "socks5://canary:canary@proxy.example"] {
            let text = format!("{:?}", Proxy::new(url).unwrap());
            assert!(!text.contains("canary") && text.contains("proxy.example"), "{text}");
        }
    }

    #[test]
    fn a_user_with_a_colon_is_refused_where_it_would_become_another_user() {
        let proxy = Proxy::new("http://proxy.example").unwrap();
        let error = proxy.with_credentials("a:b", Secret::new("c")).unwrap_err();
        assert_eq!(error.problem, Problem::Credentials);
    }

    fn of_variables(variables: &[(&str, &str)]) -> Result<[Option<String>; 2], ProxyError> {
        let get = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        let proxy = Proxy::from_variables(get)?;
        let host = |server: Option<ProxyServer>| server.map(|server| server.address.host().unwrap().to_owned());
        Ok([host(proxy.https), host(proxy.http)])
    }

    fn hosts(https: &str, http: &str) -> Result<[Option<String>; 2], ProxyError> {
        Ok([https, http].map(|host| Some(host.to_owned()).filter(|host| !host.is_empty())))
    }

    #[test]
    fn each_scheme_has_a_variable_and_all_have_one_more() {
        assert_eq!(of_variables(&[]), hosts("", ""));
        assert_eq!(of_variables(&[("HTTPS_PROXY", "http://a")]), hosts("a", ""));
        assert_eq!(of_variables(&[("http_proxy", "http://a")]), hosts("", "a"));
        assert_eq!(of_variables(&[("ALL_PROXY", "socks5://a"), ("https_proxy", "b:1")]), hosts("b", "a"));
        assert_eq!(of_variables(&[("HTTPS_PROXY", ""), ("https_proxy", "http://b")]), hosts("b", ""));
        assert_eq!(of_variables(&[("HTTPS_PROXY", "http://a"), ("https_proxy", "http://b")]), hosts("a", ""));
    }

    #[test]
    fn in_a_cgi_program_the_variable_that_its_client_sets_is_not_heeded() {
        let variables = [("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://a"), ("HTTPS_PROXY", "http://b")];
        assert_eq!(of_variables(&variables), hosts("b", ""));
    }

    #[test]
    fn a_variable_that_holds_no_proxy_is_an_error_that_names_it() {
        let error = of_variables(&[("https_proxy", "https://canary")]).unwrap_err().to_string();
        assert!(error.contains("https_proxy") && !error.contains("canary"), "{error}");
    }
}
