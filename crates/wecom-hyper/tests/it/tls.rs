//! Certificates, with the tests' own certificate authority.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock};
use std::thread::{self, JoinHandle};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use wecom_core::Delivery::NotSent;
use wecom_core::TransportErrorKind::Tls;
use wecom_core::{BaseUrl, Transport};
use wecom_hyper::{BuildError, Crypto, HyperTransport, HyperTransportBuilder, Roots};

use crate::support::{failure, post};

/// A certificate authority, and a certificate that it issued for a host.
pub(crate) struct Authority {
    root: CertificateDer<'static>,
    leaf: CertificateDer<'static>,
    leaf_key: Vec<u8>,
}

pub(crate) static TRUSTED: LazyLock<Authority> = LazyLock::new(|| Authority::with_leaf_for("127.0.0.1"));

impl Authority {
    fn with_leaf_for(host: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().der().clone();
        let issuer = Issuer::new(params, key);
        let leaf_key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new([host.to_owned()]).unwrap().signed_by(&leaf_key, &issuer).unwrap();
        Self { root, leaf: leaf.der().clone(), leaf_key: leaf_key.serialize_der() }
    }

    /// Answers one request on one connection, with the name of the negotiated protocol as the body.
    pub(crate) fn serve_once(&self) -> (BaseUrl, JoinHandle<()>) {
        self.serve_once_by(&[b"h2", b"http/1.1"], answer_once)
    }

    /// Passes one connection, which negotiates one of these protocols, to `serve`.
    pub(crate) fn serve_once_by(
        &self,
        protocols: &[&[u8]],
        serve: impl FnOnce(StreamOwned<ServerConnection, TcpStream>) + Send + 'static,
    ) -> (BaseUrl, JoinHandle<()>) {
        let key = PrivateKeyDer::Pkcs8(self.leaf_key.clone().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.leaf.clone()], key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://{}", listener.local_addr().unwrap()).parse().unwrap();
        let serving = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let session = ServerConnection::new(Arc::new(config)).unwrap();
            serve(StreamOwned::new(session, socket));
        });
        (base, serving)
    }
}

pub(crate) fn answer_once(stream: StreamOwned<ServerConnection, TcpStream>) {
    drop(answer(stream));
}

/// Answers one request, and returns the connection. `None`: a client that refuses the certificate has ended it.
pub(crate) fn answer(stream: StreamOwned<ServerConnection, TcpStream>) -> Option<impl Read> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
    }
    let tls = stream.get_mut();
    let body = String::from_utf8_lossy(tls.conn.alpn_protocol().unwrap_or_default()).into_owned();
    write!(tls, "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
    tls.flush().unwrap();
    Some(stream)
}

fn provider() -> CryptoProvider {
    #[cfg(feature = "ring")]
    let provider = rustls::crypto::ring::default_provider();
    #[cfg(not(feature = "ring"))]
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    provider
}

/// A builder that trusts the tests' authority in addition to the default roots.
pub(crate) fn builder() -> HyperTransportBuilder {
    HyperTransport::builder().add_root_certificate(TRUSTED.root.to_vec())
}

async fn assert_connects(builder: HyperTransportBuilder) {
    let (base, server) = TRUSTED.serve_once();
    let reply = builder.build().unwrap().send(post(base)).await.unwrap();
    assert_eq!((reply.status(), &reply.body()[..]), (200, &b"http/1.1"[..]));
    server.join().unwrap();
}

#[tokio::test]
async fn an_added_root_is_trusted_in_addition_to_others() {
    assert_connects(builder()).await;
    assert_connects(builder().roots(Roots::OnlyAdded)).await;
    #[cfg(feature = "platform-roots")]
    assert_connects(builder().roots(Roots::Platform)).await;
    #[cfg(feature = "bundled-roots")]
    assert_connects(builder().roots(Roots::Bundled)).await;
}

#[tokio::test]
async fn each_crypto_provider_works_and_none_is_installed() {
    #[cfg(feature = "ring")]
    assert_connects(builder().crypto(Crypto::Ring)).await;
    #[cfg(feature = "aws-lc-rs")]
    assert_connects(builder().crypto(Crypto::AwsLcRs)).await;
    assert!(CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    let untrusted = Authority::with_leaf_for("127.0.0.1");
    let (base, server) = untrusted.serve_once();
    assert_eq!(failure(&builder().build().unwrap(), post(base)).await, (Tls, NotSent));
    server.join().unwrap();
}

#[tokio::test]
async fn a_certificate_for_another_host_is_refused() {
    let other = Authority::with_leaf_for("other.example");
    let (base, server) = other.serve_once();
    let transport = builder().add_root_certificate(other.root.to_vec()).build().unwrap();
    assert_eq!(failure(&transport, post(base)).await, (Tls, NotSent));
    server.join().unwrap();
}

/// A section of a PEM file.
fn pem(label: &str, bytes: &[u8]) -> String {
    let digits: Vec<_> = bytes.chunks(3).map(base64).collect();
    let lines: Vec<_> = digits.chunks(16).map(<[String]>::concat).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// Encodes up to three bytes as four base64 digits.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = (0..3).fold(0, |bits, at| bits << 8 | usize::from(*bytes.get(at).unwrap_or(&0)));
    let digit = |shift: usize| DIGITS.chars().nth(bits >> shift & 63).unwrap();
    let shown = [18, 12, 6, 0].into_iter().map(digit).take(bytes.len() + 1);
    shown.chain("==".chars()).take(4).collect()
}

#[tokio::test]
async fn each_root_in_a_pem_file_is_trusted() {
    let (first, second) = (Authority::with_leaf_for("127.0.0.1"), Authority::with_leaf_for("127.0.0.1"));
    let file = format!(
        "Company roots\n{}\n{}{}",
        pem("CERTIFICATE", &first.root),
        pem("PRIVATE KEY", &first.leaf_key),
        pem("CERTIFICATE", &second.root)
    );
    for authority in [&first, &second] {
        let transport = HyperTransport::builder().roots(Roots::OnlyAdded).add_root_certificates_pem(file.clone());
        let (base, server) = authority.serve_once();
        assert_eq!(transport.build().unwrap().send(post(base)).await.unwrap().status(), 200);
        server.join().unwrap();
    }
}

#[test]
fn a_pem_file_without_a_root_is_refused() {
    let key = pem("PRIVATE KEY", b"canary");
    let broken = "-----BEGIN CERTIFICATE-----\n*canary*\n-----END CERTIFICATE-----\n".to_owned();
    for file in [String::new(), "canary".to_owned(), key, broken] {
        let error = builder().add_root_certificates_pem(file).build().unwrap_err();
        assert!(matches!(error, BuildError::Pem(_)), "{error:?}");
    }
    let error = builder().add_root_certificates_pem(pem("CERTIFICATE", b"canary")).build().unwrap_err();
    assert!(matches!(error, BuildError::RootCertificate { index: 1, .. }), "{error:?}");
}

#[test]
fn a_builder_without_roots_fails() {
    let error = HyperTransport::builder().roots(Roots::OnlyAdded).build().unwrap_err();
    assert!(matches!(error, BuildError::NoRoots), "{error:?}");
}

#[test]
fn ring_is_the_default_where_it_is_compiled_in() {
    #[cfg(feature = "ring")]
    assert_eq!(Crypto::default(), Crypto::Ring);
    #[cfg(not(feature = "ring"))]
    assert_eq!(Crypto::default(), Crypto::AwsLcRs);
}
