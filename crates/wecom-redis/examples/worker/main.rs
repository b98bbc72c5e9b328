//! A worker that a company starts several times, on one machine or on several. Together the workers act as one program: they
//! share a token and the quotas, keep a table of dealers current, import each file of a folder once, and receive WeCom's
//! events behind a load balancer.
//!
//! ```text
//! cargo run -p wecom-redis --example worker -- worker.toml
//! ```
//!
//! `config.rs` describes the configuration file and the environment variables. Ctrl-C and SIGTERM stop a worker. If a worker
//! is killed, another one continues its work after the lease has expired.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example prints")]

mod callbacks;
mod config;
mod directory;
mod events;
mod imports;
mod metrics;

use std::error::Error;
use std::future::{Future, pending};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;
use wecom_core::{Client, Retry};
use wecom_hyper::{HyperTransport, TokioTimer};
use wecom_redis::RedisStore;
use wecom_upstream::Upstream;

use self::config::Config;
use self::events::EventQueue;
use self::metrics::Metrics;

/// The state that all parts of a worker use. Clones share it.
#[derive(Clone)]
pub(crate) struct Worker {
    config: Config,
    upstream: Upstream,
    store: RedisStore,
    events: EventQueue,
    metrics: Metrics,
    /// Becomes `true` when the worker has to stop.
    stopping: watch::Receiver<bool>,
}

impl Worker {
    /// Completes when the worker has to stop.
    pub(crate) async fn stopped(&self) {
        // An error means that the sender was dropped, because the program is ending.
        let _ = self.stopping.clone().wait_for(|stopping| *stopping).await;
    }

    /// Waits for a time. Returns `false` if the worker has to stop.
    pub(crate) async fn pause(&self, time: Duration) -> bool {
        timeout(time, self.stopped()).await.is_err()
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "worker.toml".to_owned());
    run(&file, stop_signal()).await
}

/// Runs a worker with a configuration file until `stop` completes, and ends its work cleanly.
pub(crate) async fn run(file: &str, stop: impl Future<Output = ()>) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = Config::read(file)?;
    let (stopping, is_stopping) = watch::channel(false);
    // The worker also starts without Redis. Its calls then use its own token and its own share of the quota.
    let store = RedisStore::open(&config.redis_url)?;
    let metrics = Metrics::default();
    let client = Client::builder(HyperTransport::new()?)
        .base_url(config.base_url.clone())
        .credentials(config.credentials.clone())
        .timer(TokioTimer::new())
        .retry(Retry::new())
        .token_store(config.app.as_str(), store.clone())
        .quotas(config.quotas.clone())
        .quota_store(config.credentials.corp_id(), store.clone())
        .observer(metrics.clone())
        .build();
    let listener = TcpListener::bind(config.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    let worker = Worker {
        events: EventQueue::new(&config)?,
        upstream: Upstream::new(client.clone()),
        config,
        store,
        metrics,
        stopping: is_stopping,
    };

    let work = async {
        // If a part fails, the worker ends, and its service manager starts it again.
        tokio::try_join!(directory::keep(&worker), imports::run(&worker), callbacks::serve(&worker, listener))
    };
    let stop = async {
        stop.await;
        println!("stopping");
        stopping.send_replace(true);
        pending::<()>().await;
    };
    tokio::select! {
        outcome = work => drop(outcome?),
        () = stop => {}
    }
    client.give_back_quota().await;
    Ok(())
}

/// Completes on Ctrl-C and, on Unix, on SIGTERM, which service managers and containers send.
pub(crate) async fn stop_signal() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(_) => pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = pending::<()>();
    tokio::select! {
        () = interrupted => {}
        () = terminated => {}
    }
}
