//! An HTTP server on loopback that replies from memory and records the requests.

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

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<RecordedRequest>>>,
    /// Stops the server when it is dropped.
    _running: oneshot::Sender<()>,
}

/// A request that the server received.
#[derive(Clone, Debug)]
pub struct RecordedRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// The headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// The bodies of the replies, by the path below `/cgi-bin/`.
#[derive(Clone, Debug, Default)]
pub struct Answers(HashMap<&'static str, Bytes>);

impl Answers {
    /// No replies: every path returns the status 404.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Replies to a path with the status 200 and this body.
    #[must_use]
    pub fn with(mut self, path: &'static str, body: impl Into<Bytes>) -> Self {
        self.0.insert(path, body.into());
        self
    }
}

impl Loopback {
    /// Starts a server on its own thread. It records every request.
    #[must_use]
    pub fn start(answers: Answers) -> Self {
        Self::run(answers, true)
    }

    /// Starts a server that records nothing, for benchmarks.
    #[must_use]
    pub fn start_without_recording(answers: Answers) -> Self {
        Self::run(answers, false)
    }

    fn run(answers: Answers, records: bool) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (running, ended) = oneshot::channel();
        let recording = records.then(|| Arc::clone(&requests));
        // On its own thread, so that tests without a runtime can use it.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, Arc::new(answers), recording) => {}
                    _ = ended => {}
                }
            });
        });
        Self { address, requests, _running: running }
    }

    /// The base URL for a client.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address)
    }

    /// The requests received so far.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedRequest> {
        self.requests.lock().unwrap().clone()
    }
}

type Recording = Option<Arc<Mutex<Vec<RecordedRequest>>>>;

async fn accept(listener: TcpListener, answers: Arc<Answers>, recording: Recording) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let (answers, recording) = (Arc::clone(&answers), recording.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| reply(request, Arc::clone(&answers), recording.clone()));
            // A client may close the connection at any time.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn reply(
    request: Request<Incoming>,
    answers: Arc<Answers>,
    recording: Recording,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    let path = head.uri.path().strip_prefix("/cgi-bin/").unwrap_or_default();
    let (status, reply) = match answers.0.get(path) {
        Some(reply) => (200, reply.clone()),
        None => (404, Bytes::from_static(b"no such path")),
    };
    if let Some(requests) = recording {
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        requests.lock().unwrap().push(RecordedRequest {
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
