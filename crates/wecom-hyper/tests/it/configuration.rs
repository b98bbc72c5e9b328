//! A configuration file with everything that can be configured, and secrets that only come out where code asks by name.

use std::borrow::Borrow;
use std::fmt::Display;
use std::ops::Deref;

use serde::{Deserialize, Serialize};
use static_assertions::assert_not_impl_any;
use wecom_core::{AccessToken, BaseUrl, Credentials, Quotas, Retry, Secret};
use wecom_hyper::Proxy;

macro_rules! stays_inside {
    ($($secret:ty),+) => {$(
        assert_not_impl_any!(
            $secret: Serialize, Display, AsRef<str>, AsRef<[u8]>, Borrow<str>, Deref, Into<String>, Into<Vec<u8>>
        );
    )+};
}

stays_inside!(Secret, AccessToken, Credentials, Proxy);

#[derive(Debug, Deserialize)]
struct Config {
    base_url: BaseUrl,
    token: AccessToken,
    credentials: Credentials,
    retry: Retry,
    quotas: Quotas,
    proxy: Proxy,
}

const FILE: &str = r#"
base_url = "https://gateway.example/cgi-bin"
token = "canary"
credentials = { corp_id = "ww1", secret = "canary\n" }
retry = { attempts = 2 }
quotas = { max_wait_seconds = 3 }
proxy = { url = "socks5h://proxy.example", user = "canary", password = "canary", bypass = "localhost" }
"#;

#[test]
fn a_configuration_file_is_read_and_its_debug_output_shows_no_secret() {
    let config: Config = toml::from_str(FILE).unwrap();
    assert_eq!(config.base_url.as_str(), "https://gateway.example/cgi-bin/");
    assert_eq!(config.credentials, Credentials::new("ww1", Secret::new("canary")));
    assert_eq!((config.retry.clone(), config.token.expose()), (Retry::new().attempts(2), "canary"));
    assert_eq!(config.quotas, Quotas::wait_at_most(std::time::Duration::from_secs(3)));
    assert!(format!("{:?}", config.proxy).contains("localhost"), "{:?}", config.proxy);
    let text = format!("{config:?} {config:#?}");
    assert!(text.contains("proxy.example") && !text.contains("canary"), "{text}");
}
