//! Secrets: from the environment in development, from SSM in AWS.

use std::collections::HashMap;

use secrecy::SecretString;
use serde_json::json;

use super::{ATTEMPT, ATTEMPTS, Aws, CallFailed, JsonService, Service};
use crate::config::{ConfigError, Env};

/// The parameter store.
pub const SSM: Service =
    Service { name: "ssm", variable: "SSM", target: "AmazonSSM", version: "1.1" };

impl Aws {
    /// The secrets `names`, in their order: the variable itself where it is set (development), else
    /// the SSM SecureString that `<name>_PARAMETER` names. All of them in one call.
    ///
    /// # Errors
    /// A secret is neither here nor there, or SSM does not answer.
    pub async fn secrets<const N: usize>(
        &self,
        env: &Env,
        names: [&str; N],
    ) -> Result<[SecretString; N], ConfigError> {
        let wanted = names
            .iter()
            .filter(|name| env.get(name).is_none())
            .map(|name| parameter(env, name).map(str::to_owned))
            .collect::<Result<Vec<_>, _>>()?;
        let mut found =
            if wanted.is_empty() { HashMap::new() } else { self.secure_strings(&wanted).await? };
        let mut secrets = Vec::with_capacity(N);
        for name in names {
            let secret = match env.get(name) {
                Some(value) => Some(SecretString::from(value)),
                None => found.remove(parameter(env, name)?),
            };
            let nothing = || ConfigError::Secrets(format!("{name} has no value"));
            secrets.push(secret.ok_or_else(nothing)?);
        }
        secrets.try_into().map_err(|_| ConfigError::Secrets("incomplete".to_owned()))
    }

    /// The SSM SecureStrings with these names, decrypted.
    async fn secure_strings(
        &self,
        names: &[String],
    ) -> Result<HashMap<String, SecretString>, ConfigError> {
        let ssm = JsonService::new(self, SSM)?;
        let input = json!({ "Names": names, "WithDecryption": true });
        let mut tries = 0;
        let answer = loop {
            tries += 1;
            match ssm.call("GetParameters", &input, ATTEMPT).await {
                Ok(answer) => break answer,
                // Reading twice does no harm; at init, a second try beats a failed cold start.
                Err(CallFailed::NotReached | CallFailed::TimedOut) if tries < ATTEMPTS => {}
                Err(error) => return Err(ConfigError::Secrets(error.to_string())),
            }
        };
        let parameters = answer["Parameters"].as_array().into_iter().flatten();
        let pairs = parameters.filter_map(|parameter| {
            let (name, value) = (parameter["Name"].as_str()?, parameter["Value"].as_str()?);
            Some((name.to_owned(), SecretString::from(value)))
        });
        Ok(pairs.collect())
    }
}

/// The name of the parameter that holds the secret `name`.
fn parameter<'a>(env: &'a Env, name: &str) -> Result<&'a str, ConfigError> {
    env.get(&format!("{name}_PARAMETER")).ok_or_else(|| ConfigError::Missing(name.to_owned()))
}

#[cfg(test)]
mod tests {
    use axum::{Json, Router, routing::post};
    use secrecy::ExposeSecret;
    use serde_json::Value;
    use tokio::net::TcpListener;

    use super::*;

    fn env() -> Env {
        Env::default()
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "id")
            .with("AWS_SECRET_ACCESS_KEY", "key")
    }

    /// An SSM that holds what `held` says and takes only signed requests.
    async fn ssm(held: Value) -> String {
        let handler = async move |headers: http::HeaderMap, body: String| {
            let input: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(headers["content-type"], "application/x-amz-json-1.1");
            assert_eq!(headers["x-amz-target"], "AmazonSSM.GetParameters");
            let signature = headers["authorization"].to_str().unwrap();
            assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=id/"), "{signature}");
            assert!(signature.contains("/us-east-1/ssm/aws4_request"), "{signature}");
            assert_eq!(input["WithDecryption"], true);
            let names =
                input["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
            let parameters: Vec<_> = names
                .filter_map(|name| Some(json!({"Name": name, "Value": held.get(name)?})))
                .collect();
            Json(json!({"Parameters": parameters, "InvalidParameters": []}))
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async {
            axum::serve(listener, Router::new().route("/", post(handler))).await
        });
        url
    }

    #[tokio::test]
    async fn secrets_come_in_the_order_they_were_asked_for() {
        let env = env().with("B", "b").with("A", "a");
        let [a, b] = Aws::from_env(&env).unwrap().secrets(&env, ["A", "B"]).await.unwrap();
        assert_eq!((a.expose_secret(), b.expose_secret()), ("a", "b"));
    }

    #[tokio::test]
    async fn what_is_not_in_the_environment_is_a_secure_string() {
        let url = ssm(json!({"/parley/key": "from ssm"})).await;
        let env = env()
            .with("AWS_ENDPOINT_URL_SSM", url)
            .with("KEY_PARAMETER", "/parley/key")
            .with("OTHER", "from the environment");
        let aws = Aws::from_env(&env).unwrap();
        let [other, key] = aws.secrets(&env, ["OTHER", "KEY"]).await.unwrap();
        assert_eq!(other.expose_secret(), "from the environment");
        assert_eq!(key.expose_secret(), "from ssm");
    }

    #[tokio::test]
    async fn a_secret_that_is_nowhere_is_named() {
        let env = env().with("AWS_ENDPOINT_URL_SSM", ssm(json!({})).await);
        let aws = Aws::from_env(&env).unwrap();
        let error = aws.secrets(&env, ["KEY"]).await.unwrap_err().to_string();
        assert!(error.contains("KEY is missing"), "{error}");
        let env = env.with("KEY_PARAMETER", "/parley/key");
        let error = aws.secrets(&env, ["KEY"]).await.unwrap_err().to_string();
        assert!(error.contains("KEY has no value"), "{error}");
    }
}
