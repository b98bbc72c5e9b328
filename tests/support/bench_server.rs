//! An HTTP server for benchmarks: it replies from memory and records nothing.
//!
//! Tests use [`FaultServer`](wecom_conformance::FaultServer), which records every request.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

/// A running server. Dropping it stops the server.
#[derive(Debug)]
pub struct BenchServer {
    address: SocketAddr,
    /// Stops the server when it is dropped.
    _running: oneshot::Sender<()>,
}

/// The bodies of the replies, by the path below `/cgi-bin/`.
pub type Replies = HashMap<&'static str, &'static str>;

impl BenchServer {
    /// Starts a server on its own thread. A path without a reply gets the status 404.
    ///
    /// # Panics
    ///
    /// Panics if there is no free port.
    #[must_use]
    pub fn start(replies: Replies) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (running, stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = accept(listener, Arc::new(replies)) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, _running: running }
    }

    /// The base URL for a client.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address)
    }
}

async fn accept(listener: TcpListener, replies: Arc<Replies>) {
    while let Ok((stream, _)) = listener.accept().await {
        stream.set_nodelay(true).unwrap();
        let replies = Arc::clone(&replies);
        tokio::spawn(async move {
            let service = service_fn(move |request| reply(request, Arc::clone(&replies)));
            // A client may close the connection at any time.
            let _ = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn reply(request: Request<Incoming>, replies: Arc<Replies>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    // The connection stays usable only if the body was read.
    let _ = body.collect().await;
    let path = head.uri.path().strip_prefix("/cgi-bin/").unwrap_or_default();
    let (status, body) = replies.get(path).map_or((404, "unknown path"), |&body| (200, body));
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("content-type", "application/json; charset=UTF-8".parse().unwrap());
    Ok(response)
}
