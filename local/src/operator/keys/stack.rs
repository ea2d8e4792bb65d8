//! Keys in the SSM parameters of a stack, before its first deployment.

use shared::config::Env;

use super::{Keys, Stored};
use crate::{
    Error,
    operator::{
        deployment::{self, StackName},
        parameters::{Kind, Parameters},
    },
};

pub(super) const PRIVATE_KEY: &str = "jwt-private-key";
pub(super) const PUBLIC_KEYS: &str = "jwt-public-keys";
pub(super) const PEPPER: &str = "otp-pepper";

/// Makes the keys that `stack` has none of, in its SSM parameters. Those that are there stay as they
/// are, so that this may be run again when it could not finish.
///
/// # Errors
/// SSM does not do what it is asked; or there are public keys without the private one.
pub async fn put(stack: &StackName, process: &Env) -> Result<Stored, Error> {
    let mut put =
        Put { parameters: deployment::parameters(process)?, stack, stored: Stored::default() };
    let keys = Keys::generate()?;
    let private_key = put.signing_key(keys.jwt_private_key).await?;
    let public_keys = auth::public_keys_of(&private_key)?;
    put.unless_there(PUBLIC_KEYS, public_keys, Kind::Plain).await?;
    put.unless_there(PEPPER, keys.otp_pepper, Kind::Secret).await?;
    let mut stored = put.stored;
    stored.next = format!("Next: deploy {} (docs/deployment.md).", stack.as_str());
    Ok(stored)
}

struct Put<'a> {
    parameters: Parameters,
    stack: &'a StackName,
    stored: Stored,
}

impl Put<'_> {
    /// The private key of the stack: `new`, unless it has one.
    async fn signing_key(&mut self, new: String) -> Result<String, Error> {
        let published = self.stack.parameter(PUBLIC_KEYS);
        let name = self.stack.parameter(PRIVATE_KEY);
        if self.parameters.get(&name).await?.is_none()
            && self.parameters.get(&published).await?.is_some()
        {
            return Err(format!(
                "{published} is there and {name} is not, and a new one would not belong to it: \
                 put the private key back, or delete {published}"
            )
            .into());
        }
        self.unless_there(PRIVATE_KEY, new, Kind::Secret).await
    }

    /// The value of a parameter: `new`, unless it has one.
    async fn unless_there(&mut self, name: &str, new: String, kind: Kind) -> Result<String, Error> {
        let name = self.stack.parameter(name);
        if let Some(there) = self.parameters.get(&name).await? {
            self.stored.kept.push(name);
            return Ok(there);
        }
        self.parameters.create(&name, &new, kind).await?;
        self.stored.written.push(name);
        Ok(new)
    }
}
