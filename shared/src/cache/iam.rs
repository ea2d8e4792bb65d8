//! Signing in to ElastiCache by IAM: the password is a presigned request.
//!
//! <https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html>: a token is good for 15
//! minutes, a connection for 12 hours from its latest token. Tokens are not kept: each is signed
//! (locally, no call is made) when a connection needs one, so none is ever old.

use std::{pin::Pin, sync::Arc, time::Duration};

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use axum::http;
use futures_util::stream::{self, Stream};
use redis::{
    ErrorKind, RedisError, RedisResult,
    auth::{BasicAuth, StreamingCredentialsProvider},
};

use crate::{
    aws,
    config::{ConfigError, Env},
    domain::Clock,
};

const USER: &str = "VALKEY_IAM_USER";
const CACHE: &str = "VALKEY_IAM_CACHE";

/// How long a token is good for: the longest that ElastiCache takes.
const LIFETIME: Duration = Duration::from_secs(15 * 60);

/// How often a connection that lives on signs in again: in good time before its 12 hours are over.
const RENEWAL: Duration = Duration::from_secs(6 * 60 * 60);

/// An IAM user of one serverless cache.
#[derive(Clone)]
pub(super) struct Iam {
    user: String,
    cache: String,
    region: String,
    credentials: Credentials,
    clock: Arc<dyn Clock>,
    renewal: Duration,
}

impl Iam {
    /// From `VALKEY_IAM_USER` and `VALKEY_IAM_CACHE`, if they are set, and the function's region
    /// and credentials.
    pub(super) fn from_env(env: &Env, clock: Arc<dyn Clock>) -> Result<Option<Self>, ConfigError> {
        if env.get(USER).is_none() && env.get(CACHE).is_none() {
            return Ok(None);
        }
        Ok(Some(Self {
            user: name(env, USER)?.to_owned(),
            // ElastiCache keeps names in lower case, and signs them so.
            cache: name(env, CACHE)?.to_ascii_lowercase(),
            region: aws::region(env)?,
            credentials: aws::credentials(env)?,
            clock,
            renewal: RENEWAL,
        }))
    }

    /// A token of this moment.
    fn token(&self) -> Option<String> {
        let mut settings = SigningSettings::default();
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(LIFETIME);
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name("elasticache")
            .time(self.clock.now().into())
            .settings(settings)
            .build()
            .ok()?
            .into();
        let Self { user, cache, .. } = self;
        let url =
            format!("http://{cache}/?Action=connect&User={user}&ResourceType=ServerlessCache");
        let request =
            SignableRequest::new("GET", &url, std::iter::empty(), SignableBody::Bytes(b""));
        let (instructions, _) = sign(request.ok()?, &parameters).ok()?.into_parts();
        let mut presigned = http::Request::get(url).body(()).ok()?;
        instructions.apply_to_request_http1x(&mut presigned);
        presigned.uri().to_string().strip_prefix("http://").map(str::to_owned)
    }

    fn credentials(&self) -> RedisResult<BasicAuth> {
        let unsigned = || RedisError::from((ErrorKind::AuthenticationFailed, "no token"));
        Ok(BasicAuth::new(self.user.clone(), self.token().ok_or_else(unsigned)?))
    }
}

impl StreamingCredentialsProvider for Iam {
    /// The client subscribes twice for each connection: in the task that connects, to sign in, and
    /// for a task of its own, to sign in again. Only the first needs a token at once: a second
    /// `AUTH` right behind it would only keep the first commands waiting.
    fn subscribe(&self) -> Pin<Box<dyn Stream<Item = RedisResult<BasicAuth>> + Send + 'static>> {
        let connects = tokio::task::try_id();
        let tokens = stream::unfold((self.clone(), true), move |(iam, first)| async move {
            if !first || tokio::task::try_id() != connects {
                tokio::time::sleep(iam.renewal).await;
            }
            Some((iam.credentials(), (iam, false)))
        });
        Box::pin(tokens)
    }
}

/// The value of `variable`, which goes into a URL as it is.
fn name<'a>(env: &'a Env, variable: &str) -> Result<&'a str, ConfigError> {
    let name = env.require(variable)?;
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if is_plain {
        Ok(name)
    } else {
        Err(ConfigError::invalid(variable, "may hold letters, digits, -, . and _"))
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Instant};

    use futures_util::StreamExt;
    use jiff::Timestamp;

    use super::*;

    #[derive(Debug)]
    struct At(&'static str);

    impl Clock for At {
        fn now(&self) -> Timestamp {
            self.0.parse().unwrap()
        }
    }

    fn env() -> Env {
        Env::default()
            .with("AWS_REGION", "eu-central-1")
            .with("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .with("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
            .with(USER, "parley-app")
            .with(CACHE, "Parley-Cache")
    }

    fn iam(env: &Env) -> Iam {
        let clock = Arc::new(At("2026-11-21T12:00:00Z"));
        Iam::from_env(env, clock).unwrap().unwrap()
    }

    /// Path and parameters, in whatever order: the signature is over the sorted ones.
    fn parts(token: &str) -> BTreeSet<String> {
        token.split(['?', '&']).map(str::to_owned).collect()
    }

    // Both expected tokens are those of AWS's own Python SDK (botocore 1.44.5), computed once:
    // `SigV4QueryAuth(credentials, "elasticache", "eu-central-1", expires=900)` over a GET of
    // `http://parley-cache/` with these parameters, its clock set to the same instant.

    #[test]
    fn a_token_is_the_one_that_aws_own_sdk_signs() {
        let expected = "parley-cache/?Action=connect&User=parley-app&ResourceType=ServerlessCache\
            &X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Felasticache%2Faws4_request\
            &X-Amz-Date=20261121T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=c05db11bc57ec28d406ed32c0c6b9a0ba6c3a87f379ce2bb5c510b093daace51";
        let token = iam(&env()).token().unwrap();
        assert_eq!(parts(&token), parts(expected));
        assert!(token.starts_with("parley-cache/?"), "{token}");
    }

    #[test]
    fn the_session_of_lambdas_credentials_is_signed_as_well() {
        let expected = "parley-cache/?Action=connect&User=parley-app&ResourceType=ServerlessCache\
            &X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIDEXAMPLE%2F20261121%2Feu-central-1%2Felasticache%2Faws4_request\
            &X-Amz-Date=20261121T120000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host\
            &X-Amz-Security-Token=IQoJb3JpZ2luX2VjEXAMPLE%2B%2Ftoken%3D%3D\
            &X-Amz-Signature=9ad764625c29f54b20b492029b36229a707d4abd77a6ac31d8ef672f334239b0";
        let env = env().with("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE+/token==");
        assert_eq!(parts(&iam(&env).token().unwrap()), parts(expected));
    }

    #[tokio::test]
    async fn who_connects_gets_a_token_at_once_and_the_task_beside_it_one_at_each_renewal() {
        let iam = Iam { renewal: Duration::from_millis(50), ..iam(&env()) };
        let started = Instant::now();
        iam.subscribe().next().await.unwrap().unwrap();
        assert!(started.elapsed() < iam.renewal);

        let started = Instant::now();
        let mut later = iam.subscribe();
        let two = tokio::spawn(async move { later.next().await.and(later.next().await) });
        two.await.unwrap().unwrap().unwrap();
        assert!(started.elapsed() >= iam.renewal * 2);
    }

    #[test]
    fn renewal_comes_twice_before_the_twelve_hours_of_a_connection_are_over() {
        assert!(iam(&env()).renewal * 2 <= Duration::from_secs(12 * 60 * 60));
    }

    #[test]
    fn user_and_cache_go_together_and_are_plain_names() {
        let clock = || Arc::new(At("2026-11-21T12:00:00Z"));
        let refused = |env: Env| Iam::from_env(&env, clock()).err().unwrap().to_string();
        assert!(refused(env().with(USER, "")).contains("VALKEY_IAM_USER is missing"));
        assert!(refused(env().with(CACHE, "")).contains("VALKEY_IAM_CACHE is missing"));
        assert!(refused(env().with(CACHE, "a/b")).contains("VALKEY_IAM_CACHE is invalid"));
        assert!(refused(env().with(USER, "a&b=c")).contains("VALKEY_IAM_USER is invalid"));
        let none = Iam::from_env(&Env::default(), clock()).unwrap();
        assert!(none.is_none());
    }
}
