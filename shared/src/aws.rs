//! The AWS clients' configuration, built lean: region and credentials from the environment, one
//! HTTP client with pinned roots for all of them.
//!
//! The usual `aws-config` chain would cost every cold start an STS client, an IMDS client, profile
//! files and a regular-expression engine for what Lambda has put into the environment already.

use std::{collections::HashMap, sync::OnceLock, time::Duration};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_types::SdkConfig;
use secrecy::SecretString;

use crate::config::{ConfigError, Env};

/// The roots that AWS endpoints chain to (<https://www.amazontrust.com/repository/>): valid until
/// 2037 at least. Renew with `scripts/amazon-roots.sh`.
const AMAZON_ROOTS: &str = include_str!("../certs/amazon-roots.pem");

/// Bounds of one SDK call: a connection within 1 s, an attempt within 3 s, at most 3 attempts, and
/// 8 s altogether, which leaves an HTTP function (10 s) the time to say so.
const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(3);
const OPERATION: Duration = Duration::from_secs(8);
const ATTEMPTS: u32 = 3;

/// Builds the SDK's clients.
#[derive(Debug, Clone)]
pub struct Aws(SdkConfig);

impl Aws {
    /// From `AWS_REGION`, `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` (all of
    /// them set by Lambda), `AWS_ENDPOINT_URL` and `AWS_CA_BUNDLE` (a PEM file of roots to trust in
    /// addition: a proxy's, a test's).
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let credentials = Credentials::new(
            env.require("AWS_ACCESS_KEY_ID")?,
            env.require("AWS_SECRET_ACCESS_KEY")?,
            env.get("AWS_SESSION_TOKEN").map(str::to_owned),
            None,
            "environment",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(env.require("AWS_REGION")?.to_owned()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(http_client(env)?)
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()))
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts);
        if let Some(url) = env.get("AWS_ENDPOINT_URL") {
            config = config.endpoint_url(url);
        }
        Ok(Self(config.build()))
    }

    /// For the clients of services that only one function uses.
    #[must_use]
    pub fn config(&self) -> &SdkConfig {
        &self.0
    }

    /// The SSM SecureStrings with these names, decrypted: one call.
    pub(crate) async fn secure_strings(
        &self,
        names: &[String],
    ) -> Result<HashMap<String, SecretString>, ConfigError> {
        let answer = aws_sdk_ssm::Client::new(&self.0)
            .get_parameters()
            .set_names(Some(names.to_vec()))
            .with_decryption(true)
            .send()
            .await
            .map_err(|error| {
                let code = error.as_service_error().and_then(|e| e.meta().code());
                ConfigError::Secrets(
                    code.unwrap_or("the parameter store was not reached").to_owned(),
                )
            })?;
        let pairs = answer.parameters.unwrap_or_default().into_iter();
        Ok(pairs.filter_map(|p| Some((p.name?, SecretString::from(p.value?)))).collect())
    }
}

/// One pool of connections for all SDK clients of the process.
fn http_client(env: &Env) -> Result<SharedHttpClient, ConfigError> {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    if let Some(client) = CLIENT.get() {
        return Ok(client.clone());
    }
    let mut roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
    if let Some(path) = env.get("AWS_CA_BUNDLE") {
        let pem = std::fs::read(path).map_err(|e| ConfigError::invalid("AWS_CA_BUNDLE", e))?;
        roots = roots.with_pem_certificate(pem);
    }
    let tls = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|e| ConfigError::invalid("AWS_CA_BUNDLE", e))?;
    let client = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .build_https();
    Ok(CLIENT.get_or_init(|| client).clone())
}
