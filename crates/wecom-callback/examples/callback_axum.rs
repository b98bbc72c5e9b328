//! A callback server on axum: answers the URL check, handles each event once, answers immediately and processes the event
//! afterwards, and stops without losing an event.
//!
//! ```text
//! WECOM_CALLBACK_TOKEN=… WECOM_CALLBACK_AES_KEY=… WECOM_CORP_ID=ww… cargo run -p wecom-callback --example callback_axum
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

use std::future::{Future, IntoFuture, pending};
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
#[cfg(unix)]
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};
use wecom_callback::{Answer, CallbackKeys, Channel, Event, InMemorySeenEvents, Once, Receiver, handle_once};

/// The number of events that may wait for the worker. While the queue is full, the answer is 503, so WeCom sends the event
/// again.
const QUEUE: usize = 1000;

/// The time for reading a request, and for the requests under way when the server stops. WeCom waits no longer for an answer.
const TIME_LIMIT: Duration = Duration::from_secs(5);

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
    // Idempotent work, such as noting a hint of a directory, belongs here: two changes within one second can have the same
    // bytes, and the second one is then a duplicate.
    match handle_once(&*callbacks.seen, &callback, enqueue).await {
        Ok(Once::Handled(()) | Once::Duplicate) => accepted(callback.acknowledge()),
        Ok(Once::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// Refuses a request whose body does not arrive within the time limit.
async fn in_time(request: Request, next: Next) -> Response {
    let answered = timeout(TIME_LIMIT, next.run(request)).await;
    answered.unwrap_or_else(|_| StatusCode::REQUEST_TIMEOUT.into_response())
}

fn accepted(answer: Answer) -> Response {
    ([(header::CONTENT_TYPE, answer.content_type())], answer.into_body()).into_response()
}

/// The status with an empty body. The reason is only logged.
fn refused(error: &wecom_callback::Error) -> Response {
    eprintln!("callback refused: {error}");
    StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::FORBIDDEN).into_response()
}

/// Serves until `stop` completes, answers the requests under way that arrive within [`TIME_LIMIT`], processes the queued
/// events, and returns. Returns an error if `work` panics, because no event is processed after that.
pub async fn serve<S, W>(listener: TcpListener, receiver: Receiver, stop: S, work: W) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
    W: FnMut(Event) + Send + 'static,
{
    let limit = receiver.body_limit();
    let (queue, waiting) = mpsc::channel(QUEUE);
    let (close_queue, queue_closed) = oneshot::channel();
    let callbacks = Callbacks { receiver: Arc::new(receiver), seen: Arc::default(), queue };
    let router = Router::new()
        .route("/wecom/callback", get(check).post(receive))
        .layer(DefaultBodyLimit::max(limit))
        .layer(from_fn(in_time))
        .with_state(callbacks);
    let mut worker = tokio::spawn(process(waiting, queue_closed, work));
    let (stopping, is_stopping) = oneshot::channel();
    let stop = async {
        stop.await;
        let _ = stopping.send(());
    };
    let too_late = async {
        let _ = is_stopping.await;
        sleep(TIME_LIMIT).await;
    };
    tokio::select! {
        served = axum::serve(listener, router).with_graceful_shutdown(stop).into_future() => served?,
        // A client has sent only a part of its request.
        () = too_late => {}
        ended = &mut worker => return ended.map_err(io::Error::other),
    }
    drop(close_queue);
    worker.await.map_err(io::Error::other)
}

/// Processes the events until the queue is closed and empty.
async fn process(mut waiting: mpsc::Receiver<Event>, mut closed: oneshot::Receiver<()>, mut work: impl FnMut(Event)) {
    loop {
        tokio::select! {
            _ = &mut closed => break waiting.close(),
            event = waiting.recv() => match event {
                Some(event) => work(event),
                None => break,
            },
        }
    }
    while let Some(event) = waiting.recv().await {
        work(event);
    }
}

/// Completes on Ctrl-C and, on Unix, on SIGTERM, which service managers and containers send.
pub async fn stopped() {
    let interrupted = async {
        if tokio::signal::ctrl_c().await.is_err() {
            pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match signal(SignalKind::terminate()) {
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

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let variable = |name: &str| std::env::var(name).map_err(|error| format!("{name}: {error}"));
    let keys = CallbackKeys::new(&variable("WECOM_CALLBACK_TOKEN")?, &variable("WECOM_CALLBACK_AES_KEY")?)?;
    let receiver = Receiver::new(Channel::app(keys, variable("WECOM_CORP_ID")?));
    let listener = TcpListener::bind("127.0.0.1:8080").await?;
    println!("listening on http://{}/wecom/callback", listener.local_addr()?);
    serve(listener, receiver, stopped(), |event| println!("{event:?}")).await?;
    Ok(())
}
