//! Carries out the script on the server's connections.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::fault::SocketFault;
use super::http2::{self, PREFACE};
use super::injection;
use super::request::path_of;
use super::script::Script;
#[cfg(feature = "tls")]
use super::tls::Identity;
use crate::server::Service;
use crate::server::connection::Connection;

/// The script, and what else the connections need.
pub(crate) struct FaultService {
    script: Mutex<Script>,
    #[cfg(feature = "tls")]
    pub(crate) identity: Identity,
}

impl FaultService {
    pub(crate) fn new(#[cfg(feature = "tls")] identity: Identity) -> Self {
        Self {
            script: Mutex::default(),
            #[cfg(feature = "tls")]
            identity,
        }
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        // Nothing in here panics between two changes that belong together.
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer_all(&self, mut connection: Connection<'_, TcpStream>) -> io::Result<()> {
        if connection.begins_with(PREFACE)? {
            return http2::serve(&mut connection, SocketFault::None);
        }
        let address = connection.address();
        let then = connection.answer_all(|_, request| {
            let mut script = self.script();
            let good = script.good(path_of(&request.target));
            injection::at_request(&script.at_request(), &good, address)
        })?;
        connection.end(then)
    }

    /// Answers each request well.
    #[cfg(feature = "tls")]
    fn answer_well(&self, connection: Connection<'_, TcpStream>) -> io::Result<()> {
        let session = self.identity.session()?;
        let mut connection = connection.over(|socket| rustls::StreamOwned::new(session, socket));
        let good = |path: &str| self.script().good(path);
        connection.answer_all(|_, request| injection::good(&good(path_of(&request.target)))).map(drop)
    }
}

impl Service for Arc<FaultService> {
    /// The fault that the connection meets.
    type Plan = SocketFault;

    fn accepted(&self) -> SocketFault {
        self.script().at_connection()
    }

    fn serve(&self, mut connection: Connection<'_, TcpStream>, fault: SocketFault) -> io::Result<()> {
        match fault {
            SocketFault::CloseOnAccept | SocketFault::ResetOnAccept | SocketFault::SilentConnection => {
                let then = connection.give(injection::at_connection(&fault))?;
                connection.end(then)
            }
            SocketFault::Http2GoAway | SocketFault::Http2RefusedStream | SocketFault::Http2Silence => {
                http2::serve(&mut connection, fault)
            }
            #[cfg(feature = "tls")]
            SocketFault::UntrustedCertificate => self.answer_well(connection),
            _ => self.answer_all(connection),
        }
    }
}
