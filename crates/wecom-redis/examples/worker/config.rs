//! The configuration: a TOML file, and secrets from the environment.
//!
//! ```toml
//! corp_id = "ww1234567890abcdef"
//! app = "dealer-app"                  # the same name in all workers of the app
//! chain_id = "ChDealers"
//! listen = "0.0.0.0:8080"             # /wecom/callback, /health, /metrics
//! imports = "/srv/dealers/imports"    # a folder that all workers share; CSV files in it are imported
//! table = "/srv/dealers/dealers.csv"  # the table of dealers, written by one worker at a time
//! lease_seconds = 60                  # after this time, another worker continues the work of one that was killed
//!
//! [quotas]
//! max_wait_seconds = 60
//! percent = 40                        # leaves the rest to interactive programs
//! ```
//!
//! | variable | content |
//! |---|---|
//! | `WECOM_SECRET` | the secret of the app |
//! | `WECOM_CALLBACK_TOKEN`, `WECOM_CALLBACK_AES_KEY` | the keys of the callback URL |
//! | `REDIS_URL` | `redis://:password@host/`; without it, `redis://127.0.0.1/` |

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs};

use serde::Deserialize;
use wecom_callback::CallbackKeys;
use wecom_core::{BaseUrl, Credentials, Quotas, Secret};
use wecom_upstream::ChainId;

/// The configuration of a worker.
#[derive(Clone)]
pub(crate) struct Config {
    pub(crate) base_url: BaseUrl,
    pub(crate) credentials: Credentials,
    pub(crate) app: String,
    pub(crate) chain_id: ChainId,
    pub(crate) listen: SocketAddr,
    pub(crate) imports: PathBuf,
    pub(crate) table: PathBuf,
    pub(crate) lease: Duration,
    pub(crate) quotas: Quotas,
    pub(crate) redis_url: String,
    pub(crate) callback_keys: CallbackKeys,
}

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    base_url: BaseUrl,
    corp_id: String,
    app: String,
    chain_id: ChainId,
    listen: SocketAddr,
    imports: PathBuf,
    table: PathBuf,
    lease_seconds: u64,
    quotas: Quotas,
}

impl Config {
    /// Reads the file and the environment variables.
    pub(crate) fn read(file: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let File { base_url, corp_id, app, chain_id, listen, imports, table, lease_seconds, quotas } =
            toml::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        Ok(Self {
            base_url,
            credentials: Credentials::new(corp_id, Secret::new(variable("WECOM_SECRET")?)),
            app,
            chain_id,
            listen,
            imports,
            table,
            lease: Duration::from_secs(lease_seconds),
            quotas,
            redis_url: env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1/".to_owned()),
            callback_keys: CallbackKeys::new(&variable("WECOM_CALLBACK_TOKEN")?, &variable("WECOM_CALLBACK_AES_KEY")?)?,
        })
    }
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}
