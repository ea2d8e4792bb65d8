//! Which deployment a command is about, and how it is reached.

use std::{collections::BTreeMap, fs, io, path::Path, str::FromStr, time::Duration};

use shared::config::{ConfigError, Env};
use tokio::{net::TcpStream, time::timeout};

use super::{map, parameters::Parameters};
use crate::{DataDir, Error, Settings};

/// How long `local` may take to accept a connection.
const ACCEPTS_WITHIN: Duration = Duration::from_secs(2);

/// The name of a stack (AWS CloudFormation API Reference, `CreateStack`): a letter, then letters,
/// digits and dashes, 128 in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackName(String);

impl FromStr for StackName {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.len() <= 128
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if fits { Ok(Self(text.to_owned())) } else { Err("not the name of a stack") }
    }
}

impl StackName {
    /// As CloudFormation spells it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of one of its SSM parameters.
    pub(super) fn parameter(&self, name: &str) -> String {
        format!("/{}/{name}", self.0)
    }
}

/// The environment in which a function of the deployment would run: that of `stack`, or without one
/// that of the `local` which runs on `PARLEY_DATA`.
///
/// A stack's map wins over `process`, which may hold what is left over from another stack, and
/// whoever mixes two deployments moves letters from one to the other. `process` says what the map
/// does not hold: how AWS is reached, and secrets, of which the map has only names. Over `local`'s
/// map, which somebody works on who has set a variable for it, `process` wins.
///
/// # Errors
/// There is no such deployment, it can't be reached, or AWS wants credentials.
pub async fn find(stack: Option<&StackName>, process: Env) -> Result<Env, Error> {
    let env = with_region(process);
    let env = if let Some(stack) = stack {
        let map = of_stack(stack, &env).await?;
        let env = map::of_a_stack().fold(env, |env, name| env.with(name, ""));
        map.into_iter().fold(env, |env, (name, value)| env.with(&name, value))
    } else {
        let map = of_local(&env).await?;
        map.into_iter().fold(env, |env, (name, value)| env.or(&name, value))
    };
    // Metrics are the functions' own: on standard output they would end up in a report.
    Ok(env.with("METRICS_NAMESPACE", ""))
}

/// `env` with the region where the other tools of AWS look for it as well.
fn with_region(env: Env) -> Env {
    match env.get("AWS_DEFAULT_REGION").map(str::to_owned) {
        Some(region) => env.or("AWS_REGION", region),
        None => env,
    }
}

/// The parameters of a stack, with the region and the credentials of `process`.
pub(super) fn parameters(process: &Env) -> Result<Parameters, Error> {
    let explained = |error: ConfigError| match error {
        ConfigError::Missing(name) => format!(
            "{name} is missing: set AWS_REGION, and for the credentials run \
             eval \"$(aws configure export-credentials --format env)\""
        ),
        other => other.to_string(),
    };
    Ok(Parameters::from_env(&with_region(process.clone())).map_err(explained)?)
}

async fn of_stack(stack: &StackName, process: &Env) -> Result<BTreeMap<String, String>, Error> {
    let name = stack.parameter("operator");
    let map = parameters(process)?.get(&name).await?.ok_or_else(|| {
        format!(
            "there is no SSM parameter {name} here: is {} deployed, in this region and account?",
            stack.as_str()
        )
    })?;
    parse(&map, &name)
}

async fn of_local(process: &Env) -> Result<BTreeMap<String, String>, Error> {
    let DataDir::Folder(folder) = Settings::from_env(process.clone())?.data else {
        return Err("a `local` with PARLEY_DATA=:memory: can't be found by anybody: give it a \
                    folder, or name a stack with --stack"
            .into());
    };
    let path = folder.join(map::FILE);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(nobody(&folder)),
        other => other.map_err(|error| format!("{} can't be read: {error}", path.display()))?,
    };
    let map = parse(&text, &path.display().to_string())?;
    let address = map.get("API_URL").and_then(|url| url.strip_prefix("http://"));
    let address = address.ok_or_else(|| format!("{} holds no API_URL", path.display()))?;
    match timeout(ACCEPTS_WITHIN, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(map),
        // It was killed, and could not take its map along.
        _ => Err(nobody(&folder)),
    }
}

fn nobody(folder: &Path) -> Error {
    format!(
        "no `local` runs on {}: start it (make run), or name a stack with --stack",
        folder.display()
    )
    .into()
}

fn parse(text: &str, place: &str) -> Result<BTreeMap<String, String>, Error> {
    // The reason could quote what is in it.
    let map = serde_json::from_str(text).map_err(|_| format!("{place} is no operator's map"))?;
    Ok(map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_has_a_name_that_cloudformation_takes() {
        for name in ["parley-staging", "P", &"a".repeat(128)] {
            assert_eq!(name.parse::<StackName>().unwrap().as_str(), name);
        }
        for name in ["", "1a", "-a", "a_b", "a/b", "a b", "ä", &"a".repeat(129)] {
            assert!(name.parse::<StackName>().is_err(), "{name}");
        }
    }
}
