//! Why a transport could not be built.

use std::error::Error as StdError;

use thiserror::Error;

/// The reason why a [`HyperTransport`](crate::HyperTransport) could not be built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// There are no root certificates to verify a server with.
    #[error(
        "no root certificates: enable wecom-hyper's feature `platform-roots` or `bundled-roots`, or add one with \
         `add_root_certificate`"
    )]
    NoRoots,
    /// The platform's root certificates are unavailable.
    #[error(
        "the platform's root certificates can't be loaded ({0}): install them (in many container images the package \
         ca-certificates), or use wecom-hyper's feature `bundled-roots`"
    )]
    PlatformRoots(#[source] Box<dyn StdError + Send + Sync>),
    /// An added root certificate is invalid.
    #[error("invalid root certificate: added certificate {index} (counted from 0) is not valid DER: {source}")]
    RootCertificate {
        /// Its index among the added certificates, from 0.
        index: usize,
        /// What is wrong with it.
        source: Box<dyn StdError + Send + Sync>,
    },
    /// An added PEM file is invalid.
    #[error("invalid PEM file of root certificates: {0}")]
    Pem(#[source] Box<dyn StdError + Send + Sync>),
    /// The crypto provider does not support what TLS needs.
    #[error("TLS configuration failed with this crypto provider ({0}): select the other one")]
    Tls(#[source] Box<dyn StdError + Send + Sync>),
}
