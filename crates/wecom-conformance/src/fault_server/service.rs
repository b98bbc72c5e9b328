//! Serves the connections of the fault server.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault_queue::FaultQueue;
use super::http2::{self, PREFACE};
use super::inject;
use super::received_request::path_of;
use super::socket_fault::SocketFault;
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
            return http2::serve(&mut connection, SocketFault::None);
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
    /// The fault that applies to the connection.
    type Plan = SocketFault;

    fn plan(&self) -> SocketFault {
        self.queue().for_connection()
    }

    fn serve(&self, mut connection: Connection<'_, TcpStream>, fault: SocketFault) -> io::Result<()> {
        match fault {
            SocketFault::CloseOnAccept | SocketFault::ResetOnAccept | SocketFault::SilentConnection => {
                let after = connection.perform(inject::on_connection(&fault))?;
                connection.end(after)
            }
            SocketFault::Http2GoAway | SocketFault::Http2RefusedStream | SocketFault::Http2Silence => {
                http2::serve(&mut connection, fault)
            }
            #[cfg(feature = "tls")]
            SocketFault::UntrustedCertificate => self.serve_tls(connection),
            _ => self.serve_requests(connection),
        }
    }
}
