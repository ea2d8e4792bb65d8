//! TLS in front of servers that speak none, with certificates that only the measured programs trust.
//!
//! The chain is as long as Amazon's: a root, an authority below it, and the server. Its keys are
//! P-256, which are dearer to verify than the RSA keys of most of Amazon's certificates.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// All servers, once more, behind TLS.
pub(super) struct Fronts {
    acceptor: TlsAcceptor,
    /// By the address of what is behind them.
    addresses: BTreeMap<String, String>,
    /// The roots to trust, PEM.
    pub(super) roots: PathBuf,
}

impl Fronts {
    /// None yet; the roots are kept in `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        let (config, root) = certificates();
        let roots = folder.join("roots.pem");
        std::fs::write(&roots, root).unwrap();
        Self { acceptor: TlsAcceptor::from(Arc::new(config)), addresses: BTreeMap::new(), roots }
    }

    /// `value` with the address of a server on loopback replaced by that of its front; what is no such
    /// address is left as it is.
    pub(super) async fn replace(&mut self, value: &str) -> String {
        const SCHEMES: [(&str, &str); 2] = [("http", "https"), ("redis", "rediss")];
        for (plain, secure) in SCHEMES {
            let Some(rest) = value.strip_prefix(&format!("{plain}://127.0.0.1:")) else { continue };
            let port = rest.split('/').next().unwrap();
            let path = &rest[port.len()..];
            let front = self.front(&format!("127.0.0.1:{port}")).await;
            return format!("{secure}://{front}{path}");
        }
        value.to_owned()
    }

    async fn front(&mut self, upstream: &str) -> String {
        if let Some(front) = self.addresses.get(upstream) {
            return front.clone();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let front = format!("localhost:{}", listener.local_addr().unwrap().port());
        tokio::spawn(serve(listener, upstream.to_owned(), self.acceptor.clone()));
        self.addresses.insert(upstream.to_owned(), front.clone());
        front
    }
}

async fn serve(listener: TcpListener, upstream: String, acceptor: TlsAcceptor) {
    while let Ok((client, _)) = listener.accept().await {
        client.set_nodelay(true).unwrap();
        let (upstream, acceptor) = (upstream.clone(), acceptor.clone());
        tokio::spawn(async move {
            // A client that goes away is none of this program's concern.
            let Ok(mut client) = acceptor.accept(client).await else { return };
            let Ok(mut server) = TcpStream::connect(upstream).await else { return };
            server.set_nodelay(true).ok();
            copy_bidirectional(&mut client, &mut server).await.ok();
        });
    }
}

/// What a front shows, and the root that it leads to.
fn certificates() -> (ServerConfig, String) {
    let key = || KeyPair::generate().unwrap();
    let authority = |name: &str| {
        let mut params = CertificateParams::new([]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params
    };
    let root = Issuer::new(authority("root"), key());
    let root_certificate = authority("root").self_signed(root.key()).unwrap();
    let between_key = key();
    let between = authority("between").signed_by(&between_key, &root).unwrap();
    let between_issuer = Issuer::new(authority("between"), between_key);
    let server_key = key();
    let server = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let server = server.signed_by(&server_key, &between_issuer).unwrap();
    let chain = vec![server.der().clone(), between.der().clone()];
    let private = PrivateKeyDer::try_from(server_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .unwrap();
    (config, root_certificate.pem())
}
