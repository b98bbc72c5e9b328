//! An HTTP server on loopback that answers each request from memory, and keeps what it was asked.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    /// Ends the server when it is dropped.
    _running: oneshot::Sender<()>,
}

/// One request that the server saw.
#[derive(Clone, Debug)]
pub struct Seen {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// What the server answers, by the path below `/cgi-bin/`.
#[derive(Clone, Debug, Default)]
pub struct Answers(HashMap<&'static str, Bytes>);

impl Answers {
    /// No answers: every path is a 404.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers a path with 200 and this body.
    #[must_use]
    pub fn with(mut self, path: &'static str, body: impl Into<Bytes>) -> Self {
        self.0.insert(path, body.into());
        self
    }
}

impl Loopback {
    /// Starts a server on a thread of its own that keeps every request.
    #[must_use]
    pub fn start(answers: Answers) -> Self {
        Self::run(answers, true)
    }

    /// Starts a server that keeps nothing: for measuring.
    #[must_use]
    pub fn start_forgetful(answers: Answers) -> Self {
        Self::run(answers, false)
    }

    fn run(answers: Answers, keep: bool) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (running, ended) = oneshot::channel();
        let kept = keep.then(|| Arc::clone(&seen));
        // A thread of its own, so that a test may be on a runtime or not.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, Arc::new(answers), kept) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, seen, _running: running }
    }

    /// The base URL for a client.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address)
    }

    /// What was asked so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

type Keep = Option<Arc<Mutex<Vec<Seen>>>>;

async fn accept(listener: TcpListener, answers: Arc<Answers>, keep: Keep) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let (answers, keep) = (Arc::clone(&answers), keep.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, Arc::clone(&answers), keep.clone()));
            // A client that goes away in the middle is nothing to report.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    answers: Arc<Answers>,
    keep: Keep,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path().strip_prefix("/cgi-bin/").unwrap_or_default();
    let (status, reply) = match answers.0.get(path) {
        Some(reply) => (200, reply.clone()),
        None => (404, Bytes::from_static(b"no such path")),
    };
    if let Some(seen) = keep {
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        seen.lock().unwrap().push(Seen {
            method: head.method.to_string(),
            target: head.uri.to_string(),
            headers: headers.collect(),
            body,
        });
    }
    let mut response = Response::new(Full::new(reply));
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("content-type", "application/json; charset=UTF-8".parse().unwrap());
    Ok(response)
}
