//! The simulator as an HTTP/1.1 server, for clients in any language.

mod callback;
mod forms;
mod host;
mod html;
pub(crate) mod overview;
mod page;
mod write_timeout;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use hyper::http::request::Parts;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use self::callback::{CallbackAttempt, CallbackOutcome, CallbackUrl, CallbackUrlError};
use self::callback::{Delivery, Observer};
use self::forms::FormError;
use self::host::{AllowedHosts, has_one_host};
use self::write_timeout::WriteTimeout;
use crate::service::IncomingRequest;
use crate::simulator::Simulator;
use crate::unknown_endpoint::UnknownEndpoint;

/// The maximum size of a request body. An import of 1,000 corps has some 400 KiB.
const MAX_BODY: usize = 2 * 1024 * 1024;

/// The default time limit for reading the head of a request, for reading its body, and for each write.
const IO_TIMEOUT: Duration = Duration::from_secs(10);

/// The length after which a path is cut in a log.
const LONGEST_PATH: usize = 200;

/// The default maximum number of connections.
const MAX_CONNECTIONS: usize = 1024;

/// The delay after a failed `accept`.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(50);

/// The time limit for calls in flight when the server stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A server for a [`Simulator`].
///
/// The paths of calls begin with `/cgi-bin/`. At `/` is a page that shows the credentials, the last five import jobs, the
/// last twenty calls with their error codes, the last twenty events with the state of their delivery, and the chains as
/// folded trees. The page shows no token and no request body, and the secret only on request. Its forms make the changes of
/// [`Admin`](crate::Admin). A form that is sent from a page of another origin is refused. The page loads its parts from
/// paths below `/page/`, for which [`on_call`](Self::on_call) is not called.
///
/// The server itself replies to some requests. HTTP status 404 means an unknown endpoint (see [`Simulator::respond`]) or any
/// other unknown path, 400 a request without exactly one `Host` header, 413 a body over 2 MiB (at once, if its length is
/// declared), 408 a body that takes over ten seconds, and 421 an unknown host (see [`allow_host`](Self::allow_host)).
///
/// ```
/// use std::net::Ipv4Addr;
/// use wecom_simulator::{Simulator, SimulatorServer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let server =
///     SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), Simulator::demo()).await?;
/// println!("the base URL for clients is {}", server.base_url());
/// let shutdown = async { /* wait for Ctrl-C, for example */ };
/// server.run(shutdown).await;
/// # Ok(())
/// # }
/// ```
pub struct SimulatorServer {
    listener: TcpListener,
    address: SocketAddr,
    shared: Shared,
    max_connections: usize,
    callbacks: Vec<CallbackUrl>,
    callback_observer: Observer,
}

#[derive(Clone)]
struct Shared {
    simulator: Simulator,
    observer: Arc<dyn Fn(&ServedCall) + Send + Sync>,
    allowed_hosts: AllowedHosts,
    io_timeout: Duration,
}

/// A request that a [`SimulatorServer`] replied to. It has neither the query nor a body, so it can be logged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServedCall {
    /// The HTTP method.
    pub method: String,
    /// The path, without the query. Everything except printable ASCII characters is percent-encoded. A path of over 200
    /// characters is cut, and ends with `...`.
    pub path: String,
    /// The HTTP status of the reply.
    pub status: u16,
    /// The `errcode` of the reply, if it has one.
    pub errcode: Option<i64>,
}

impl SimulatorServer {
    /// Binds a server to an address. Port 0 selects a free port.
    ///
    /// # Errors
    ///
    /// Returns an error if the address can't be bound.
    pub async fn bind(address: SocketAddr, simulator: Simulator) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Shared {
            simulator,
            observer: Arc::new(|_| ()),
            allowed_hosts: AllowedHosts::default(),
            io_timeout: IO_TIMEOUT,
        };
        Ok(Self {
            listener,
            address,
            shared,
            max_connections: MAX_CONNECTIONS,
            callbacks: Vec::new(),
            callback_observer: Arc::new(|_| ()),
        })
    }

    /// Sets a closure that is called after each request, for example to log it.
    #[must_use]
    pub fn on_call(mut self, observer: impl Fn(&ServedCall) + Send + Sync + 'static) -> Self {
        self.shared.observer = Arc::new(observer);
        self
    }

    /// Pushes the events of an app to a URL (回调), signed and encrypted. [`Events`](crate::Events) lists the events.
    ///
    /// [`run`](Self::run) checks the URL first, and repeats the check until it succeeds. Then it sends the events in order,
    /// starting with the last 1,024 earlier ones. An event is received if the answer has status 200 and arrives within 5
    /// seconds. Otherwise it is sent again. After three attempts it is dropped. When the server stops, all events that were
    /// not sent are dropped.
    ///
    /// Each app can have its own URL.
    #[must_use]
    pub fn callback(mut self, url: CallbackUrl) -> Self {
        self.callbacks.push(url);
        self
    }

    /// Sets a closure that is called after each attempt to send an event or to check a URL, for example to log it.
    #[must_use]
    pub fn on_callback(mut self, observer: impl Fn(&CallbackAttempt) + Send + Sync + 'static) -> Self {
        self.callback_observer = Arc::new(observer);
        self
    }

    /// Accepts requests with this name in the `Host` header, besides `localhost` and IP addresses.
    ///
    /// Other names have HTTP status 421. Otherwise a web page of a foreign domain that resolves to this server's address (DNS
    /// rebinding) could make calls.
    #[must_use]
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        self.shared.allowed_hosts.add(name.into());
        self
    }

    /// Sets the time limit for reading the head of a request, for reading its body, and for each write; 10 s by default.
    #[must_use]
    pub fn io_timeout(mut self, limit: Duration) -> Self {
        self.shared.io_timeout = limit;
        self
    }

    /// Sets the maximum number of connections, 1,024 by default. Further connections wait.
    #[must_use]
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// The address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients, such as `http://127.0.0.1:8900/cgi-bin/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address)
    }

    /// Serves requests until `shutdown` completes. Calls in flight then have five seconds to finish.
    pub async fn run(mut self, shutdown: impl Future<Output = ()>) {
        // Dropped at the end, which stops the deliveries.
        let mut deliveries = JoinSet::new();
        for url in std::mem::take(&mut self.callbacks) {
            let observer = Arc::clone(&self.callback_observer);
            deliveries.spawn(Delivery::new(self.shared.simulator.clone(), url, observer).run());
        }
        let graceful = GracefulShutdown::new();
        let permits = Arc::new(Semaphore::new(self.max_connections));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let (permit, stream) = tokio::select! {
                () = &mut shutdown => break,
                accepted = self.accept(&permits) => match accepted {
                    Some(accepted) => accepted,
                    None => continue,
                },
            };
            let (shared, watcher) = (self.shared.clone(), graceful.watcher());
            tokio::spawn(async move {
                serve(stream, shared, watcher).await;
                drop(permit);
            });
        }
        let _ = timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await;
    }

    /// Accepts a connection once there is a permit for it. Until then it waits in the backlog of the operating system.
    async fn accept(&self, permits: &Arc<Semaphore>) -> Option<(OwnedSemaphorePermit, TcpStream)> {
        let permit = Arc::clone(permits).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, _)) => Some((permit, stream)),
            Err(_) => {
                // Most likely too many open files. An immediate retry would fail again.
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

async fn serve(stream: TcpStream, shared: Shared, watcher: Watcher) {
    // An error only makes calls slower.
    let _ = stream.set_nodelay(true);
    let stream = WriteTimeout::new(stream, shared.io_timeout);
    let service = service_fn(|request| async { Ok::<_, Infallible>(handle(&shared, request).await) });
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.io_timeout)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // An error of one connection does not affect the server.
    let _ = watcher.watch(connection).await;
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let response = match read(shared, &head, body).await {
        Ok(body) => route(shared, &head, &body).await,
        Err(refusal) => refusal,
    };
    let errcode = response.headers().get("error-code").and_then(|code| code.to_str().ok()?.parse().ok());
    // The page polls. If its requests were recorded, they would hide the calls.
    if !head.uri.path().starts_with("/page/") {
        (shared.observer)(&ServedCall {
            method: head.method.to_string(),
            path: printable(head.uri.path()),
            status: response.status().as_u16(),
            errcode,
        });
    }
    response
}

/// Reads the body of a request. If the head is enough to refuse the request, returns the refusal without reading the body.
async fn read(shared: &Shared, head: &Parts, body: Incoming) -> Result<Bytes, Response<Full<Bytes>>> {
    let too_large = || plain(StatusCode::PAYLOAD_TOO_LARGE, "content too large: the body has more than 2 MiB");
    if !has_one_host(head.version, &head.headers) {
        return Err(plain(StatusCode::BAD_REQUEST, "bad request: HTTP/1.1 requires exactly one Host header"));
    }
    if !shared.allowed_hosts.allow(&head.uri, &head.headers) {
        let text = "misdirected request: unknown host; allow it with --allow-host";
        return Err(plain(StatusCode::MISDIRECTED_REQUEST, text));
    }
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(too_large());
    }
    match timeout(shared.io_timeout, Limited::new(body, MAX_BODY).collect()).await {
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "request timeout: the body took too long")),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(plain(StatusCode::BAD_REQUEST, "bad request: the body is incomplete")),
        Ok(Ok(body)) => Ok(body.to_bytes()),
    }
}

/// Returns the beginning of a path for a log: all bytes except printable ASCII characters are percent-encoded.
fn printable(path: &str) -> String {
    let mut printable = String::new();
    for byte in path.bytes() {
        if printable.len() >= LONGEST_PATH {
            return printable + "...";
        }
        match byte {
            b'!'..=b'~' => printable.push(byte.into()),
            _ => printable.push_str(&format!("%{byte:02X}")),
        }
    }
    printable
}

async fn route(shared: &Shared, head: &Parts, body: &[u8]) -> Response<Full<Bytes>> {
    let (method, uri) = (&head.method, &head.uri);
    if let (&Method::POST, Some(action)) = (method, uri.path().strip_prefix("/admin/")) {
        return submitted(forms::submit(&shared.simulator.admin(), action, &head.headers, body));
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let pairs: Vec<_> = form_urlencoded::parse(query).collect();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| (&**name, &**value)).collect();
    let Some(path) = uri.path().strip_prefix("/cgi-bin/") else {
        let page = Some(method).filter(|method| matches!(**method, Method::GET | Method::HEAD));
        return page.and_then(|_| page::response(&shared.simulator, uri.path(), &pairs, &head.headers)).unwrap_or_else(
            || plain(StatusCode::NOT_FOUND, "not found: the calls are below /cgi-bin/, the page is at /"),
        );
    };
    let method = match *method {
        Method::GET => Some(wecom_core::endpoint::Method::Get),
        Method::POST => Some(wecom_core::endpoint::Method::Post),
        _ => None,
    };
    match shared.simulator.reply(IncomingRequest { method, path, name: None, query: &pairs, body }).await {
        Ok(response) => to_hyper(&response),
        Err(error) => unknown_endpoint(&error),
    }
}

/// Redirects the browser to the page, or returns the error of the form.
fn submitted(outcome: Result<(), FormError>) -> Response<Full<Bytes>> {
    let Err(error) = outcome else {
        let mut response = plain(StatusCode::SEE_OTHER, "");
        response.headers_mut().insert(LOCATION, HeaderValue::from_static("/"));
        return response;
    };
    let status = match error {
        FormError::UnknownForm => StatusCode::NOT_FOUND,
        FormError::ForeignOrigin => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    };
    plain(status, error.to_string())
}

/// Converts the simulator's response to hyper's type.
fn to_hyper(response: &wecom_core::Response) -> Response<Full<Bytes>> {
    let mut converted = Response::new(Full::new(response.body().clone()));
    *converted.status_mut() = StatusCode::from_u16(response.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in response.headers().iter() {
        // A text that is not a valid header value is omitted: the body contains it too.
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
            converted.headers_mut().append(name, value);
        }
    }
    converted
}

/// The reply as JSON, because that is what clients of the API show.
fn unknown_endpoint(error: &UnknownEndpoint) -> Response<Full<Bytes>> {
    let body = serde_json::json!({"errcode": StatusCode::NOT_FOUND.as_u16(), "errmsg": error.to_string()});
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    response
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_shown_with_everything_but_printable_ascii_encoded() {
        assert_eq!(printable("/cgi-bin/~get!"), "/cgi-bin/~get!");
        assert_eq!(printable("/a b\u{1b}[31m企"), "/a%20b%1B[31m%E4%BC%81");
    }

    #[test]
    fn a_long_path_is_cut() {
        let path = format!("/{}", "a".repeat(199));
        assert_eq!((printable(&path), printable(&format!("{path}b"))), (path.clone(), format!("{path}...")));
        assert!(printable(&"企".repeat(10_000)).len() < 220);
    }
}
