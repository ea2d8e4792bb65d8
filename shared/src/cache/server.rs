//! Which Valkey, and how to connect to it.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisError, RedisResult, TlsCertificates,
    cluster::{ClusterClient, ClusterClientBuilder},
    io::tcp::TcpSettings,
};

use super::{iam::Iam, wire::Wire};
use crate::{
    aws,
    config::{ConfigError, Env},
    domain::Clock,
};

const URL: &str = "VALKEY_URL";
const CLUSTER: &str = "VALKEY_CLUSTER";

/// How long connecting may take, and how long an answer may. No request waits for that long: see
/// [`connection`](super::connection).
const CONNECT: Duration = Duration::from_secs(2);

/// How often a command is sent again within a cluster, to another node or after a pause (in
/// milliseconds): what there is time for.
const RETRIES: u32 = 3;
const PAUSE: std::ops::Range<u64> = 10..50;

/// Where to connect to.
#[derive(Clone)]
pub(super) struct Server {
    /// Whether connecting takes a handshake as well.
    pub(super) is_tls: bool,
    client: AnyClient,
}

#[derive(Clone)]
enum AnyClient {
    Single(Box<Client>),
    /// It knows the cluster's common address, or one of its nodes, and asks there for the others.
    Cluster(Box<ClusterClient>),
}

impl Server {
    /// From `VALKEY_URL` and the variables beside it; none where that is empty or `off`.
    pub(super) fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Option<Self>, ConfigError> {
        let iam = Iam::from_env(env, clock)?;
        let url = match env.get(URL) {
            None if iam.is_some() => return Err(ConfigError::Missing(URL.to_owned())),
            None | Some("off") => return Ok(None),
            Some(url) => url,
        };
        let info = url.into_connection_info().map_err(unusable)?.set_tcp_settings(tcp());
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        let is_cluster = env.parse(CLUSTER, iam.is_some())?;
        let client = match iam {
            Some(_) if !is_cluster => {
                return Err(ConfigError::invalid(CLUSTER, "a cache with IAM sign-in is a cluster"));
            }
            Some(_) if !is_tls => {
                return Err(ConfigError::invalid(URL, "IAM sign-in needs TLS: rediss://"));
            }
            Some(iam) => AnyClient::Cluster(Box::new(elasticache(env, info, iam)?)),
            None if is_cluster => {
                AnyClient::Cluster(Box::new(cluster(info).build().map_err(unusable)?))
            }
            None => AnyClient::Single(Box::new(Client::open(info).map_err(unusable)?)),
        };
        Ok(Some(Self { is_tls, client }))
    }

    /// Connects. No step of it takes longer than [`CONNECT`].
    pub(super) async fn connect(self) -> RedisResult<Wire> {
        match self.client {
            AnyClient::Single(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(CONNECT));
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Wire::Single(connection.await?))
            }
            AnyClient::Cluster(client) => {
                let connection = client.get_async_connection().await;
                Ok(Wire::Cluster(connection.map_err(said_by_its_nodes)?))
            }
        }
    }
}

fn unusable(_: RedisError) -> ConfigError {
    ConfigError::invalid(URL, "not a redis:// or rediss:// URL")
}

fn tcp() -> TcpSettings {
    TcpSettings::default().set_nodelay(true)
}

/// A cluster, with the certificate of a server of the public web if it has one.
fn cluster(info: ConnectionInfo) -> ClusterClientBuilder {
    ClusterClientBuilder::new([info])
        .tcp_settings(tcp())
        .connection_timeout(CONNECT)
        .response_timeout(CONNECT)
        .retries(RETRIES)
        .min_retry_wait(PAUSE.start)
        .max_retry_wait(PAUSE.end)
}

/// A serverless cache of AWS: its certificate leads to one of Amazon's roots, and to no other.
fn elasticache(env: &Env, info: ConnectionInfo, iam: Iam) -> Result<ClusterClient, ConfigError> {
    let settings = info.redis_settings();
    if settings.username().or(settings.password()).is_some() {
        return Err(ConfigError::invalid(URL, "IAM sign-in takes no user and no password"));
    }
    let roots = TlsCertificates { client_tls: None, root_cert: Some(aws::roots(env)?.to_vec()) };
    let client = cluster(info).certs(roots).set_credentials_provider(iam).build();
    client.map_err(|_| ConfigError::invalid("AWS_CA_BUNDLE", "a certificate can't be used"))
}

/// A refused sign-in is not just a failure of the network, as the cluster's client has it: an
/// operator has to look for it elsewhere.
fn said_by_its_nodes(error: RedisError) -> RedisError {
    let refused = error.detail().is_some_and(|detail| detail.contains("AuthenticationFailed"));
    if refused { (ErrorKind::AuthenticationFailed, "sign-in refused").into() } else { error }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SystemClock;

    fn serverless() -> Env {
        Env::default()
            .with(URL, "rediss://cache.example.com:6379")
            .with("VALKEY_IAM_USER", "parley-app")
            .with("VALKEY_IAM_CACHE", "parley-cache")
            .with("AWS_REGION", "eu-central-1")
            .with("AWS_ACCESS_KEY_ID", "id")
            .with("AWS_SECRET_ACCESS_KEY", "key")
    }

    fn server(env: &Env) -> Result<Option<Server>, ConfigError> {
        Server::from_env(env, Arc::new(SystemClock))
    }

    fn is_cluster(env: &Env) -> bool {
        matches!(server(env).unwrap().unwrap().client, AnyClient::Cluster(_))
    }

    #[test]
    fn a_url_alone_is_a_single_server() {
        let env = Env::default().with(URL, "redis://127.0.0.1:6379");
        assert!(!is_cluster(&env));
        assert!(!is_cluster(&env.clone().with(CLUSTER, "false")));
        assert!(is_cluster(&env.with(CLUSTER, "true")));
    }

    #[test]
    fn iam_sign_in_means_a_cluster() {
        assert!(is_cluster(&serverless()));
        assert!(is_cluster(&serverless().with(CLUSTER, "true")));
    }

    #[test]
    fn without_a_url_or_with_off_there_is_no_cache() {
        assert!(server(&Env::default()).unwrap().is_none());
        assert!(server(&Env::default().with(CLUSTER, "true")).unwrap().is_none());
        assert!(server(&serverless().with(URL, "off")).unwrap().is_none());
    }

    #[test]
    fn what_does_not_go_together_is_refused_by_name() {
        let refused = |name: &str, value: &str| {
            let error = server(&serverless().with(name, value)).err().unwrap().to_string();
            assert!(!error.contains("hunter2"), "{error}");
            error
        };
        assert!(refused(URL, "").contains("VALKEY_URL is missing"));
        assert!(refused(URL, "nonsense").contains("VALKEY_URL is invalid: not a redis://"));
        assert!(refused(URL, "redis://cache:6379").contains("VALKEY_URL is invalid: IAM"));
        assert!(
            refused(URL, "rediss://:hunter2@cache:6379").contains("VALKEY_URL is invalid: IAM")
        );
        assert!(refused(CLUSTER, "false").contains("VALKEY_CLUSTER is invalid: a cache with IAM"));
        assert!(refused(CLUSTER, "yes").contains("VALKEY_CLUSTER is invalid"));
        assert!(refused("VALKEY_IAM_USER", "").contains("VALKEY_IAM_USER is missing"));
        assert!(refused("AWS_REGION", "").contains("AWS_REGION is missing"));
        assert!(refused("AWS_CA_BUNDLE", "/nowhere").contains("AWS_CA_BUNDLE is invalid"));
    }
}
