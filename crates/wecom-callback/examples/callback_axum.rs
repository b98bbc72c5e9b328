//! A callback server on axum: answers the URL check, handles each event once, answers immediately and processes the event
//! afterwards, and stops without losing an event.
//!
//! ```text
//! WECOM_CALLBACK_TOKEN=… WECOM_CALLBACK_AES_KEY=… WECOM_CORP_ID=ww… cargo run -p wecom-callback --example callback_axum
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wecom_callback::{Answer, CallbackKeys, Channel, Event, InMemorySeenEvents, Once, Receiver, handle_once};

/// The number of events that may wait for the worker. While the queue is full, the answer is 503, so WeCom sends again.
const QUEUE: usize = 1000;

#[derive(Clone)]
struct Callbacks {
    receiver: Arc<Receiver>,
    seen: Arc<InMemorySeenEvents>,
    queue: mpsc::Sender<Event>,
}

/// WeCom checks the URL when it is saved in the console.
async fn check(State(callbacks): State<Callbacks>, RawQuery(query): RawQuery) -> Response {
    match callbacks.receiver.verify_url(&*query.unwrap_or_default(), SystemTime::now()) {
        Ok(answer) => accepted(answer),
        Err(error) => refused(&error),
    }
}

/// WeCom sends an event and waits 5 seconds for the answer. The event is put into the queue and processed afterwards.
async fn receive(State(callbacks): State<Callbacks>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    let callback = match callbacks.receiver.open(&*query.unwrap_or_default(), &body, SystemTime::now()) {
        Ok(callback) => callback,
        Err(error) => return refused(&error),
    };
    let enqueue = async { callbacks.queue.try_send(callback.event()) };
    match handle_once(&*callbacks.seen, &callback, enqueue).await {
        Ok(Once::Handled(()) | Once::Duplicate) => accepted(callback.acknowledge()),
        Ok(Once::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

fn accepted(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, answer.content_type())], answer.into_body()).into_response()
}

/// The status with an empty body. The reason is only logged.
fn refused(error: &wecom_callback::Error) -> Response {
    eprintln!("callback refused: {error}");
    StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::FORBIDDEN).into_response()
}

/// Serves until `stop` completes, answers the requests under way, processes the queued events, and returns.
pub async fn serve<S, W>(listener: TcpListener, receiver: Receiver, stop: S, mut work: W) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
    W: FnMut(Event) + Send + 'static,
{
    let limit = receiver.body_limit();
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    let callbacks = Callbacks { receiver: Arc::new(receiver), seen: Arc::default(), queue };
    let router = Router::new()
        .route("/wecom/callback", get(check).post(receive))
        .layer(DefaultBodyLimit::max(limit))
        .with_state(callbacks);
    let worker = tokio::spawn(async move {
        while let Some(event) = waiting.recv().await {
            work(event);
        }
    });
    // The router holds the sender of the queue, so the worker ends after the server, once the queue is empty.
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    worker.await.map_err(io::Error::other)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let keys = CallbackKeys::new(&variable("WECOM_CALLBACK_TOKEN")?, &variable("WECOM_CALLBACK_AES_KEY")?)?;
    let receiver = Receiver::new(Channel::app(keys, variable("WECOM_CORP_ID")?));
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/wecom/callback", listener.local_addr()?);
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(listener, receiver, stop, |event| println!("{event:?}")).await?;
    Ok(())
}
