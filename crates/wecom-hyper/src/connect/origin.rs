//! A server: scheme, host and port.

use std::sync::OnceLock;

use http::{HeaderMap, HeaderValue, Uri, uri::Authority};
use wecom_core::BaseUrl;

/// The scheme, host and port of a base URL.
#[derive(Debug)]
pub(crate) struct Origin {
    is_https: bool,
    /// The part of the base URL before its path, with the slash that begins the path.
    prefix: String,
    /// `scheme://host:port/`, with the port only if the base URL has one.
    uri: Uri,
    authority: Authority,
    /// The value of the `host` header.
    host: HeaderValue,
    /// The headers of the first request without a body, and of the first one with a body. Most others share them.
    usual_headers: [OnceLock<HeaderMap>; 2],
}

impl Origin {
    /// `None` if the authority is not valid, which a parsed base URL rules out.
    pub(crate) fn new(is_https: bool, authority: &str) -> Option<Self> {
        let authority: Authority = authority.parse().ok()?;
        let (scheme, default_port) = if is_https { ("https", 443) } else { ("http", 80) };
        let shown = match authority.port_u16() {
            Some(port) if port != default_port => authority.as_str(),
            _ => authority.host(),
        };
        let host = HeaderValue::from_str(shown).ok()?;
        let uri = Uri::builder().scheme(scheme).authority(authority.clone()).path_and_query("/").build().ok()?;
        let prefix = format!("{scheme}://{authority}/");
        Some(Self { is_https, prefix, uri, authority, host, usual_headers: Default::default() })
    }

    /// Whether this is the server with this scheme and authority.
    pub(crate) fn is(&self, is_https: bool, authority: &str) -> bool {
        self.is_https == is_https && self.authority.as_str() == authority
    }

    /// Whether this is the server of the base URL.
    pub(crate) fn is_of(&self, base: &BaseUrl) -> bool {
        base.as_str().starts_with(&self.prefix)
    }

    /// Where the path begins in a base URL of this server.
    pub(crate) fn path_start(&self) -> usize {
        self.prefix.len() - 1
    }

    #[cfg(any(feature = "http2", not(any(feature = "ring", feature = "aws-lc-rs"))))]
    pub(crate) fn is_https(&self) -> bool {
        self.is_https
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    pub(crate) fn usual_headers(&self, has_body: bool) -> &OnceLock<HeaderMap> {
        let [without_body, with_body] = &self.usual_headers;
        if has_body { with_body } else { without_body }
    }

    pub(crate) fn host(&self) -> &HeaderValue {
        &self.host
    }

    /// The URL of a path on this server, as HTTP/2 sends it.
    #[cfg(feature = "http2")]
    pub(crate) fn absolute(&self, path: Uri) -> Option<Uri> {
        let mut parts = path.into_parts();
        parts.scheme = self.uri.scheme().cloned();
        parts.authority = Some(self.authority.clone());
        Uri::from_parts(parts).ok()
    }

    /// The name that the server's certificate has to contain; `None` for a server without TLS.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub(crate) fn server_name(
        &self,
    ) -> Result<Option<rustls::pki_types::ServerName<'static>>, super::failure::ConnectFailure> {
        if !self.is_https {
            return Ok(None);
        }
        let host = self.authority.host();
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = rustls::pki_types::ServerName::try_from(bare.to_owned());
        name.map(Some).map_err(|error| super::failure::ConnectFailure::Tls(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_header_leaves_out_the_default_port() {
        for (is_https, authority, host) in [
            (true, "a.example:443", "a.example"),
            (true, "a.example:80", "a.example:80"),
            (false, "a.example:80", "a.example"),
            (false, "[::1]:8080", "[::1]:8080"),
            (true, "a.example", "a.example"),
        ] {
            assert_eq!(Origin::new(is_https, authority).unwrap().host(), host, "{authority}");
        }
    }

    #[test]
    fn a_base_url_belongs_to_the_server_with_its_scheme_host_and_port() {
        let origin = Origin::new(true, "a.example").unwrap();
        for (base, is_of) in [
            ("https://a.example", true),
            ("https://a.example/cgi-bin/", true),
            ("http://a.example/", false),
            ("https://a.example:443/", false),
            ("https://a.example.com/", false),
        ] {
            assert_eq!(origin.is_of(&base.parse().unwrap()), is_of, "{base}");
        }
    }

    #[test]
    fn a_request_with_a_body_and_one_without_have_their_own_usual_headers() {
        let origin = Origin::new(true, "a.example").unwrap();
        origin.usual_headers(true).set(HeaderMap::with_capacity(1)).unwrap();
        assert!(origin.usual_headers(true).get().is_some());
        assert!(origin.usual_headers(false).get().is_none());
    }

    #[cfg(feature = "http2")]
    #[test]
    fn the_absolute_url_of_a_path_has_the_scheme_and_the_port_of_the_server() {
        let origin = Origin::new(true, "a.example:8443").unwrap();
        let absolute = origin.absolute(Uri::from_static("/cgi-bin/get?a=1")).unwrap();
        assert_eq!(absolute, "https://a.example:8443/cgi-bin/get?a=1");
    }
}
