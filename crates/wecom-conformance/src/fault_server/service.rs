//! Serves the connections of the fault server.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault_queue::FaultQueue;
use super::http2::{self, PREFACE};
use super::inject;
use super::received_request::path_of;
use super::socket_fault::OnConnection;
#[cfg(feature = "tls")]
use super::tls::Identity;
use crate::scripted_server::Service;
use crate::scripted_server::connection::Connection;

/// The faults to inject, and the identity of the server.
pub(crate) struct FaultService {
    queue: Mutex<FaultQueue>,
    #[cfg(feature = "tls")]
    pub(crate) identity: Identity,
}

impl FaultService {
    pub(crate) fn new(#[cfg(feature = "tls")] identity: Identity) -> Self {
        Self {
            queue: Mutex::default(),
            #[cfg(feature = "tls")]
            identity,
        }
    }

    pub(crate) fn queue(&self) -> MutexGuard<'_, FaultQueue> {
        // No code panics while the queue is inconsistent.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn serve_requests(&self, mut connection: Connection<'_, TcpStream>) -> io::Result<()> {
        if connection.begins_with(PREFACE)? {
            return http2::serve(&mut connection, None);
        }
        let address = connection.address();
        let after = connection.serve_requests(|_, request| {
            let mut queue = self.queue();
            let good = queue.good(path_of(&request.target));
            inject::on_request(&queue.for_request(), &good, address)
        })?;
        connection.end(after)
    }

    /// Serves successful replies over TLS.
    #[cfg(feature = "tls")]
    fn serve_tls(&self, connection: Connection<'_, TcpStream>) -> io::Result<()> {
        let session = self.identity.session()?;
        let mut connection = connection.over(|socket| rustls::StreamOwned::new(session, socket));
        let good = |path: &str| self.queue().good(path);
        connection.serve_requests(|_, request| inject::good(&good(path_of(&request.target)))).map(drop)
    }
}

impl Service for Arc<FaultService> {
    /// What a fault does to the connection. `None` if only its requests meet faults.
    type Plan = Option<OnConnection>;

    fn plan(&self) -> Option<OnConnection> {
        self.queue().for_connection().on_connection()
    }

    fn serve(&self, mut connection: Connection<'_, TcpStream>, plan: Option<OnConnection>) -> io::Result<()> {
        let script = match plan {
            None => return self.serve_requests(connection),
            Some(OnConnection::Http2(fault)) => return http2::serve(&mut connection, Some(fault)),
            #[cfg(feature = "tls")]
            Some(OnConnection::UntrustedCertificate) => return self.serve_tls(connection),
            Some(OnConnection::Close) => inject::close_on_accept(),
            Some(OnConnection::Reset) => inject::reset_on_accept(),
            Some(OnConnection::Silence) => inject::silence(),
        };
        let after = connection.perform(script)?;
        connection.end(after)
    }
}
