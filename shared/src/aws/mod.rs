//! The AWS clients' configuration, built lean: region and credentials from the environment, one
//! HTTP client with pinned roots for all of them.
//!
//! The usual `aws-config` chain would cost every cold start an STS client, an IMDS client, profile
//! files and a regular-expression engine for what Lambda has put into the environment already.

mod json;
mod secrets;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;

use crate::{
    config::{ConfigError, Env},
    nearby::{self, Servers},
};

pub use json::{CallFailed, JsonService, Service};
pub use secrets::SSM;

/// The roots that AWS endpoints chain to (<https://www.amazontrust.com/repository/>): valid until
/// 2037 at least. They come from there, and from every system's store of roots.
const AMAZON_ROOTS: &str = include_str!("../../certs/amazon-roots.pem");

/// How long one SDK call may take altogether, which leaves an HTTP function (10 s) the time to say that
/// it did not succeed.
pub const OPERATION: Duration = Duration::from_secs(8);
/// Bounds within that: a connection within 1 s, an attempt within 3 s, at most 3 attempts.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(3);
const ATTEMPTS: u32 = 3;

/// How long a function waits at its start for connections to what its first request needs: where there
/// are none by then, that request makes them.
const WARM_UP: Duration = Duration::from_secs(2);

/// Makes a call at a function's start, for the connection that it leaves behind: Lambda gives a start a
/// whole processor, and a request a fraction of one, which would take ten times as long over the
/// handshake. What comes of the call is of no interest.
pub fn warm_up(call: impl Future) -> impl Future<Output = ()> {
    // Boxed: several of them side by side would be a large future.
    let call = Box::pin(call);
    async { drop(tokio::time::timeout(WARM_UP, call).await) }
}

/// Builds the clients of AWS services.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    endpoints: BTreeMap<String, String>,
    region: String,
    credentials: Credentials,
    roots: Arc<[u8]>,
}

impl Aws {
    /// From `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (all of
    /// them set by Lambda), `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` (as all AWS SDKs
    /// read them), and `AWS_CA_BUNDLE` (a PEM file of roots to trust in addition: a proxy's, a
    /// test's).
    ///
    /// # Errors
    /// A variable is missing or unusable.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let region = region(env)?;
        let credentials = credentials(env)?;
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let roots = roots(env)?;
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
            .http_client(http_client(&roots, env.servers())?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            // Bodies are small, and the time of an attempt is bounded: nothing can stall for longer.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .timeout_config(timeouts);
        if let Some(url) = env.get("AWS_ENDPOINT_URL") {
            config = config.endpoint_url(url);
        }
        let endpoints = env.with_prefix("AWS_ENDPOINT_URL_");
        Ok(Self { config: config.build(), endpoints, region, credentials, roots })
    }

    /// The configuration of one service's client; `service` as in `AWS_ENDPOINT_URL_<SERVICE>`.
    #[must_use]
    pub fn config(&self, service: &str) -> SdkConfig {
        match self.endpoints.get(service) {
            Some(url) => self.config.to_builder().endpoint_url(url).build(),
            None => self.config.clone(),
        }
    }

    /// Where a service is, if it isn't where it usually is.
    fn endpoint(&self, service: &str) -> Option<&str> {
        self.endpoints.get(service).map(String::as_str).or_else(|| self.config.endpoint_url())
    }
}

/// The region that this runs in.
pub(crate) fn region(env: &Env) -> Result<String, ConfigError> {
    env.require("AWS_REGION").map(str::to_owned)
}

/// The credentials of the function's role: Lambda puts them into the environment, and replaces the
/// process before they expire.
pub(crate) fn credentials(env: &Env) -> Result<Credentials, ConfigError> {
    Ok(Credentials::new(
        env.require("AWS_ACCESS_KEY_ID")?,
        env.require("AWS_SECRET_ACCESS_KEY")?,
        env.get("AWS_SESSION_TOKEN").map(str::to_owned),
        None,
        "environment",
    ))
}

/// The roots to trust, PEM.
pub(crate) fn roots(env: &Env) -> Result<Arc<[u8]>, ConfigError> {
    let mut roots = AMAZON_ROOTS.as_bytes().to_vec();
    if let Some(path) = env.get("AWS_CA_BUNDLE") {
        roots.push(b'\n');
        roots.extend(std::fs::read(path).map_err(|e| ConfigError::invalid("AWS_CA_BUNDLE", e))?);
    }
    Ok(roots.into())
}

/// One pool of connections for all clients of an [`Aws`], with a way around it to `servers`.
fn http_client(roots: &[u8], servers: &Servers) -> Result<SharedHttpClient, ConfigError> {
    let tls = TlsContext::builder()
        .with_trust_store(TrustStore::empty().with_pem_certificate(roots))
        .build()
        .map_err(|e| ConfigError::invalid("AWS_CA_BUNDLE", e))?;
    let connector = Connector::builder()
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .sleep_impl(TokioSleep::new())
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build();
    let connector = nearby::first(servers, SharedHttpConnector::new(connector));
    Ok(SharedHttpClient::new(Pool(connector)))
}

/// What all clients share, whatever else is set for them. The SDK's own client would make a connector
/// for each of them, and read the roots anew each time.
#[derive(Debug)]
struct Pool(SharedHttpConnector);

impl HttpClient for Pool {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.clone()
    }
}
