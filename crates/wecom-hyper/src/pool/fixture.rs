//! Calls and connections for the tests of the pool.

use std::time::Duration;

use tokio::sync::oneshot;

use crate::exchange::body::Whole;
use crate::pool::job::{Job, JobLimits, Outcome, Ticket};

/// A call with this path, and the receiver of its outcome. Dropping the receiver cancels the call.
pub(crate) fn job(path: &'static str) -> (Box<Job>, oneshot::Receiver<Outcome>) {
    let (ticket, outcome) = Ticket::new();
    let mut request = http::Request::new(Whole::new(None));
    *request.uri_mut() = http::Uri::from_static(path);
    let limits = JobLimits::new(Duration::from_secs(60), 1024);
    (Box::new(Job { request, limits, ticket }), outcome)
}

/// A connection for HTTP/2 whose task never runs. It is closed once the second value is dropped.
#[cfg(feature = "http2")]
pub(crate) async fn connection() -> (crate::pool::shared_connection::Connection, Box<dyn std::any::Any>) {
    use std::sync::Arc;

    use hyper::client::conn::http2::Builder;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    use tokio::net::{TcpListener, TcpStream};

    use crate::connect::origin::Origin;
    use crate::connect::socket::Socket;
    use crate::pool::shared_connection::Connection;

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (socket, wire) = Socket::new(stream);
    let (sender, task) = Builder::new(TokioExecutor::new()).handshake(TokioIo::new(socket)).await.unwrap();
    let origin = Arc::new(Origin::new(false, "a.example").unwrap());
    (Connection::new(sender, origin, wire), Box::new(task))
}
