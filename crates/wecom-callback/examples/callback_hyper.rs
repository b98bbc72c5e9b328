//! A callback server on plain hyper: answers the URL check, handles each event once, answers immediately and processes the
//! event afterwards, and stops without losing an event.
//!
//! ```text
//! WECOM_CALLBACK_TOKEN=… WECOM_CALLBACK_AES_KEY=… WECOM_CORP_ID=ww… cargo run -p wecom-callback --example callback_hyper
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
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

struct Callbacks {
    receiver: Receiver,
    seen: InMemorySeenEvents,
    queue: mpsc::Sender<Event>,
}

impl Callbacks {
    async fn respond(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/wecom/callback" {
            return status(StatusCode::NOT_FOUND);
        }
        let query = request.uri().query().unwrap_or_default().to_owned();
        match *request.method() {
            Method::GET => self.check(&query),
            Method::POST => {
                let body = Limited::new(request, self.receiver.body_limit()).collect();
                match timeout(TIME_LIMIT, body).await {
                    Ok(Ok(body)) => self.receive(&query, &body.to_bytes()).await,
                    Ok(Err(_)) => status(StatusCode::PAYLOAD_TOO_LARGE),
                    Err(_) => status(StatusCode::REQUEST_TIMEOUT),
                }
            }
            _ => status(StatusCode::METHOD_NOT_ALLOWED),
        }
    }

    /// WeCom checks the URL when it is saved in the console.
    fn check(&self, query: &str) -> Response<Full<Bytes>> {
        match self.receiver.verify_url(query, SystemTime::now()) {
            Ok(answer) => accepted(answer),
            Err(error) => refused(&error),
        }
    }

    /// WeCom sends an event and waits 5 seconds for the answer. The event is put into the queue and processed afterwards.
    async fn receive(&self, query: &str, body: &[u8]) -> Response<Full<Bytes>> {
        let callback = match self.receiver.open(query, body, SystemTime::now()) {
            Ok(callback) => callback,
            Err(error) => return refused(&error),
        };
        let enqueue = async { self.queue.try_send(callback.event()) };
        // Idempotent work, such as noting a hint of a directory, belongs here: two changes within one second can have the
        // same bytes, and the second one is then a duplicate.
        match handle_once(&self.seen, &callback, enqueue).await {
            Ok(Once::Handled(()) | Once::Duplicate) => accepted(callback.acknowledge()),
            Ok(Once::InProgress) | Err(_) => status(StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

fn accepted(answer: Answer) -> Response<Full<Bytes>> {
    let content_type = HeaderValue::from_static(answer.content_type());
    let mut response = Response::new(Full::from(answer.into_body()));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The status with an empty body. The reason is only logged.
fn refused(error: &wecom_callback::Error) -> Response<Full<Bytes>> {
    eprintln!("callback refused: {error}");
    status(StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::FORBIDDEN))
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

/// Serves until `stop` completes, answers the requests under way that arrive within [`TIME_LIMIT`], processes the queued
/// events, and returns. Returns an error if `work` panics, because no event is processed after that.
pub async fn serve<S, W>(listener: TcpListener, receiver: Receiver, stop: S, work: W) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
    W: FnMut(Event) + Send + 'static,
{
    let (queue, waiting) = mpsc::channel(QUEUE);
    let (close_queue, queue_closed) = oneshot::channel();
    let callbacks = Arc::new(Callbacks { receiver, seen: InMemorySeenEvents::default(), queue });
    let mut worker = tokio::spawn(process(waiting, queue_closed, work));
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            ended = &mut worker => return ended.map_err(io::Error::other),
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve_connection(&callbacks, &connections, stream),
                // For example too many open files: waits until some are closed.
                Err(_) => sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    // A client that has sent only a part of its request does not delay the end for longer.
    let _ = timeout(TIME_LIMIT, connections.shutdown()).await;
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

fn serve_connection(callbacks: &Arc<Callbacks>, connections: &GracefulShutdown, stream: TcpStream) {
    let callbacks = Arc::clone(callbacks);
    let service = service_fn(move |request| {
        let callbacks = Arc::clone(&callbacks);
        async move { Ok::<_, Infallible>(callbacks.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(TIME_LIMIT)
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // An error means that the peer closed the connection or did not send HTTP.
        let _ = connection.await;
    });
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
