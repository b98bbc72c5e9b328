//! The check of the `Host` header, against DNS rebinding: a web page of a foreign domain that resolves to this machine could
//! otherwise read the page and make calls.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderMap};
use hyper::{Uri, Version};

/// The host names that the server accepts, besides `localhost` and IP addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct AllowedHosts {
    names: Vec<String>,
}

impl AllowedHosts {
    pub(super) fn add(&mut self, name: String) {
        self.names.push(name);
    }

    /// Returns whether a request is for one of the hosts. A request without a host is allowed: browsers always send one.
    pub(super) fn allow(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let header = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or_default());
        uri.host().into_iter().chain(header).all(|host| self.allow_host(host))
    }

    fn allow_host(&self, host: &str) -> bool {
        let name = without_port(host);
        let is = |allowed: &str| name.eq_ignore_ascii_case(allowed);
        is_ip_address(name)
            || is("localhost")
            || name.to_ascii_lowercase().ends_with(".localhost")
            || self.names.iter().any(|allowed| is(allowed))
    }
}

/// Whether a request has exactly one `Host` header, as HTTP/1.1 requires.
pub(super) fn has_one_host(version: Version, headers: &HeaderMap) -> bool {
    match headers.get_all(HOST).iter().count() {
        0 => version < Version::HTTP_11,
        count => count == 1,
    }
}

fn is_ip_address(name: &str) -> bool {
    let bracketed = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    bracketed.unwrap_or(name).parse::<IpAddr>().is_ok()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn localhost_and_ip_addresses_are_allowed_and_names_only_if_added() {
        let mut hosts = AllowedHosts::default();
        hosts.add("wecom-sim".to_owned());
        for host in [
            "localhost",
            "LOCALHOST:8900",
            "app.localhost",
            "127.0.0.1",
            "127.0.0.1:8900",
            "192.0.2.7:1",
            "[::1]",
            "[::1]:8900",
            "wecom-sim",
            "WeCom-Sim:8900",
        ] {
            assert!(hosts.allow_host(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:8900",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "[::1",
            "x:y",
            "localhost:x",
        ] {
            assert!(!hosts.allow_host(host), "{host}");
        }
    }

    #[test]
    fn http_1_1_requires_exactly_one_host() {
        for (version, count, expected) in [
            (Version::HTTP_11, 0, false),
            (Version::HTTP_11, 1, true),
            (Version::HTTP_11, 2, false),
            (Version::HTTP_10, 0, true),
            (Version::HTTP_10, 2, false),
        ] {
            let headers = (0..count).map(|_| (HOST, "localhost".parse().unwrap())).fold(HeaderMap::new(), append);
            assert_eq!(has_one_host(version, &headers), expected, "{version:?} {count}");
        }
    }

    fn append(mut headers: HeaderMap, (name, value): (HeaderName, HeaderValue)) -> HeaderMap {
        headers.append(name, value);
        headers
    }

    #[test]
    fn both_the_host_of_the_uri_and_that_of_the_header_must_be_allowed() {
        let hosts = AllowedHosts::default();
        let (local, foreign) = ("localhost", "evil.example");
        for (uri, header, expected) in [
            ("/".to_owned(), None, true),
            ("/".to_owned(), Some(local), true),
            ("/".to_owned(), Some(foreign), false),
            (format!("http://{local}/"), Some(local), true),
            (format!("http://{foreign}/"), Some(local), false),
            (format!("http://{local}/"), Some(foreign), false),
        ] {
            let headers = header.map(|host| (HOST, host.parse().unwrap())).into_iter().collect();
            assert_eq!(hosts.allow(&uri.parse().unwrap(), &headers), expected, "{uri} {header:?}");
        }
    }
}
