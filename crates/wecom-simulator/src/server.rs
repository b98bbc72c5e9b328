//! The simulator on a socket, for clients in any language: HTTP/1.1 on an address of your choice.
//!
//! It is there with the feature `server`, and it is what the program `wecom-sim` runs.

pub(crate) mod overview;
mod page;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::service::IncomingRequest;
use crate::simulator::Simulator;

/// How large a request's body may be: an import of 1,000 corps has some 400 KiB.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// How long a client may take over the head of a request, and over its body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// How many connections there may be at once, unless something else is said.
const MAX_CONNECTIONS: usize = 1024;

/// How long it waits after a connection could not be taken.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// How long calls under way may take after the server was told to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A simulator that listens on a socket.
///
/// The calls lie below `/cgi-bin/`, answered as [`Simulator`] tells, and a page for people at `/`: the chains as trees, the
/// last five import jobs and the last twenty calls with their codes. It shows no token, no secret and no body.
///
/// Not every odd request gets to the simulator: a path elsewhere is answered with HTTP status 404, a body of over 2 MiB
/// with 413, one that doesn't come within ten seconds with 408.
///
/// ```
/// use std::net::Ipv4Addr;
/// use wecom_simulator::{Simulator, SimulatorServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), Simulator::demo()).await?;
/// println!("the base URL for clients is {}", server.base_url());
/// let stop = async { /* Ctrl-C, say */ };
/// server.run(stop).await;
/// # Ok(())
/// # }
/// ```
pub struct SimulatorServer {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    most_connections: usize,
}

struct Shared {
    simulator: Simulator,
    observer: Box<dyn Fn(&ServedCall) + Send + Sync>,
}

/// One request that a [`SimulatorServer`] answered. It holds no query and no body, so it may be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedCall {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query.
    pub path: String,
    /// The HTTP status of the answer.
    pub status: u16,
    /// The `errcode` of the answer; `None` where it has none.
    pub errcode: Option<i64>,
}

impl SimulatorServer {
    /// Listens on an address; port 0 takes any free one.
    ///
    /// # Errors
    ///
    /// When the address can't be listened on.
    pub async fn bind(address: SocketAddr, simulator: Simulator) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { simulator, observer: Box::new(|_| ()) });
        Ok(Self { listener, address, shared, most_connections: MAX_CONNECTIONS })
    }

    /// Has every answered request told to a closure: to log it, say.
    #[must_use]
    pub fn on_call(self, observer: impl Fn(&ServedCall) + Send + Sync + 'static) -> Self {
        let simulator = self.shared.simulator.clone();
        Self { shared: Arc::new(Shared { simulator, observer: Box::new(observer) }), ..self }
    }

    /// Sets how many connections there may be at once; 1,024 by default. More of them wait.
    #[must_use]
    pub fn most_connections(mut self, connections: usize) -> Self {
        self.most_connections = connections;
        self
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients: `http://127.0.0.1:8900/cgi-bin/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address)
    }

    /// Serves until `stop` is over; calls that are under way then are given some seconds to end.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(self.most_connections));
        let mut stop = std::pin::pin!(stop);
        loop {
            let (permit, stream) = tokio::select! {
                () = &mut stop => break,
                accepted = self.accept(&permits) => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            let (shared, watcher) = (Arc::clone(&self.shared), graceful.watcher());
            tokio::spawn(async move {
                serve(stream, shared, watcher).await;
                drop(permit);
            });
        }
        let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }

    /// The next connection and its permit. Who finds no permit waits in the system's queue.
    async fn accept(&self, permits: &Arc<Semaphore>) -> Option<(OwnedSemaphorePermit, TcpStream)> {
        let permit = Arc::clone(permits).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, _)) => Some((permit, stream)),
            Err(_) => {
                // The system is out of something, files mostly: request again at once, it would only say so again.
                sleep(ACCEPT_RETRY_DELAY).await;
                None
            }
        }
    }
}

impl std::fmt::Debug for SimulatorServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SimulatorServer").field("address", &self.address).finish_non_exhaustive()
    }
}

async fn serve(stream: TcpStream, shared: Arc<Shared>, watcher: Watcher) {
    // Without it a call takes longer, and nothing else.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(&shared, request).await) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // What a client does to its connection is its own affair.
    let _ = watcher.watch(connection).await;
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let response = match timeout(READ_TIMEOUT, Limited::new(body, MAX_BODY).collect()).await {
        Err(_) => plain(StatusCode::REQUEST_TIMEOUT, "the body did not come in time"),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            plain(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large")
        }
        Ok(Err(_)) => plain(StatusCode::BAD_REQUEST, "the body broke off"),
        Ok(Ok(body)) => route(shared, &head.method, &head.uri, &body.to_bytes()).await,
    };
    let errcode = response.headers().get("error-code").and_then(|code| code.to_str().ok()?.parse().ok());
    (shared.observer)(&ServedCall {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        status: response.status().as_u16(),
        errcode,
    });
    response
}

async fn route(shared: &Shared, method: &Method, uri: &Uri, body: &[u8]) -> Response<Full<Bytes>> {
    match uri.path().strip_prefix("/cgi-bin/") {
        Some(path) => {
            let query = uri.query().unwrap_or_default().as_bytes();
            let pairs: Vec<_> = form_urlencoded::parse(query).collect();
            let pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
            let method = match *method {
                Method::GET => Some(wecom_core::endpoint::Method::Get),
                Method::POST => Some(wecom_core::endpoint::Method::Post),
                _ => None,
            };
            to_hyper(&shared.simulator.answer(IncomingRequest { method, path, query: &pairs, body }).await)
        }
        None if uri.path() == "/" && method == Method::GET => page::of(&shared.simulator),
        None => plain(StatusCode::NOT_FOUND, "there is nothing here: the calls lie below /cgi-bin/, the page at /"),
    }
}

/// What the simulator answers, in hyper's terms.
fn to_hyper(answer: &wecom_core::Response) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body().clone()));
    *response.status_mut() = StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers().iter() {
        // A text that can't stand in a header is left out of it: the body says the same.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
