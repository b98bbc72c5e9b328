//! A server that injects faults below HTTP: it resets connections, and stalls, slows, truncates or never ends a reply.

// `socket_fault` lists the faults, `inject` and `http2` produce them on the socket, and `fault_queue` decides which request
// meets which fault.
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

/// An HTTP server on loopback that injects faults on request and otherwise replies successfully.
///
/// It produces the faults that a wrapper around a transport, such as `Faults` of `wecom-mock`, can't produce, because they
/// happen below HTTP. Point the client under test at [`base_url`](Self::base_url), inject a fault, make a call, and examine
/// what the server received:
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
/// use wecom_conformance::{FaultServer, SocketFault};
///
/// let server = FaultServer::start()?;
/// server.inject(SocketFault::ContentLengthTooLong);
///
/// // A bare socket stands for the HTTP stack under test.
/// let get = || {
///     let mut stream = TcpStream::connect(server.address())?;
///     stream.write_all(b"GET /cgi-bin/getresult?access_token=a-token&jobid=job1 ")?;
///     stream.write_all(b"HTTP/1.1\r\nconnection: close\r\n\r\n")?;
///     let mut reply = String::new();
///     stream.read_to_string(&mut reply).map(|_| reply)
/// };
/// assert!(get()?.contains("content-length: 42\r\n"));
/// assert!(get()?.ends_with("\r\n\r\n{\"errcode\":0,\"errmsg\":\"ok\"}"));
///
/// let received = server.requests();
/// assert_eq!((received.len(), server.connections()), (2, 2));
/// assert_eq!(received[0].query_value("jobid"), Some("job1"));
/// assert!(!format!("{received:?}").contains("a-token"));
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Order of faults
///
/// Faults passed to [`inject`](Self::inject) apply one by one, in order. A fault that [affects a
/// connection](SocketFault::affects_connection) applies to the next new connection, before the server reads from it. Any
/// other fault applies to the next request on any connection. Once the queue is empty, the fault passed to
/// [`inject_always`](Self::inject_always) applies to every connection or request.
///
/// Without a fault, the server replies with status 200 and `{"errcode":0,"errmsg":"ok"}`, or the body set with
/// [`set_reply`](Self::set_reply), and keeps the connection open.
///
/// # Threads and limits
///
/// The server runs on its own threads, one per connection, and needs no async runtime. Dropping it closes all connections and
/// ends all threads within a fraction of a second.
///
/// It accepts 256 connections at once, heads up to 64 KiB and bodies up to 16 MiB, and closes connections over these limits. It
/// speaks HTTP/1.1, and HTTP/2 to clients with prior knowledge. It does not record requests over HTTP/2.
pub struct FaultServer {
    server: ScriptedServer,
    service: Arc<FaultService>,
}

impl FaultServer {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// Returns an error if no port or no thread is available.
    pub fn start() -> io::Result<Self> {
        let service = Arc::new(FaultService::new(
            #[cfg(feature = "tls")]
            self::tls::Identity::generate()?,
        ));
        Ok(Self { server: ScriptedServer::start(Arc::clone(&service))?, service })
    }

    /// Returns the address of the server.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Returns the base URL for clients, `http://127.0.0.1:port/cgi-bin/`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/cgi-bin/", self.address())
    }

    /// Returns the base URL for clients that use TLS, `https://127.0.0.1:port/cgi-bin/`.
    ///
    /// The server uses TLS only for `SocketFault::UntrustedCertificate`. To test a TLS handshake that receives no reply,
    /// use [`SocketFault::SilentConnection`].
    #[must_use]
    pub fn tls_base_url(&self) -> String {
        format!("https://{}/cgi-bin/", self.address())
    }

    /// Returns the certificate of `SocketFault::UntrustedCertificate`, in DER.
    ///
    /// It is self-signed, for `127.0.0.1` and `localhost`, and generated for each server. A client that trusts it receives
    /// successful replies.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn certificate_der(&self) -> &[u8] {
        &self.service.identity.certificate
    }

    /// Adds a fault to the queue. It applies once, to the next connection or request after the faults queued before it.
    pub fn inject(&self, fault: SocketFault) {
        self.service.queue().push(fault);
    }

    /// Sets the fault that applies to every connection or request while the queue of [`inject`](Self::inject) is empty.
    pub fn inject_always(&self, fault: SocketFault) {
        self.service.queue().set_always(fault);
    }

    /// Removes all faults that have not applied yet. Faults in progress continue.
    pub fn clear_faults(&self) {
        self.service.queue().clear();
    }

    /// Sets the body of the successful reply for a path below the base URL, such as `corpgroup/corp/get_chain_list`.
    ///
    /// The default is `{"errcode":0,"errmsg":"ok"}`.
    pub fn set_reply(&self, path: &str, body: impl Into<Bytes>) {
        self.service.queue().set_reply(path, body.into());
    }

    /// Closes all open connections, and returns once they are closed. The server accepts new connections as before.
    ///
    /// The idle connections in the pool of a client are stale afterwards.
    pub fn close_connections(&self) {
        self.server.close_connections();
    }

    /// Returns the complete requests received so far, in order: the last 1,000 of them, and at most 32 MiB.
    #[must_use]
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        self.server.state().requests.iter().cloned().map(ReceivedRequest::new).collect()
    }

    /// Returns the number of connections accepted so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.server.state().connections
    }

    /// Returns the number of connections that the client has closed or reset so far.
    #[must_use]
    pub fn closed_by_client(&self) -> usize {
        self.server.state().closed_by_client
    }

    /// Waits until the server has received `count` requests since its start. Works on any runtime.
    pub async fn wait_for_requests(&self, count: usize) {
        self.server.until(|state| state.requests.arrived() >= count).await;
    }

    /// Waits until the server has accepted `count` connections since its start, whether or not they carry a request.
    pub async fn wait_for_connections(&self, count: usize) {
        self.server.until(|state| state.connections >= count).await;
    }

    /// Waits until the client has closed or reset `count` connections since the start of the server, for example after a call
    /// was dropped.
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
