//! TLS towards servers of the public web.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// ring, and Mozilla's roots as compiled in (`webpki-roots`; they are renewed by updating that
/// crate). HTTP/2 is offered, then HTTP/1.1.
pub fn public_web() -> Result<ClientConfig, rustls::Error> {
    let roots: RootCertStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
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
        let config = public_web().unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }
}
