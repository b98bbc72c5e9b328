//! Builds a transport with TLS, limits and a pool of its own.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::Client;
use hyper_util::rt;
use rustls::pki_types::CertificateDer;
use thiserror::Error;
use tokio::runtime::Handle;

use crate::connect::resolve::{Resolve, Resolver};
use crate::connect::tls::{AddedRoots, Crypto, Roots, client_config};
use crate::connect::{Parts, connector};
use crate::counters::Counts;
#[cfg(feature = "http2")]
use crate::http2::Http2;
#[cfg(feature = "proxy")]
use crate::proxy::Proxy;
use crate::transport::HyperTransport;

impl HyperTransport {
    /// A transport with all defaults: see [`HyperTransportBuilder`].
    ///
    /// Needs the feature `ring` or `aws-lc-rs`.
    ///
    /// # Errors
    ///
    /// As [`HyperTransportBuilder::build`].
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// Begins a transport with settings of your own.
    ///
    /// Needs the feature `ring` or `aws-lc-rs`.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder::default()
    }
}

/// What a [`HyperTransport`] is to be like. Whatever is not set has a default that suits a server.
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
#[must_use = "a builder does nothing until it is built"]
pub struct HyperTransportBuilder {
    connect_limit: Duration,
    time_limit: Option<Duration>,
    reply_limit: Option<usize>,
    pool_idle_timeout: Duration,
    pool_max_idle_per_host: usize,
    runtime: Option<Handle>,
    crypto: Crypto,
    roots: Roots,
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
            time_limit: None,
            reply_limit: None,
            // Below the minute after which load balancers commonly drop what is idle.
            pool_idle_timeout: Duration::from_secs(50),
            pool_max_idle_per_host: usize::MAX,
            runtime: None,
            crypto: Crypto::default(),
            roots: Roots::default(),
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
    /// How long getting a connection may take, DNS, TCP, any proxy and TLS together: 10 seconds by default. Where a host
    /// has several addresses, each gets an equal share of it.
    pub fn connect_limit(mut self, limit: Duration) -> Self {
        self.connect_limit = limit;
        self
    }

    /// How long one attempt may take, from connecting to the last byte of the reply: 30 seconds by default. See
    /// [`HyperTransport::with_time_limit`].
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// How large the body of a reply may be, in bytes: 8 MiB by default. See [`HyperTransport::with_reply_limit`].
    pub fn reply_limit(mut self, bytes: usize) -> Self {
        self.reply_limit = Some(bytes);
        self
    }

    /// How long an unused connection is kept: 50 seconds by default.
    pub fn pool_idle_timeout(mut self, timeout: Duration) -> Self {
        self.pool_idle_timeout = timeout;
        self
    }

    /// How many unused connections are kept for a host: by default as many as there were calls at once.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.pool_max_idle_per_host = connections;
        self
    }

    /// The runtime to run on: by default that of the thread that polls a call. See [`HyperTransport::with_runtime`].
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// The crypto provider: ring by default where it is compiled in, and aws-lc-rs otherwise.
    pub fn crypto(mut self, crypto: Crypto) -> Self {
        self.crypto = crypto;
        self
    }

    /// Whose certificates to trust: by default the platform's where that is compiled in, and the bundled ones otherwise.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.roots = roots;
        self
    }

    /// Trusts one more certificate authority, such as that of a company's gateway: its certificate in DER, which is
    /// what stands between the lines of a PEM file, in base64. Android takes none beside its own.
    pub fn add_root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(AddedRoots::Der(CertificateDer::from(der.into())));
        self
    }

    /// Trusts the certificate authorities in a PEM file, which may hold several: all of its `CERTIFICATE` sections, and
    /// nothing else in it. Without any, [`build`](Self::build) fails.
    ///
    /// ```no_run
    /// use wecom_hyper::HyperTransport;
    ///
    /// let pem = std::fs::read("/etc/our-company/roots.pem")?;
    /// let transport = HyperTransport::builder().add_root_certificates_pem(pem).build()?;
    /// # let _ = transport;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn add_root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.added_roots.push(AddedRoots::Pem(pem.into()));
        self
    }

    /// Resolves names with this, a proxy's too: by default the system does.
    pub fn resolver(mut self, resolver: impl Resolve + 'static) -> Self {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// How long connecting to the addresses of one family (IPv6 or IPv4, whichever the resolver named first) may take
    /// before those of the other one are tried beside them: 300 milliseconds by default. The first to connect is taken.
    /// This is what RFC 8305 calls happy eyeballs.
    pub fn happy_eyeballs_delay(mut self, delay: Duration) -> Self {
        self.happy_eyeballs_delay = delay;
        self
    }

    /// Goes through a proxy, or whatever [the environment](Proxy::from_environment) says: by default all calls go
    /// direct, and the environment is not asked. WeCom takes calls from trusted addresses only: see [`Proxy`].
    #[cfg(feature = "proxy")]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Speaks HTTP/2, if the server does too or in any case: by default it is HTTP/1.1.
    #[cfg(feature = "http2")]
    pub fn http2(mut self, http2: Http2) -> Self {
        self.http2 = Some(http2);
        self
    }

    /// Builds the transport. No connection is made, and no runtime is needed yet.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] when there are no root certificates, or one that was added is none.
    pub fn build(self) -> Result<HyperTransport, BuildError> {
        let counts = Arc::new(Counts::default());
        let mut client = Client::builder(rt::TokioExecutor::new());
        client
            .timer(rt::TokioTimer::new())
            .pool_timer(rt::TokioTimer::new())
            .pool_idle_timeout(self.pool_idle_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host);
        #[cfg(feature = "http2")]
        if let Some(http2) = &self.http2 {
            http2.apply_to(&mut client);
        }
        let client = client.build(connector(Parts {
            tls: client_config(
                self.crypto,
                self.roots,
                AddedRoots::certificates(&self.added_roots)?,
                self.protocols(),
            )?,
            limit: self.connect_limit,
            happy_eyeballs_delay: self.happy_eyeballs_delay,
            resolver: self.resolver.map_or_else(Resolver::system, Resolver::Own),
            #[cfg(feature = "proxy")]
            proxy: self.proxy,
            #[cfg(feature = "http2")]
            http2_required: self.http2.as_ref().is_some_and(Http2::is_required),
            counts: Arc::clone(&counts),
        }));
        let mut transport = HyperTransport::counted(client, counts);
        if let Some(limit) = self.time_limit {
            transport = transport.with_time_limit(limit);
        }
        if let Some(limit) = self.reply_limit {
            transport = transport.with_reply_limit(limit);
        }
        if let Some(runtime) = self.runtime {
            transport = transport.with_runtime(runtime);
        }
        Ok(transport)
    }

    /// What is offered to a server, the preferred one first.
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
            .field("pool_idle_timeout", &self.pool_idle_timeout)
            .field("pool_max_idle_per_host", &self.pool_max_idle_per_host)
            .field("has_runtime", &self.runtime.is_some())
            .field("crypto", &self.crypto)
            .field("roots", &self.roots)
            .field("added_roots", &self.added_roots.len())
            .field("has_resolver", &self.resolver.is_some())
            .field("happy_eyeballs_delay", &self.happy_eyeballs_delay);
        #[cfg(feature = "proxy")]
        shown.field("proxy", &self.proxy);
        #[cfg(feature = "http2")]
        shown.field("http2", &self.http2);
        shown.finish()
    }
}

/// Why a [`HyperTransport`] could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no certificate to trust a server by.
    #[error(
        "there are no root certificates to trust a server by: turn on wecom-hyper's feature `platform-roots` or \
         `bundled-roots`, or add one with `add_root_certificate`"
    )]
    NoRoots,
    /// The platform's certificates can't be had.
    #[error(
        "the platform's root certificates can't be used ({0}): install them (in many container images that is the \
         package ca-certificates), or use the ones that wecom-hyper's feature `bundled-roots` brings"
    )]
    PlatformRoots(#[source] Box<dyn StdError + Send + Sync>),
    /// What was added as a root certificate is none.
    #[error("root certificate number {index} (from 0) that was added is not a certificate in DER: {source}")]
    RootCertificate {
        /// Which one, in the order in which they were added, from 0.
        index: usize,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// What was added as a PEM file of root certificates is none.
    #[error("the root certificates that were added as PEM can't be read: {0}")]
    Pem(#[source] Box<dyn StdError + Send + Sync>),
    /// The crypto provider does not offer what TLS needs.
    #[error("TLS could not be set up with this crypto provider ({0}): choose the other one")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
}
