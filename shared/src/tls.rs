//! TLS towards servers of the public web.

use std::sync::Arc;

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

use crate::config::{ConfigError, Env};

/// A PEM file of roots to trust besides Mozilla's: a proxy's, a test's.
const EXTRA: &str = "WEB_CA_BUNDLE";

/// ring, and Mozilla's roots as compiled in (`webpki-roots`; they are renewed by updating that
/// crate), with those of `WEB_CA_BUNDLE`. HTTP/2 is offered, then HTTP/1.1.
///
/// # Errors
/// `WEB_CA_BUNDLE` names no file of certificates.
pub fn public_web(env: &Env) -> Result<ClientConfig, ConfigError> {
    let mut roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    if let Some(path) = env.get(EXTRA) {
        let unusable = |error| ConfigError::invalid(EXTRA, error);
        let mozillas = roots.len();
        for certificate in CertificateDer::pem_file_iter(path).map_err(unusable)? {
            let certificate = certificate.map_err(unusable)?;
            roots.add(certificate).map_err(|error| ConfigError::invalid(EXTRA, error))?;
        }
        if roots.len() == mozillas {
            return Err(ConfigError::invalid(EXTRA, "there is no certificate in it"));
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::invalid("TLS", error))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_2_is_offered_and_then_http_1() {
        let config = public_web(&Env::default()).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn a_bundle_that_can_not_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let broken = folder.path().join("broken.pem");
        std::fs::write(
            &broken,
            "-----BEGIN CERTIFICATE-----\nc2VjcmV0\n-----END CERTIFICATE-----\n",
        )
        .unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "").unwrap();
        for path in ["/nowhere", broken.to_str().unwrap(), empty.to_str().unwrap()] {
            let error = public_web(&Env::default().with(EXTRA, path)).unwrap_err().to_string();
            assert!(error.contains("WEB_CA_BUNDLE is invalid"), "{error}");
        }
    }
}
