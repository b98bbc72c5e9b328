//! One request to a callback URL and its answer, on its own connection.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, lookup_host};

use super::attempt::CallbackOutcome;
use super::url::CallbackUrl;

/// The maximum size of an answer's body.
const MAX_ANSWER: usize = 128 * 1024;

/// The answer to a request.
pub(super) enum Reply {
    /// The status and the whole body.
    Complete(u16, Bytes),
    Failed(CallbackOutcome),
}

impl Reply {
    /// Returns the outcome of an event from its answer.
    pub(super) fn outcome(self) -> CallbackOutcome {
        match self {
            Self::Complete(200, _) => CallbackOutcome::Accepted,
            Self::Complete(status, _) => CallbackOutcome::Status(status),
            Self::Failed(outcome) => outcome,
        }
    }
}

/// Sends one request. The caller limits the time.
pub(super) async fn exchange(url: &CallbackUrl, method: &str, query: &str, body: Vec<u8>) -> Reply {
    match try_exchange(url, method, query, body).await {
        Ok(reply) => reply,
        Err(outcome) => Reply::Failed(outcome),
    }
}

async fn try_exchange(url: &CallbackUrl, method: &str, query: &str, body: Vec<u8>) -> Result<Reply, CallbackOutcome> {
    let request = Request::builder()
        .method(method)
        .uri(url.target(query))
        .header(HOST, &url.authority)
        .header(CONTENT_TYPE, "text/xml")
        .header(CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .map_err(|_| CallbackOutcome::NotConnected)?;
    let resolved = lookup_host((url.host.as_str(), url.port)).await;
    let addresses: Vec<_> = resolved.map_err(|_| CallbackOutcome::UnknownHost)?.collect();
    let connected = TcpStream::connect(addresses.as_slice()).await;
    let stream = TokioIo::new(connected.map_err(|_| CallbackOutcome::NotConnected)?);
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake(stream).await.map_err(|error| lost(&error))?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(|error| lost(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), MAX_ANSWER).collect().await;
        match body {
            Ok(body) => Ok(Reply::Complete(status, body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(CallbackOutcome::InvalidAnswer),
            Err(_) => Err(CallbackOutcome::ConnectionLost),
        }
    };
    // The end of the connection is seen as the end of the answer.
    let driver = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        answer = answer => answer,
        never = driver => match never {},
    }
}

fn lost(error: &hyper::Error) -> CallbackOutcome {
    if error.is_parse() { CallbackOutcome::InvalidAnswer } else { CallbackOutcome::ConnectionLost }
}
