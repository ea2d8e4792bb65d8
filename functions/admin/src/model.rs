//! Whether the model is to be had: its entry in Gemini's catalogue, asked for with the worker's key
//! (<https://ai.google.dev/api/models#method:-models.get>). That costs nothing, and tells a model that
//! was shut down, a key that is refused, and a Gemini that is not reached.
//!
//! What it can't tell is a model that Google keeps for projects that used it before: the catalogue
//! has it, and a question gets 404. The worker's metric `ModelRefusals` counts those.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header::HeaderValue, redirect};
use secrecy::{ExposeSecret, SecretString};
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
};

use crate::status::ModelState;

const KEY: &str = "GEMINI_API_KEY";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const TIMEOUT: Duration = Duration::from_secs(2);

/// Asks Gemini for one model's entry.
pub(crate) struct Probe {
    client: Client,
    entry: Url,
    name: String,
    env: Env,
    aws: Aws,
}

impl Probe {
    /// From `GEMINI_BASE_URL`, `GEMINI_MODEL` and the secret `GEMINI_API_KEY`, which has to be named
    /// but is not read yet: one that can't be read is for the view to show.
    pub(crate) fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        if env.get(KEY).is_none() {
            env.require(&format!("{KEY}_PARAMETER"))?;
        }
        let name = env.gemini_model().to_owned();
        let entry = entry(env.gemini_base_url(), &name)?;
        let client = client(&entry, env)?;
        Ok(Self { client, entry, name, env: env.clone(), aws: aws.clone() })
    }

    /// The model's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// How the model is; why nothing is known of it, in words without addresses. One try: whoever
    /// asks looks again.
    pub(crate) async fn state(&self) -> Result<ModelState, String> {
        let key = match self.read_key().await {
            Ok(key) => key,
            Err(error) => {
                tracing::warn!(part = "model", %error, "the key can't be read");
                return Ok(ModelState::NoKey);
            }
        };
        let request = self.client.get(self.entry.clone()).header("x-goog-api-key", key);
        let response = request.send().await.map_err(|error| {
            if error.is_timeout() { "out of time" } else { "not reached" }.to_owned()
        })?;
        state(response.status())
    }

    async fn read_key(&self) -> Result<HeaderValue, ConfigError> {
        let [key]: [SecretString; 1] = self.aws.secrets(&self.env, [KEY]).await?;
        let invalid = || ConfigError::invalid(KEY, "no header can carry it");
        let mut key = HeaderValue::from_str(key.expose_secret()).map_err(|_| invalid())?;
        key.set_sensitive(true);
        Ok(key)
    }
}

/// Where a model's entry is. Whatever the name holds, it leads to no other path.
fn entry(base_url: &str, model: &str) -> Result<Url, ConfigError> {
    const NAME: &str = "GEMINI_BASE_URL";
    let mut url = Url::parse(base_url).map_err(|_| ConfigError::invalid(NAME, "not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ConfigError::invalid(NAME, "not an http or https URL"));
    }
    let mut segments =
        url.path_segments_mut().map_err(|()| ConfigError::invalid(NAME, "not an absolute URL"))?;
    segments.pop_if_empty().extend(["v1beta", "models", model]);
    drop(segments);
    Ok(url)
}

fn client(entry: &Url, env: &Env) -> Result<Client, ConfigError> {
    let failed = |_| ConfigError::invalid("GEMINI_BASE_URL", "no client can be made for it");
    let builder = Client::builder()
        .timeout(TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        // Google does not redirect; following one would carry the key along.
        .redirect(redirect::Policy::none())
        .tls_backend_preconfigured(shared::tls::public_web(env)?);
    let loopback = matches!(entry.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    // A proxy for the outside world cannot reach a stand-in on this machine.
    let builder = if loopback { builder.no_proxy() } else { builder };
    builder.build().map_err(failed)
}

/// A bad key is a 400 (`API_KEY_INVALID`): nothing else of this request could be wrong.
fn state(status: StatusCode) -> Result<ModelState, String> {
    match status {
        StatusCode::OK => Ok(ModelState::Ok),
        StatusCode::NOT_FOUND | StatusCode::GONE => Ok(ModelState::Gone),
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Ok(ModelState::KeyRefused)
        }
        other => Err(format!("HTTP {}", other.as_u16())),
    }
}

#[cfg(test)]
mod tests {
    use shared::config::GEMINI_BASE_URL;

    use super::*;

    #[test]
    fn the_entry_is_the_models_under_the_base_url() {
        for (base, expected) in [
            (
                GEMINI_BASE_URL,
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.8-flash",
            ),
            (
                "http://127.0.0.1:9/gemini/",
                "http://127.0.0.1:9/gemini/v1beta/models/gemini-3.8-flash",
            ),
        ] {
            assert_eq!(entry(base, "gemini-3.8-flash").unwrap().as_str(), expected);
        }
    }

    #[test]
    fn a_model_cannot_lead_to_another_path() {
        for model in ["../../secrets", "a/b", "a?b", "a#b"] {
            let url = entry("http://127.0.0.1:9", model).unwrap();
            assert!(url.path().starts_with("/v1beta/models/"), "{url}");
            assert_eq!(url.path().matches('/').count(), 3, "{url}");
            assert!(url.query().is_none() && url.fragment().is_none(), "{url}");
        }
    }

    #[test]
    fn a_base_url_that_is_not_one_is_refused() {
        for base in ["", "localhost:3000", "ftp://host", "mailto:ada@example.org"] {
            assert!(entry(base, "gemini-3.8-flash").is_err(), "{base}");
        }
    }

    #[test]
    fn every_status_is_decided() {
        let decided = |status: u16| state(StatusCode::from_u16(status).unwrap());
        assert_eq!(decided(200), Ok(ModelState::Ok));
        for gone in [404, 410] {
            assert_eq!(decided(gone), Ok(ModelState::Gone));
        }
        for refused in [400, 401, 403] {
            assert_eq!(decided(refused), Ok(ModelState::KeyRefused));
        }
        for nothing in [302, 429, 500, 503] {
            assert_eq!(decided(nothing), Err(format!("HTTP {nothing}")));
        }
    }
}
