//! Configures everything from a TOML file: credentials, base URL, retries, quotas, proxy, and an endpoint without a type.
//!
//! `cargo run -p wecom-hyper --example config_file --features proxy -- FILE` reads a file. Without one it prints what it
//! read from the text below. It makes no call.

#![allow(clippy::print_stdout, reason = "the example prints what it has read")]

use std::error::Error;
use std::time::Duration;

use serde::Deserialize;
use wecom_core::endpoint::{Method, RawCall};
use wecom_core::{BaseUrl, Client, Credentials, Endpoint, Quotas, Retry, Safety};
use wecom_hyper::{HyperTransport, Proxy, TokioTimer};

const EXAMPLE: &str = r#"
base_url = "https://qyapi.weixin.qq.com/cgi-bin/"
deadline_seconds = 90

[credentials]
corp_id = "ww1234567890abcdef"
secret = "the-app-secret"

[retry]
attempts = 5
max_backoff_ms = 2000

[quotas]
max_wait_seconds = 60
percent = 50

[proxy]
url = "http://proxy.example:3128"
user = "gateway"
password = "the-password"
bypass = "localhost, 10.0.0.0/8"

[endpoint]
method = "POST"
path = "user/getuserid"
safety = "safe"
"#;

/// Every setting of the file. `Debug` shows no secret, and no secret can be serialized.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default)]
    base_url: BaseUrl,
    deadline_seconds: u64,
    credentials: Credentials,
    retry: Retry,
    quotas: Quotas,
    proxy: Option<Proxy>,
    endpoint: EndpointConfig,
}

/// An endpoint that `wecom-upstream` has no type for.
#[derive(Debug, Deserialize)]
struct EndpointConfig {
    method: Method,
    path: String,
    safety: Safety,
}

impl Config {
    fn client(&self) -> Result<Client, Box<dyn Error>> {
        let mut transport = HyperTransport::builder();
        if let Some(proxy) = &self.proxy {
            transport = transport.proxy(proxy.clone());
        }
        let client = Client::builder(transport.build()?)
            .base_url(self.base_url.clone())
            .timer(TokioTimer::new())
            .retry(self.retry.clone())
            .quotas(self.quotas.clone())
            .deadline(Duration::from_secs(self.deadline_seconds))
            .credentials(self.credentials.clone());
        Ok(client.build())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args().nth(1) {
        Some(file) => std::fs::read_to_string(file)?,
        None => EXAMPLE.to_owned(),
    };
    let config: Config = toml::from_str(&text)?;
    println!("{config:#?}");
    let client = config.client()?;
    let EndpointConfig { method, path, safety } = &config.endpoint;
    let endpoint = Endpoint::parse(*method, "configured", path)?.with_safety(*safety).leak();
    let call = RawCall::new(endpoint);
    println!("{client:?} is ready for {call:?}");
    Ok(())
}
