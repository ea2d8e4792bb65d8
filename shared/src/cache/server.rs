//! Which Valkey, and how to connect to it.

use std::{sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    Pipeline, RedisError, RedisFuture, RedisResult, TlsCertificates, Value,
    aio::{ConnectionLike, MultiplexedConnection},
    cluster::{ClusterClient, ClusterClientBuilder},
    cluster_async::ClusterConnection,
    io::tcp::TcpSettings,
};

use super::iam::Iam;
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
    Single(Client),
    /// It knows the cluster's common address, or one of its nodes, and asks there for the others.
    Cluster(ClusterClient),
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
        let unusable = |_: RedisError| ConfigError::invalid(URL, "not a redis:// or rediss:// URL");
        let tcp = TcpSettings::default().set_nodelay(true);
        let info = url.into_connection_info().map_err(unusable)?.set_tcp_settings(tcp.clone());
        let is_tls = matches!(info.addr(), ConnectionAddr::TcpTls { .. });
        let is_cluster = env.parse(CLUSTER, iam.is_some())?;
        let client = if is_cluster {
            let builder = ClusterClientBuilder::new([info.clone()])
                .tcp_settings(tcp)
                .connection_timeout(CONNECT)
                .response_timeout(CONNECT)
                .retries(RETRIES)
                .min_retry_wait(PAUSE.start)
                .max_retry_wait(PAUSE.end);
            AnyClient::Cluster(match iam {
                Some(iam) => elasticache(env, &info, builder, iam)?,
                None => builder.build().map_err(unusable)?,
            })
        } else if iam.is_some() {
            return Err(ConfigError::invalid(CLUSTER, "a cache with IAM sign-in is a cluster"));
        } else {
            AnyClient::Single(Client::open(info).map_err(unusable)?)
        };
        Ok(Some(Self { is_tls, client }))
    }

    /// Connects, within [`CONNECT`] for each step.
    pub(super) async fn connect(self) -> RedisResult<Wire> {
        match self.client {
            AnyClient::Single(client) => {
                let config = AsyncConnectionConfig::new()
                    .set_connection_timeout(Some(CONNECT))
                    .set_response_timeout(Some(CONNECT));
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Wire::Single(connection.await?))
            }
            AnyClient::Cluster(client) => Ok(Wire::Cluster(client.get_async_connection().await?)),
        }
    }
}

/// A serverless cache of AWS: its certificate leads to one of Amazon's roots.
fn elasticache(
    env: &Env,
    info: &ConnectionInfo,
    builder: ClusterClientBuilder,
    iam: Iam,
) -> Result<ClusterClient, ConfigError> {
    if !matches!(info.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(ConfigError::invalid(URL, "IAM sign-in needs TLS: rediss://"));
    }
    let settings = info.redis_settings();
    if settings.username().or(settings.password()).is_some() {
        return Err(ConfigError::invalid(URL, "IAM sign-in takes no user and no password"));
    }
    let roots = TlsCertificates { client_tls: None, root_cert: Some(aws::roots(env)?.to_vec()) };
    let client = builder.certs(roots).set_credentials_provider(iam).build();
    client.map_err(|_| ConfigError::invalid("AWS_CA_BUNDLE", "a certificate can't be used"))
}

/// A connection.
#[derive(Clone)]
pub(super) enum Wire {
    /// To one server. Once it is broken it stays so.
    Single(MultiplexedConnection),
    /// To every node of a cluster. It follows redirections, and connects again to a node that was
    /// lost.
    Cluster(ClusterConnection),
}

impl ConnectionLike for Wire {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Single(connection) => connection.req_packed_command(cmd),
            Self::Cluster(connection) => connection.req_packed_command(cmd),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Single(connection) => connection.req_packed_commands(pipeline, offset, count),
            Self::Cluster(connection) => connection.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Single(connection) => connection.get_db(),
            Self::Cluster(connection) => connection.get_db(),
        }
    }
}
