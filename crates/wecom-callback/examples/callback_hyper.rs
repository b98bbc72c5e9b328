//! A callback server on plain hyper: answers the URL check, handles each event once, answers immediately and processes the
//! event afterwards, and stops without losing an event.
//!
//! ```text
//! WECOM_CALLBACK_TOKEN=… WECOM_CALLBACK_AES_KEY=… WECOM_CORP_ID=ww… cargo run -p wecom-callback --example callback_hyper
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "an example")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

use std::convert::Infallible;
use std::future::Future;
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
use tokio::sync::mpsc;
use wecom_callback::{Answer, CallbackKeys, Channel, Event, InMemorySeenEvents, Once, Receiver, handle_once};

/// The number of events that may wait for the worker. While the queue is full, the answer is 503, so WeCom sends again.
const QUEUE: usize = 1000;

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
            Method::POST => match Limited::new(request, self.receiver.body_limit()).collect().await {
                Ok(body) => self.receive(&query, &body.to_bytes()).await,
                Err(_) => status(StatusCode::PAYLOAD_TOO_LARGE),
            },
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

/// Serves until `stop` completes, answers the requests under way, processes the queued events, and returns.
pub async fn serve<S, W>(listener: TcpListener, receiver: Receiver, stop: S, mut work: W) -> io::Result<()>
where
    S: Future<Output = ()> + Send + 'static,
    W: FnMut(Event) + Send + 'static,
{
    let (queue, mut waiting) = mpsc::channel(QUEUE);
    let callbacks = Arc::new(Callbacks { receiver, seen: InMemorySeenEvents::default(), queue });
    let worker = tokio::spawn(async move {
        while let Some(event) = waiting.recv().await {
            work(event);
        }
    });
    let connections = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => serve_connection(&callbacks, &connections, stream),
                // Such as too many open files: wait until some are closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
    // The last sender of the queue is dropped with this, so the worker ends once the queue is empty.
    drop(callbacks);
    worker.await.map_err(io::Error::other)
}

fn serve_connection(callbacks: &Arc<Callbacks>, connections: &GracefulShutdown, stream: TcpStream) {
    let callbacks = Arc::clone(callbacks);
    let service = service_fn(move |request| {
        let callbacks = Arc::clone(&callbacks);
        async move { Ok::<_, Infallible>(callbacks.respond(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(10))
        .serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        // An error means that the peer closed the connection or did not send HTTP.
        let _ = connection.await;
    });
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
