//! One call of an AWS service that speaks the AWS JSON protocol, for services of which Parley uses a
//! single operation: their SDK crates would be most of the build (`docs/adr/0003`).
//!
//! Requests are signed by the SDK's own signer (Signature Version 4).

use std::{sync::Arc, time::Duration};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use axum::{body::Bytes, http};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::HttpsConnector;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use serde_json::Value;

use super::{Aws, CONNECT};
use crate::{
    config::ConfigError,
    domain::{Clock, SystemClock},
};

/// The largest answer that is read, bytes.
const LARGEST: usize = 1024 * 1024;

/// Which service.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// Its name in signatures and host names: `ssm`.
    pub name: &'static str,
    /// Its name in `AWS_ENDPOINT_URL_<NAME>`.
    pub variable: &'static str,
    /// What stands before the operation in `X-Amz-Target`: `AmazonSSM`.
    pub target: &'static str,
    /// The version of its AWS JSON protocol: `1.0` or `1.1`.
    pub version: &'static str,
}

/// The call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum CallFailed {
    /// The service was not reached, or broke off.
    #[error("not reached")]
    NotReached,
    /// It took too long.
    #[error("timed out")]
    TimedOut,
    /// It refused; its error's name.
    #[error("{0}")]
    Refused(String),
}

/// A client of one service.
#[derive(Clone)]
pub struct JsonService {
    service: Service,
    url: String,
    region: String,
    credentials: Credentials,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl std::fmt::Debug for JsonService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JsonService").field(&self.url).finish()
    }
}

impl JsonService {
    /// A client of `service`, in the region and with the credentials of `aws`.
    ///
    /// # Errors
    /// A certificate in `AWS_CA_BUNDLE` can't be read.
    pub fn new(aws: &Aws, service: Service) -> Result<Self, ConfigError> {
        let region = aws.region.clone();
        let url = aws.endpoint(service.variable).map_or_else(
            || format!("https://{}.{region}.amazonaws.com", service.name),
            |url| url.trim_end_matches('/').to_owned(),
        );
        let mut http = HttpConnector::new();
        http.set_connect_timeout(Some(CONNECT));
        http.enforce_http(false);
        let tls = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls(&aws.roots)?)
            .https_or_http()
            .enable_http1()
            .wrap_connector(http);
        Ok(Self {
            service,
            url,
            region,
            credentials: aws.credentials.clone(),
            client: Client::builder(TokioExecutor::new()).build(tls),
        })
    }

    /// Calls `operation` once, within `timeout`.
    ///
    /// # Errors
    /// The service was not reached in time, or refused.
    pub async fn call(
        &self,
        operation: &str,
        input: &Value,
        timeout: Duration,
    ) -> Result<Value, CallFailed> {
        let request = self.request(operation, input.to_string())?;
        let answer = async {
            let response =
                self.client.request(request).await.map_err(|_| CallFailed::NotReached)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LARGEST).collect().await;
            let body = body.map_err(|_| CallFailed::NotReached)?.to_bytes();
            let output: Value = serde_json::from_slice(&body).unwrap_or_default();
            if status.is_success() { Ok(output) } else { Err(refused(status, &output)) }
        };
        tokio::time::timeout(timeout, answer).await.unwrap_or(Err(CallFailed::TimedOut))
    }

    fn request(
        &self,
        operation: &str,
        body: String,
    ) -> Result<http::Request<Full<Bytes>>, CallFailed> {
        let unsigned = |_| CallFailed::Refused("the request was not built".to_owned());
        let target = format!("{}.{operation}", self.service.target);
        let media_type = format!("application/x-amz-json-{}", self.service.version);
        let headers = [("content-type", media_type.as_str()), ("x-amz-target", target.as_str())];
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.name)
            .time(SystemClock.now().into())
            .settings(SigningSettings::default())
            .build()
            .map_err(|_| CallFailed::Refused("the request was not signed".to_owned()))?
            .into();
        let signable = SignableRequest::new(
            "POST",
            format!("{}/", self.url),
            headers.into_iter(),
            SignableBody::Bytes(body.as_bytes()),
        );
        let signed = signable.and_then(|request| sign(request, &parameters));
        let (instructions, _) = signed
            .map_err(|_| CallFailed::Refused("the request was not signed".to_owned()))?
            .into_parts();
        let mut request = http::Request::post(format!("{}/", self.url))
            .header("content-type", &media_type)
            .header("x-amz-target", &target)
            .body(Full::from(body.clone()))
            .map_err(unsigned)?;
        instructions.apply_to_request_http1x(&mut request);
        Ok(request)
    }
}

/// The error's name: the service's own words may quote what was sent.
fn refused(status: http::StatusCode, output: &Value) -> CallFailed {
    let name = output["__type"].as_str().and_then(|name| name.rsplit('#').next());
    CallFailed::Refused(name.map_or_else(|| status.to_string(), str::to_owned))
}

fn tls(roots: &[u8]) -> Result<ClientConfig, ConfigError> {
    let unreadable = |_| ConfigError::invalid("AWS_CA_BUNDLE", "a certificate can't be read");
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(roots) {
        let certificate = certificate.map_err(unreadable)?;
        store
            .add(certificate)
            .map_err(|_| ConfigError::invalid("AWS_CA_BUNDLE", "a certificate can't be used"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ConfigError::invalid("AWS_CA_BUNDLE", error))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}
