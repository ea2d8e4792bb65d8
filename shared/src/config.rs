//! Configuration from the environment: read once, typed, and a missing variable fails the start
//! with its name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use crate::{
    domain::Limits,
    nearby::{Server, Servers},
};

/// Google's own Gemini API.
pub const GEMINI_BASE_URL: &str = "https://generativelanguage.googleapis.com";

/// The model that answers unless `GEMINI_MODEL` names another.
pub const GEMINI_MODEL: &str = "gemini-3.8-flash";

/// Why a function can't start. Names the variable, never its value.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It has to be set and isn't.
    #[error("environment variable {0} is missing")]
    Missing(String),
    /// It is set to something that can't be used.
    #[error("environment variable {name} is invalid: {reason}")]
    Invalid {
        /// The variable.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The parameter store did not give the secrets.
    #[error("secrets could not be read: {0}")]
    Secrets(String),
}

impl ConfigError {
    /// `name` is set to something unusable.
    #[must_use]
    pub fn invalid(name: &str, reason: impl Display) -> Self {
        Self::Invalid { name: name.to_owned(), reason: reason.to_string() }
    }
}

/// The environment of a function. The process's own in Lambda; in `local`, that with its own
/// defaults underneath.
#[derive(Clone, Default)]
pub struct Env {
    variables: BTreeMap<String, String>,
    asked: Option<Asked>,
    servers: Servers,
}

/// The names of the variables that have been asked for, of an [`Env`] and all its copies: what a
/// function reads is held against what `template.yaml` sets.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<BTreeSet<String>>>);

impl Asked {
    /// The names so far.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, name: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
    }
}

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        Self { variables: std::env::vars().collect(), ..Self::default() }
    }

    /// Notes from now on, in `asked`, which variables are asked for.
    #[must_use]
    pub fn noting(self, asked: &Asked) -> Self {
        Self { asked: Some(asked.clone()), ..self }
    }

    /// Sets `name`, over whatever it was.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.insert(name.to_owned(), value.into());
        self
    }

    /// Has the AWS clients give their requests to `authority`, host and port, straight to `server`.
    #[must_use]
    pub fn with_server(mut self, authority: &str, server: Arc<dyn Server>) -> Self {
        self.servers.insert(authority.to_owned(), server);
        self
    }

    /// The servers in this process: none in Lambda.
    #[must_use]
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Sets `name` unless it is set already.
    #[must_use]
    pub fn or(self, name: &str, value: impl Into<String>) -> Self {
        if self.get(name).is_some() { self } else { self.with(name, value) }
    }

    /// The value of `name`; an empty one counts as none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        if let Some(asked) = &self.asked {
            asked.note(name);
        }
        self.variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// All values whose names start with `prefix`, by the rest of the name.
    #[must_use]
    pub fn with_prefix(&self, prefix: &str) -> BTreeMap<String, String> {
        let named = self
            .variables
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(prefix)?, value)));
        named.map(|(rest, value)| (rest.to_owned(), value.clone())).collect()
    }

    /// The value of `name`, which has to be there.
    pub fn require(&self, name: &str) -> Result<&str, ConfigError> {
        self.get(name).ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// The value of `name` as a `T`, or `default` when it is not set.
    pub fn parse<T: FromStr<Err: Display>>(
        &self,
        name: &str,
        default: T,
    ) -> Result<T, ConfigError> {
        self.get(name).map_or(Ok(default), |value| {
            value.parse().map_err(|reason| ConfigError::invalid(name, reason))
        })
    }

    /// The value of `name` in whole seconds, at least one.
    pub fn seconds(&self, name: &str, default: u64) -> Result<Duration, ConfigError> {
        match self.parse(name, default)? {
            0 => Err(ConfigError::invalid(name, "must be at least 1 second")),
            seconds => Ok(Duration::from_secs(seconds)),
        }
    }

    /// Where Gemini is: `GEMINI_BASE_URL`, or [`GEMINI_BASE_URL`].
    #[must_use]
    pub fn gemini_base_url(&self) -> &str {
        self.get("GEMINI_BASE_URL").unwrap_or(GEMINI_BASE_URL)
    }

    /// The model that answers: `GEMINI_MODEL`, or [`GEMINI_MODEL`].
    #[must_use]
    pub fn gemini_model(&self) -> &str {
        self.get("GEMINI_MODEL").unwrap_or(GEMINI_MODEL)
    }

    /// The limits of both tiers.
    pub fn limits(&self) -> Result<Limits, ConfigError> {
        Ok(Limits {
            basic_daily_messages: self.parse("BASIC_DAILY_MESSAGES", 5)?,
            basic_per_minute: self.parse("BASIC_REQUESTS_PER_MINUTE", 120)?,
            pro_per_minute: self.parse("PRO_REQUESTS_PER_MINUTE", 1_200)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_variable_is_named() {
        let error = Env::default().require("USERS_TABLE").unwrap_err();
        assert_eq!(error.to_string(), "environment variable USERS_TABLE is missing");
    }

    #[test]
    fn an_empty_value_counts_as_none() {
        let env = Env::default().with("VALKEY_URL", " ");
        assert_eq!(env.get("VALKEY_URL"), None);
        assert_eq!(env.or("VALKEY_URL", "redis://x").get("VALKEY_URL"), Some("redis://x"));
    }

    #[test]
    fn what_is_asked_for_is_noted_whether_it_is_set_or_not() {
        let asked = Asked::default();
        let env = Env::default().with("SET", "x").noting(&asked).with("UNREAD", "y");
        assert_eq!(env.clone().get("SET"), Some("x"));
        env.require("MISSING").unwrap_err();
        assert_eq!(asked.names(), ["MISSING", "SET"].map(str::to_owned).into());
    }

    #[test]
    fn an_unusable_value_is_refused_and_not_shown() {
        let env = Env::default().with("BASIC_DAILY_MESSAGES", "many").with("T", "0");
        let error = env.limits().unwrap_err().to_string();
        assert!(error.contains("BASIC_DAILY_MESSAGES") && !error.contains("many"), "{error}");
        assert!(env.seconds("T", 3).is_err());
    }
}
