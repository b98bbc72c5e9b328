//! A server on a socket of its own that does what only a socket can: reset, stall, drip, break off, never end. What it can do
//! stands in [`fault`], what a fault does in [`injection`], what it remembers of a request in [`request`].

mod fault_queue;
mod http2;
mod inject;
mod received_request;
mod service;
mod socket_fault;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;

pub use self::received_request::ReceivedRequest;
use self::service::FaultService;
pub use self::socket_fault::SocketFault;
use crate::scripted_server::ScriptedServer;

/// An HTTP server on loopback that answers well, except where a test says what goes wrong: it is for what a wrapper such as
/// `Faults` of `wecom-mock` can't do, because it happens below HTTP.
///
/// Point the client under test at [`base_url`](Self::base_url), say what the
/// next request meets, and look at what arrived:
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use wecom_conformance::{FaultServer, SocketFault};
///
/// let server = FaultServer::start()?;
/// server.inject(SocketFault::ContentLengthTooLong);
///
/// // Here a bare socket takes the place of the HTTP stack under test.
/// let get = || {
///     let mut stream = TcpStream::connect(server.address())?;
///     stream.write_all(b"GET /cgi-bin/getresult?access_token=a-token&jobid=job1 HTTP/1.1\r\nconnection: close\r\n\r\n")?;
///     let mut reply = String::new();
///     stream.read_to_string(&mut reply).map(|_| reply)
/// };
/// assert!(get()?.contains("content-length: 42\r\n"));
/// assert!(get()?.ends_with("\r\n\r\n{\"errcode\":0,\"errmsg\":\"ok\"}"));
///
/// let arrived = server.requests();
/// assert_eq!((arrived.len(), server.connections()), (2, 2));
/// assert_eq!(arrived[0].query_value("jobid"), Some("job1"));
/// assert!(!format!("{arrived:?}").contains("a-token"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Which request meets which fault
///
/// Faults given to [`inject`](Self::inject) are met one after the other, in order: those that [apply to a
/// connection](SocketFault::affects_connection) by the next new connection, before anything is read from it, all others by
/// the next request, on whichever connection. When they are over, the fault given to [`inject_always`](Self::inject_always) is met by
/// all that follows; without one, everything is answered well: with HTTP status 200, on a connection that stays, and with
/// `{"errcode":0,"errmsg":"ok"}` or what [`set_reply`](Self::set_reply) says.
///
/// # Threads and bounds
///
/// It runs on threads of its own, one for each connection, beside whatever runtime the client has. Dropping it closes all
/// connections and ends all threads within a fraction of a second, whatever the client does. It takes 256 connections at
/// once, heads of 64 KiB and bodies of 4 MiB, and hangs up on what is more. HTTP/1.1 as it is, and HTTP/2 where a client
/// begins with its preface (prior knowledge); of requests over HTTP/2 it keeps no record.
pub struct FaultServer {
    server: ScriptedServer,
    service: Arc<FaultService>,
}

impl FaultServer {
    /// Begins to listen, on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// When there is no port or no thread to be had.
    pub fn start() -> io::Result<Self> {
        let service = Arc::new(FaultService::new(
            #[cfg(feature = "tls")]
            self::tls::Identity::generate()?,
        ));
        Ok(Self { server: ScriptedServer::start(Arc::clone(&service))?, service })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The base URL for clients: `http://127.0.0.1:port/cgi-bin/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address())
    }

    /// As [`base_url`](Self::base_url), for clients that speak TLS: for `SocketFault::UntrustedCertificate` and
    /// [`SocketFault::SilentConnection`]. Without a fault, TLS is not spoken.
    #[must_use]
    pub fn tls_base_url(&self) -> String {
        format!("https://{}/cgi-bin/", self.address())
    }

    /// The certificate, in DER, that `SocketFault::UntrustedCertificate` shows: self-signed, for `127.0.0.1` and
    /// `localhost`, and made anew for each server. A client that trusts it is answered well.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.service.identity.certificate
    }

    /// Says what the next connection or request meets, after those that were said before.
    pub fn inject(&self, fault: SocketFault) {
        self.service.queue().push(fault);
    }

    /// Says what every connection or request meets when those given to [`inject`](Self::inject) are over.
    pub fn inject_always(&self, fault: SocketFault) {
        self.service.queue().set_always(fault);
    }

    /// Answers well from now on: faults that were not met yet are forgotten, those under way go on.
    pub fn clear_faults(&self) {
        self.service.queue().clear();
    }

    /// Sets the body of the good answer for a path below the base URL (`corpgroup/corp/get_chain_list`), in place of
    /// `{"errcode":0,"errmsg":"ok"}`.
    pub fn set_reply(&self, path: &str, body: impl Into<Bytes>) {
        self.service.queue().set_reply(path, body.into());
    }

    /// Closes all connections there are, and comes back when that is done: a client that keeps some for later now has stale
    /// ones. New ones are taken as before.
    pub fn close_connections(&self) {
        self.server.close_connections();
    }

    /// What has arrived so far, in order: of the requests that were read to their end, the last 1,000, and no more than 32
    /// MiB of them.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.server.state().requests.iter().cloned().map(ReceivedRequest::new).collect()
    }

    /// How many connections have been taken so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.state().connections
    }

    /// How many connections the client has ended so far: those on which nothing was left to read or to write when the server
    /// looked, because the client had closed or reset them.
    #[must_use]
    pub fn closed_by_client(&self) -> usize {
        self.server.state().closed_by_client
    }

    /// Comes back when so many requests have arrived since the start. Any runtime will do.
    pub async fn wait_for_requests(&self, count: usize) {
        self.server.until(|state| state.requests.arrived() >= count).await;
    }

    /// Comes back when so many connections have been taken since the start: also by a client that sends nothing over them.
    pub async fn wait_for_connections(&self, count: usize) {
        self.server.until(|state| state.connections >= count).await;
    }

    /// Comes back when the client has ended so many connections: what a dropped call ought to do to its own.
    pub async fn wait_for_client_closes(&self, count: usize) {
        self.server.until(|state| state.closed_by_client >= count).await;
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        self.server.join();
    }
}

impl fmt::Debug for FaultServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.server.state();
        f.debug_struct("FaultServer")
            .field("address", &self.server.address())
            .field("requests", &state.requests.arrived())
            .field("connections", &state.connections)
            .finish_non_exhaustive()
    }
}
