//! TLS with a self-signed certificate.

use std::fmt::Display;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::scripted_server::connection::Stream;

/// The server's certificate and TLS configuration.
pub(crate) struct Identity {
    pub(crate) certificate: Vec<u8>,
    config: Arc<ServerConfig>,
}

impl Identity {
    pub(crate) fn generate() -> io::Result<Self> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).map_err(failed)?;
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .map_err(failed)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { certificate: cert.der().to_vec(), config: Arc::new(config) })
    }

    /// Starts the server side of a TLS session. The handshake happens during the first reads.
    pub(crate) fn session(&self) -> io::Result<ServerConnection> {
        ServerConnection::new(Arc::clone(&self.config)).map_err(failed)
    }
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {
    fn close_writing(&mut self) -> io::Result<()> {
        self.sock.shutdown(Shutdown::Write)
    }
}

fn failed(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}
