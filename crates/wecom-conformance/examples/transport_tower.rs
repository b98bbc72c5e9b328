//! A transport on a service of `tower`, here the client of hyper-util: `TowerTransport` takes it without an adapter.
//!
//! hyper reads interim replies (1xx) as long as they arrive, without a pause for the time limit. A server that sends them as fast
//! as it can delays the limit until tokio's cooperative budget ends the task's turn: by seconds in a build without optimizations.
//! `wecom-hyper` bounds their size instead.
//!
//! `cargo run -p wecom-conformance --example transport_tower` runs the conformance suite on it.

use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::TokioExecutor;
use wecom_core::http::TowerTransport;
use wecom_core::{Delivery, Timer, TransportErrorKind as Kind, async_trait};

/// The clock and the sleep of tokio. `wecom_hyper::TokioTimer` is the same.
struct TokioTimer(Instant);

#[async_trait]
impl Timer for TokioTimer {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

pub(crate) type HyperUtil = TowerTransport<Client<HttpConnector, Full<Bytes>>, Full<Bytes>>;

pub(crate) fn transport() -> HyperUtil {
    let client = Client::builder(TokioExecutor::new()).build_http();
    TowerTransport::new(client, TokioTimer(Instant::now())).with_classification(classify)
}

/// This client reports whether connecting failed. Only then the request was certainly not sent.
fn classify(error: &(dyn Error + 'static)) -> (Kind, Delivery) {
    match error.downcast_ref::<ClientError>() {
        Some(error) if error.is_connect() => (Kind::Connect, Delivery::NotSent),
        _ => (Kind::ConnectionLost, Delivery::Unknown),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> wecom_conformance::Report {
    wecom_conformance::check(&transport()).await
}
