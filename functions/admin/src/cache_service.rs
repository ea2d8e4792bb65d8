//! What ElastiCache, the service, says of the cache. The functions never ask it: they know where the
//! cache is from their environment.

use aws_sdk_elasticache::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::describe_serverless_caches::DescribeServerlessCachesError,
    types::ServerlessCache,
};
use shared::{aws::Aws, config::Env};

use crate::status::CacheService;

/// Asks ElastiCache about one serverless cache.
pub(crate) struct Describer {
    client: Client,
    name: String,
}

impl Describer {
    /// For the cache that `VALKEY_IAM_CACHE` names; none where the cache is not ElastiCache's.
    pub(crate) fn from_env(env: &Env, aws: &Aws) -> Option<Self> {
        let name = env.get("VALKEY_IAM_CACHE")?.to_owned();
        Some(Self { client: Client::new(&aws.config("ELASTICACHE")), name })
    }

    /// How the cache is; the error's code where ElastiCache does not say. One round trip.
    pub(crate) async fn describe(&self) -> Result<CacheService, String> {
        let request = self.client.describe_serverless_caches().serverless_cache_name(&self.name);
        match request.send().await {
            Ok(answer) => {
                let caches = answer.serverless_caches.unwrap_or_default();
                Ok(caches.first().map_or(CacheService::Missing, service))
            }
            Err(error) => match error.as_service_error() {
                Some(DescribeServerlessCachesError::ServerlessCacheNotFoundFault(_)) => {
                    Ok(CacheService::Missing)
                }
                _ => Err(code(&error)),
            },
        }
    }
}

/// Statuses: <https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ServerlessCache.html>.
fn service(cache: &ServerlessCache) -> CacheService {
    let state = cache.status().unwrap_or("unknown").to_lowercase();
    // What is modified serves meanwhile.
    if !["available", "modifying"].contains(&state.as_str()) {
        return CacheService::NotReady { state };
    }
    let endpoint = cache.endpoint().and_then(|endpoint| {
        Some(format!("{}:{}", endpoint.address()?, endpoint.port().unwrap_or(6379)))
    });
    let version = cache.full_engine_version().or(cache.major_engine_version());
    CacheService::Ok {
        endpoint: endpoint.unwrap_or_default(),
        engine: cache.engine().unwrap_or_default().to_owned(),
        engine_version: version.unwrap_or_default().to_owned(),
    }
}

fn code<R>(error: &SdkError<DescribeServerlessCachesError, R>) -> String {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    code.unwrap_or("not reached").to_owned()
}
