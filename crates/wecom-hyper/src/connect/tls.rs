//! TLS: the crypto provider and the trusted root certificates.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::build_error::BuildError;

/// The crypto provider of TLS. It is passed to rustls explicitly, so both can be compiled into one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Crypto {
    /// The crate `ring`: the default if compiled in.
    #[cfg(feature = "ring")]
    #[default]
    Ring,
    /// The crate `aws-lc-rs`.
    #[cfg(feature = "aws-lc-rs")]
    #[cfg_attr(not(feature = "ring"), default)]
    AwsLcRs,
}

impl Crypto {
    fn provider(self) -> CryptoProvider {
        match self {
            #[cfg(feature = "ring")]
            Self::Ring => rustls::crypto::ring::default_provider(),
            #[cfg(feature = "aws-lc-rs")]
            Self::AwsLcRs => rustls::crypto::aws_lc_rs::default_provider(),
        }
    }
}

/// The trusted root certificates, in addition to the
/// [added ones](crate::HyperTransportBuilder::add_root_certificate).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Roots {
    /// The platform's root certificates, loaded when the transport is built: the default if compiled in.
    #[cfg(feature = "platform-roots")]
    #[default]
    Platform,
    /// Mozilla's root certificates, part of the binary: the default if the platform's are not compiled in.
    #[cfg(feature = "bundled-roots")]
    #[cfg_attr(not(feature = "platform-roots"), default)]
    Bundled,
    /// The added certificates only: for a gateway or a private deployment with its own certificate authority.
    #[cfg_attr(not(any(feature = "platform-roots", feature = "bundled-roots")), default)]
    OnlyAdded,
}

/// An added root certificate, or a PEM file of them.
#[derive(Clone)]
pub(crate) enum AddedRoots {
    Der(CertificateDer<'static>),
    Pem(Vec<u8>),
}

impl AddedRoots {
    /// All added certificates in order.
    pub(crate) fn certificates(all: &[Self]) -> Result<Vec<CertificateDer<'static>>, BuildError> {
        let mut certificates = Vec::new();
        for added in all {
            match added {
                Self::Der(certificate) => certificates.push(certificate.clone()),
                Self::Pem(pem) => {
                    let before = certificates.len();
                    for section in CertificateDer::pem_slice_iter(pem) {
                        certificates.push(section.map_err(|error| BuildError::Pem(error.into()))?);
                    }
                    if certificates.len() == before {
                        return Err(BuildError::Pem(NO_CERTIFICATE.into()));
                    }
                }
            }
        }
        Ok(certificates)
    }
}

const NO_CERTIFICATE: &str = "no `-----BEGIN CERTIFICATE-----` found";

/// The configuration of rustls without a client certificate. `protocols` lists the preferred protocol first.
pub(crate) fn client_config(
    crypto: Crypto,
    roots: Roots,
    added: Vec<CertificateDer<'static>>,
    protocols: &[&[u8]],
) -> Result<ClientConfig, BuildError> {
    let added_store = store_of(&added)?;
    let provider = Arc::new(crypto.provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| BuildError::Tls(error.into()))?;
    let config = match roots {
        #[cfg(feature = "platform-roots")]
        Roots::Platform => {
            let verifier = platform_verifier(provider, added)?;
            config.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
        #[cfg(feature = "bundled-roots")]
        Roots::Bundled => {
            let mut store = added_store;
            store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            config.with_root_certificates(store)
        }
        Roots::OnlyAdded if added_store.is_empty() => return Err(BuildError::NoRoots),
        Roots::OnlyAdded => config.with_root_certificates(added_store),
    };
    let mut config = config.with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    Ok(config)
}

fn store_of(certificates: &[CertificateDer<'static>]) -> Result<RootCertStore, BuildError> {
    let mut store = RootCertStore::empty();
    for (index, certificate) in certificates.iter().enumerate() {
        store.add(certificate.clone()).map_err(|error| BuildError::RootCertificate { index, source: error.into() })?;
    }
    Ok(store)
}

#[cfg(feature = "platform-roots")]
fn platform_verifier(
    provider: Arc<CryptoProvider>,
    added: Vec<CertificateDer<'static>>,
) -> Result<rustls_platform_verifier::Verifier, BuildError> {
    #[cfg(not(target_os = "android"))]
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(added, provider);
    #[cfg(target_os = "android")]
    let verifier = if added.is_empty() {
        rustls_platform_verifier::Verifier::new(provider)
    } else {
        Err(rustls::Error::General("added root certificates are not supported on Android".to_owned()))
    };
    verifier.map_err(|error| BuildError::PlatformRoots(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_roots_the_error_names_the_features_that_add_them() {
        let error = client_config(Crypto::default(), Roots::OnlyAdded, Vec::new(), &[]).unwrap_err();
        assert!(matches!(error, BuildError::NoRoots), "{error:?}");
        assert!(error.to_string().contains("platform-roots"), "{error}");
    }

    #[test]
    fn the_error_for_an_invalid_root_certificate_has_its_index() {
        let added = vec![CertificateDer::from(b"-----BEGIN CERTIFICATE-----".to_vec())];
        let error = client_config(Crypto::default(), Roots::OnlyAdded, added, &[]).unwrap_err();
        assert!(matches!(error, BuildError::RootCertificate { index: 0, .. }), "{error:?}");
    }

    #[cfg(feature = "bundled-roots")]
    #[test]
    fn the_bundled_roots_need_no_platform() {
        let config = client_config(Crypto::default(), Roots::Bundled, Vec::new(), &[b"http/1.1"]).unwrap();
        assert_eq!(config.alpn_protocols, [b"http/1.1".to_vec()]);
    }

    #[cfg(all(feature = "ring", feature = "aws-lc-rs", feature = "bundled-roots"))]
    #[test]
    fn both_crypto_providers_work_side_by_side_and_none_is_installed() {
        for crypto in [Crypto::Ring, Crypto::AwsLcRs] {
            let config = client_config(crypto, Roots::Bundled, Vec::new(), &[]).unwrap();
            let (used, chosen) = (config.crypto_provider(), crypto.provider());
            assert_eq!(format!("{:?}", used.key_provider), format!("{:?}", chosen.key_provider));
        }
        assert!(CryptoProvider::get_default().is_none());
    }
}
