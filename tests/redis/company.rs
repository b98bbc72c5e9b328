//! Clients that stand for the processes of a company.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wecom_core::token::{TokenKey, TokenScope};
use wecom_core::{Client, Request, Response, Timer, Transport, TransportError, async_trait};
use wecom_hyper::TokioTimer;
use wecom_redis::RedisStore;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;

/// The name of the app.
const APP: &str = "app";

/// A transport that counts the token fetches.
#[derive(Clone)]
pub(crate) struct Company {
    pub(crate) simulator: Simulator,
    fetches: Arc<AtomicU32>,
}

impl Company {
    pub(crate) fn new() -> Self {
        Self { simulator: Simulator::demo(), fetches: Arc::default() }
    }

    pub(crate) fn process(&self, store: RedisStore) -> Upstream {
        let client = Client::builder(self.clone()).credentials(self.simulator.credentials()).timer(TokioTimer::new());
        Upstream::new(client.token_store(APP, store).build())
    }

    /// The key of the token.
    pub(crate) fn key(&self) -> TokenKey {
        TokenKey::new(self.simulator.credentials().corp_id(), APP, TokenScope::Upstream)
    }

    /// The number of token fetches.
    pub(crate) fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Transport for Company {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        if request.endpoint().name() == "gettoken" {
            self.fetches.fetch_add(1, Ordering::SeqCst);
            // A fetch takes some time, in which all processes ask for a token.
            TokioTimer::new().sleep(Duration::from_millis(100)).await;
        }
        Transport::send(&self.simulator, request).await
    }
}
