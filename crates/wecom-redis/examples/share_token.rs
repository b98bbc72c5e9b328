//! Two processes share one token through Redis.
//!
//! `cargo run -p wecom-redis --example share_token` runs two clients against a simulated WeCom, through the Redis at `REDIS_URL`, by
//! default `redis://127.0.0.1/`.

#![allow(clippy::print_stdout, reason = "the example prints its steps")]

use std::env;
use std::error::Error;

use wecom_core::Client;
use wecom_core::token::{TokenKey, TokenScope, TokenStore};
use wecom_hyper::TokioTimer;
use wecom_redis::RedisStore;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

/// The name of the app. The processes of one app use the same name.
const APP: &str = "dealer-app";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1/".to_owned());
    run(&url).await
}

async fn run(url: &str) -> Result<(), Box<dyn Error>> {
    let simulator = Simulator::demo();
    for process in ["first", "second"] {
        // Each client stands for a process: it has its own connection, and shares nothing else.
        let store = RedisStore::builder().namespace("wecom-example").connect(url).await?;
        let client = Client::builder(simulator.clone()).credentials(simulator.credentials()).timer(TokioTimer::new());
        let upstream = Upstream::new(client.token_store(APP, store).build());
        println!("the {process} process sees {} chains", upstream.get_chain_list().await?.chains.len());
    }

    let store = RedisStore::builder().namespace("wecom-example").connect(url).await?;
    let key = TokenKey::new(simulator.credentials().corp_id(), APP, TokenScope::Upstream);
    let stored = store.get(&key).await?.ok_or("Redis has no token")?;
    println!("and Redis keeps one token, which is valid for {:?}", stored.expires_in().unwrap_or_default());
    Ok(())
}
