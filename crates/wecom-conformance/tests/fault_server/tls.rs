//! TLS with a self-signed certificate.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use wecom_conformance::{FaultServer, SocketFault};

use crate::client::{assert_successful, server_with};

/// Sends a request over TLS as a client that trusts one certificate, and returns the reply.
fn get(server: &FaultServer, trusted: &[u8]) -> std::io::Result<String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(trusted.to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), "127.0.0.1".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(session, TcpStream::connect(server.address())?);
    stream.write_all(b"GET /cgi-bin/x?access_token=canary HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")?;
    let mut reply = Vec::new();
    // The connection ends without `close_notify`, which is an error after the whole reply was read.
    let _ = stream.read_to_end(&mut reply);
    Ok(String::from_utf8(reply).unwrap())
}

#[test]
fn a_client_that_verifies_the_certificate_sends_nothing_and_one_that_trusts_it_succeeds() {
    let server = server_with(SocketFault::UntrustedCertificate);
    let another = FaultServer::start().unwrap();
    let error = get(&server, another.certificate_der()).unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer") || error.to_string().contains("BadSignature"), "{error}");
    assert!(server.requests().is_empty());

    server.inject(SocketFault::UntrustedCertificate);
    assert_successful(&get(&server, server.certificate_der()).unwrap());
    assert_eq!((server.requests().len(), server.connections()), (1, 2));
    assert_eq!(server.tls_base_url(), server.base_url().replace("http:", "https:"));
}
