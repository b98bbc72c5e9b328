//! The HTTP server: WeCom's callbacks, the worker's health and its metrics.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use wecom_callback::{Answer, Channel, Once, Receiver, handle_once};

use super::Worker;

#[derive(Clone)]
struct Server {
    worker: Worker,
    receiver: Arc<Receiver>,
}

/// Serves requests until the worker stops. Requests in flight are still answered.
pub(crate) async fn serve(worker: &Worker, listener: TcpListener) -> Result<(), Box<dyn Error + Send + Sync>> {
    let channel = Channel::app(worker.config.callback_keys.clone(), worker.config.credentials.corp_id());
    let receiver = Arc::new(Receiver::new(channel));
    let limit = receiver.body_limit();
    let router = Router::new()
        .route("/wecom/callback", get(check).post(receive))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .layer(DefaultBodyLimit::max(limit))
        .with_state(Server { worker: worker.clone(), receiver });
    let stop = worker.clone();
    axum::serve(listener, router).with_graceful_shutdown(async move { stop.stopped().await }).await?;
    Ok(())
}

/// Answers the URL check, which WeCom sends when the URL is saved in the admin console.
async fn check(State(server): State<Server>, RawQuery(query): RawQuery) -> Response {
    match server.receiver.verify_url(&*query.unwrap_or_default(), now()) {
        Ok(answer) => accepted(answer),
        Err(error) => refused(&error),
    }
}

/// Receives an event. WeCom waits 5 seconds for the answer.
async fn receive(State(server): State<Server>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let callback = match server.receiver.open(&*query.unwrap_or_default(), &body, now()) {
        Ok(callback) => callback,
        Err(error) => return refused(&error),
    };
    // Queues every message, because the messages of two changes within one second can have the same bytes. A message that is
    // queued twice does no harm: the directory then reads the same data again.
    if let Err(error) = server.worker.events.push(&callback).await {
        eprintln!("event not queued: {error}");
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let count = async {
        server.worker.metrics.count_event();
        Ok::<(), Infallible>(())
    };
    match handle_once(&server.worker.store, &callback, count).await {
        Ok(Once::Handled(()) | Once::Duplicate) => accepted(callback.acknowledge()),
        Ok(Once::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Returns status 200 while Redis replies. Without Redis, calls continue and imports wait.
async fn health(State(server): State<Server>) -> (StatusCode, String) {
    match server.worker.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")),
    }
}

/// Returns the metrics in the text format of Prometheus.
async fn metrics(State(server): State<Server>) -> String {
    server.worker.metrics.to_string()
}

fn accepted(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, answer.content_type())], answer.into_body()).into_response()
}

/// Returns a status with an empty body. The reason is only logged.
fn refused(error: &wecom_callback::Error) -> Response {
    eprintln!("callback refused: {error}");
    StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::FORBIDDEN).into_response()
}

#[allow(clippy::disallowed_methods, reason = "a server reads the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}
