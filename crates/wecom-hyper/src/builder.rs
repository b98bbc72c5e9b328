//! Builds a transport.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::build_error::BuildError;
use crate::connect::Connector;
use crate::connect::dial::Dial;
use crate::connect::resolve::{Resolve, Resolver};
#[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
use crate::connect::tls::{AddedRoots, Crypto, Roots, client_config};
use crate::counters::Counts;
#[cfg(feature = "http2")]
use crate::http2::Http2;
use crate::pool::{Limits, Pool};
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::transport::HyperTransport;

impl HyperTransport {
    /// Creates a transport with the defaults of [`HyperTransportBuilder`].
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`HyperTransportBuilder::build`].
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Returns a builder with the default settings.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }
}

/// The settings of a [`HyperTransport`]. The defaults suit a server program.
///
/// ```no_run
/// use std::time::Duration;
/// use wecom_hyper::HyperTransport;
///
/// let transport = HyperTransport::builder()
///     .connect_limit(Duration::from_secs(3))
///     .time_limit(Duration::from_secs(10))
///     .build()?;
/// # let _ = transport;
/// # Ok::<(), wecom_hyper::BuildError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct HyperTransportBuilder {
    connect_limit: Duration,
    time_limit: Duration,
    reply_limit: usize,
    connections: Limits,
    runtime: Option<Handle>,
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    crypto: Crypto,
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    roots: Roots,
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    added_roots: Vec<AddedRoots>,
    resolver: Option<Arc<dyn Resolve>>,
    happy_eyeballs_delay: Duration,
    #[cfg(feature = "proxy")]
    proxy: Option<Proxy>,
    #[cfg(feature = "http2")]
    http2: Option<Http2>,
}

impl Default for HyperTransportBuilder {
    fn default() -> Self {
        Self {
            connect_limit: Duration::from_secs(10),
            time_limit: Duration::from_secs(30),
            reply_limit: 8 * 1024 * 1024,
            connections: Limits {
                max_connections: 256,
                max_idle_per_host: usize::MAX,
                // Below the minute after which load balancers commonly drop idle connections.
                idle_timeout: Duration::from_secs(50),
            },
            runtime: None,
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            crypto: Crypto::default(),
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            roots: Roots::default(),
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            added_roots: Vec::new(),
            resolver: None,
            happy_eyeballs_delay: Duration::from_millis(300),
            #[cfg(feature = "proxy")]
            proxy: None,
            #[cfg(feature = "http2")]
            http2: None,
        }
    }
}

impl HyperTransportBuilder {
    /// Sets the limit for opening a connection: DNS, TCP, any proxy and TLS together. Default: 10 seconds. Each address
    /// of a host gets an equal share.
    pub fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// Sets the limit for a whole attempt, from waiting for a connection to the last byte of the reply. Default: 30
    /// seconds. See [`HyperTransport::with_time_limit`].
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// Sets the limit for the body of a reply, in bytes. Default: 8 MiB. See [`HyperTransport::with_reply_limit`].
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = bytes;
        self
    }

    /// Sets the maximum number of connections, to all hosts together and including those being opened. Default: 256;
    /// minimum: 1. Further calls wait in order, within their time limits. When all connections to other hosts are idle,
    /// one of them is closed to make room.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.connections.max_connections = connections.max(1);
        self
    }

    /// Sets how long an idle connection is kept. Default: 50 seconds.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.connections.idle_timeout = timeout;
        self
    }

    /// Sets how many idle connections are kept for a host. Default: no limit beside
    /// [`max_connections`](Self::max_connections).
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.connections.max_idle_per_host = connections;
        self
    }

    /// Binds the transport to a runtime. Default: the runtime of the thread that polls a call. See
    /// [`HyperTransport::with_runtime`].
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Sets the crypto provider. Default: ring if compiled in, else aws-lc-rs.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn crypto(mut self, crypto: Crypto) -> Self {
        self.crypto = crypto;
        self
    }

    /// Sets the trusted root certificates. Default: the platform's if compiled in, else the bundled ones.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Trusts another certificate authority, such as that of a company's gateway. Takes its certificate in DER: the
    /// decoded base64 of a PEM section. Not supported on Android with the platform's roots.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn add_root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(AddedRoots::Der(rustls::pki_types::CertificateDer::from(der.into())));
        self
    }

    /// Trusts the certificate authorities in a PEM file: all its `CERTIFICATE` sections; others are ignored. If it has
    /// none, [`build`](Self::build) fails.
    ///
    /// ```no_run
    /// use wecom_hyper::HyperTransport;
    ///
    /// let pem = std::fs::read("/etc/our-company/roots.pem")?;
    /// let transport = HyperTransport::builder().add_root_certificates_pem(pem).build()?;
    /// # let _ = transport;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    pub fn add_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(AddedRoots::Pem(pem.into()));
        self
    }

    /// Sets the resolver for host names, including a proxy's. Default: the system's.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Sets how long connecting to the addresses of the first family (IPv6 or IPv4, in the resolver's order) may take
    /// before the other family is tried in parallel. Default: 300 milliseconds. The first open connection is used.
    pub fn happy_eyeballs_delay(mut self, delay: Duration) -> Self {
        self.happy_eyeballs_delay = delay;
        self
    }

    /// Sets the proxy, or the proxies of [the environment](Proxy::from_env). Default: direct connections; the
    /// environment is not read. WeCom accepts calls from trusted addresses only: see [`Proxy`].
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Enables HTTP/2. Default: HTTP/1.1 only.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, http2: Http2) -> Self {
        self.http2 = Some(http2);
        self
    }

    /// Builds the transport. It opens no connection and needs no runtime yet.
    ///
    /// # Errors
    ///
    /// Returns a [`BuildError`] if there are no root certificates, or an added one is invalid.
    pub fn build(self) -> Result<HyperTransport, BuildError> {
        #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
        let tls = {
            let added = AddedRoots::certificates(&self.added_roots)?;
            Arc::new(client_config(self.crypto, self.roots, added, self.protocols())?).into()
        };
        let resolver = self.resolver.map_or_else(Resolver::system, Resolver::Own);
        let connector = Connector {
            dial: Dial::new(resolver.clone(), self.connect_limit, self.happy_eyeballs_delay),
            limit: self.connect_limit,
            #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
            tls,
            #[cfg(feature = "proxy")]
            proxy: self.proxy,
            #[cfg(feature = "proxy")]
            resolver,
            #[cfg(feature = "http2")]
            http2: self.http2,
        };
        let counts = Arc::new(Counts::default());
        let pool = Pool::new(connector, self.connections, Arc::clone(&counts));
        Ok(HyperTransport::over(pool, self.time_limit, self.reply_limit, self.runtime, counts))
    }

    /// The protocols to offer, the preferred one first.
    #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
    fn protocols(&self) -> &'static [&'static [u8]] {
        #[cfg(feature = "http2")]
        match &self.http2 {
            Some(http2) if http2.is_required() => return &[b"h2"],
            Some(_) => return &[b"h2", b"http/1.1"],
            None => {}
        }
        &[b"http/1.1"]
    }
}

impl fmt::Debug for HyperTransportBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("HyperTransportBuilder");
        shown
            .field("connect_limit", &self.connect_limit)
            .field("time_limit", &self.time_limit)
            .field("reply_limit", &self.reply_limit)
            .field("connections", &self.connections)
            .field("has_runtime", &self.runtime.is_some());
        #[cfg(any(feature = "ring", feature = "aws-lc-rs"))]
        shown.field("crypto", &self.crypto).field("roots", &self.roots).field("added_roots", &self.added_roots.len());
        shown.field("has_resolver", &self.resolver.is_some()).field("happy_eyeballs_delay", &self.happy_eyeballs_delay);
        #[cfg(feature = "proxy")]
        shown.field("proxy", &self.proxy);
        #[cfg(feature = "http2")]
        shown.field("http2", &self.http2);
        shown.finish()
    }
}

#[cfg(all(test, feature = "http2", any(feature = "ring", feature = "aws-lc-rs")))]
mod tests {
    use super::*;

    #[test]
    fn the_offered_protocols_are_those_that_the_settings_allow() {
        let builder = HyperTransport::builder;
        assert_eq!(builder().protocols(), [b"http/1.1"]);
        assert_eq!(builder().http2(Http2::preferred()).protocols(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!(builder().http2(Http2::required()).protocols(), [b"h2"]);
    }
}
