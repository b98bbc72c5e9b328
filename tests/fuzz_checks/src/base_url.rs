//! The text of a base URL.

use http::Uri;
use wecom_core::{AccessToken, BaseUrl, Endpoint, Request};

const ENDPOINT: Endpoint = Endpoint::get("any", "any");

pub(crate) fn check(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let base = match BaseUrl::parse(text) {
        Ok(base) => base,
        // The canary is the password in a stored input.
        Err(error) => return assert!(!error.to_string().contains("canary"), "{error}"),
    };
    assert!(base.as_str().starts_with(text) && base.as_str().ends_with('/'), "{base:?}");
    assert_eq!(BaseUrl::parse(base.as_str()), Ok(base.clone()));
    assert_eq!(base.is_https(), text.starts_with("https://"));

    let request = Request::new(&ENDPOINT).with_base_url(base.clone()).with_token(AccessToken::new("a-token"));
    let url = request.expose_url();
    assert_eq!(url, format!("{}any?access_token=a-token", base.as_str()));
    // HTTP libraries accept the URL too. The `http` crate limits the length.
    if url.len() < usize::from(u16::MAX) {
        let uri: Uri = url.parse().unwrap_or_else(|error| panic!("invalid URL {url}: {error}"));
        assert!(uri.host().is_some_and(|host| !host.is_empty()), "{url} has no host");
        assert_eq!(uri.query(), Some("access_token=a-token"));
    }
}
