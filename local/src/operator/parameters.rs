//! SSM parameters, of which the deployment's keys and its map are some.

use std::time::Duration;

use serde_json::{Value, json};
use shared::{
    aws::{Aws, CallFailed, JsonService, SSM},
    config::{ConfigError, Env},
};

use crate::Error;

/// Bound of one call.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How often something is read before it counts as not to be had.
const READS: u32 = 3;

/// How a parameter is kept.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// Readable by whoever may read parameters.
    Plain,
    /// Encrypted with the account's key `aws/ssm`.
    Secret,
}

/// The SSM parameters of an account and a region.
pub(super) struct Parameters {
    ssm: JsonService,
}

impl Parameters {
    pub(super) fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { ssm: JsonService::new(&Aws::from_env(env)?, SSM)? })
    }

    /// The value of `name`, decrypted; none if there is no such parameter.
    pub(super) async fn get(&self, name: &str) -> Result<Option<String>, Error> {
        let input = json!({ "Name": name, "WithDecryption": true });
        let mut reads = 1;
        let answer = loop {
            match self.ssm.call("GetParameter", &input, TIMEOUT).await {
                Err(CallFailed::NotReached | CallFailed::TimedOut) if reads < READS => reads += 1,
                other => break other,
            }
        };
        match answer {
            Ok(Value::Object(answer)) => match answer.get("Parameter").map(|found| &found["Value"])
            {
                Some(Value::String(value)) => Ok(Some(value.clone())),
                _ => Err(format!("SSM answered without the value of {name}").into()),
            },
            Ok(_) => Err(format!("SSM's answer for {name} can't be read").into()),
            Err(CallFailed::Refused(reason)) if reason == "ParameterNotFound" => Ok(None),
            Err(error) => Err(failed("read", name, &error)),
        }
    }

    /// Makes the parameter `name`.
    ///
    /// # Errors
    /// There is one already, or SSM did not do it. It is not tried again: the first try may have
    /// come through.
    pub(super) async fn create(&self, name: &str, value: &str, kind: Kind) -> Result<(), Error> {
        self.put(name, value, kind, false).await
    }

    /// Makes the parameter `name`, or gives it another value.
    pub(super) async fn replace(&self, name: &str, value: &str, kind: Kind) -> Result<(), Error> {
        self.put(name, value, kind, true).await
    }

    async fn put(&self, name: &str, value: &str, kind: Kind, overwrite: bool) -> Result<(), Error> {
        let kind = match kind {
            Kind::Plain => "String",
            Kind::Secret => "SecureString",
        };
        let input = json!({ "Name": name, "Value": value, "Type": kind, "Overwrite": overwrite });
        let put = self.ssm.call("PutParameter", &input, TIMEOUT).await;
        put.map(drop).map_err(|error| failed("written", name, &error))
    }

    /// Deletes the parameter `name`, if there is one.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Error> {
        let input = json!({ "Name": name });
        match self.ssm.call("DeleteParameter", &input, TIMEOUT).await {
            Ok(_) => Ok(()),
            Err(CallFailed::Refused(reason)) if reason == "ParameterNotFound" => Ok(()),
            Err(error) => Err(failed("deleted", name, &error)),
        }
    }
}

fn failed(what: &str, name: &str, error: &CallFailed) -> Error {
    let advice = match error {
        CallFailed::NotReached | CallFailed::TimedOut => "; run the command again",
        CallFailed::Refused(reason) => match reason.as_str() {
            "AccessDeniedException" => "; docs/operating.md has the policy that allows it",
            "ExpiredTokenException" | "UnrecognizedClientException" => {
                "; sign in to AWS again, and export the credentials"
            }
            _ => "",
        },
    };
    format!("the SSM parameter {name} was not {what}: {error}{advice}").into()
}
