//! Another signing key for a deployment that runs, without anybody being signed out.
//!
//! A function takes a token if it was *deployed* with the key's public half, and `auth` does not
//! start with a private key whose public half it was not deployed with. So it takes two steps with a
//! deployment between them: the next key is made and its public half published beside the present
//! one; then `auth` is given the private half. The old public half stays in the set until the next
//! rotation: tokens that it signed are good for their hour.

use axum::http::Method;
use serde_json::{Value, json};
use shared::config::Env;

use super::{
    Stored,
    stack::{PRIVATE_KEY, PUBLIC_KEYS},
};
use crate::{
    Error,
    operator::{
        deployment::{self, StackName},
        http::Api,
        parameters::{Kind, Parameters},
    },
    secrets,
};

const NEXT_KEY: &str = "jwt-private-key-next";
/// How many public keys a set holds at most.
const MOST: usize = 2;

/// The first step: makes the next key of `stack` and publishes its public half. Run again, it goes on
/// with the same key.
///
/// # Errors
/// The stack has no keys yet, or lost its private one; or SSM does not do what it is asked.
pub async fn rotate(stack: &StackName, process: &Env) -> Result<Stored, Error> {
    let parameters = deployment::parameters(process)?;
    let [next, private, published] =
        [NEXT_KEY, PRIVATE_KEY, PUBLIC_KEYS].map(|name| stack.parameter(name));
    let present = parameters.get(&published).await?.ok_or_else(|| {
        format!("{published} is not there: make the first keys (parley keys --put)")
    })?;
    let signs = parameters.get(&private).await?.ok_or_else(|| {
        format!("{private} is not there, and nobody can sign in without it: put it back first")
    })?;
    let mut stored = Stored {
        next: format!(
            "Next: deploy {0}, so that every function knows the new public key; then run \
             parley keys --put --activate --stack {0}",
            stack.as_str()
        ),
        ..Stored::default()
    };
    let key = next_key(&parameters, &next, &mut stored).await?;
    // The key that signs now comes second whatever is published: a rotation that was given up has
    // left its own key there, and must not push this one out.
    let both = in_order(&[&auth::public_keys_of(&key)?, &auth::public_keys_of(&signs)?, &present])?;
    if both == serde_json::from_str::<Value>(&present)? {
        stored.kept.push(published);
    } else {
        parameters.replace(&published, &both.to_string(), Kind::Plain).await?;
        stored.written.push(published);
    }
    Ok(stored)
}

async fn next_key(
    parameters: &Parameters,
    name: &str,
    stored: &mut Stored,
) -> Result<String, Error> {
    if let Some(key) = parameters.get(name).await? {
        stored.kept.push(name.to_owned());
        return Ok(key);
    }
    let key = secrets::new_signing_key()?;
    parameters.create(name, &key, Kind::Secret).await?;
    stored.written.push(name.to_owned());
    Ok(key)
}

/// The second step: `stack`, deployed as `env`, signs with the next key from here on.
///
/// # Errors
/// No rotation is under way; the deployment does not publish the next key's public half yet; or SSM
/// does not do what it is asked.
pub async fn activate(stack: &StackName, env: &Env) -> Result<Stored, Error> {
    let parameters = deployment::parameters(env)?;
    let [next, private] = [NEXT_KEY, PRIVATE_KEY].map(|name| stack.parameter(name));
    let key = parameters
        .get(&next)
        .await?
        .ok_or_else(|| format!("{next} is not there: begin with parley keys --put --rotate"))?;
    if !is_published(&Api::from_env(env)?, &auth::public_keys_of(&key)?).await? {
        return Err(format!(
            "the deployment does not publish the next key: deploy {} first, then run this again",
            stack.as_str()
        )
        .into());
    }
    parameters.replace(&private, &key, Kind::Secret).await?;
    parameters.delete(&next).await?;
    Ok(Stored {
        written: vec![private],
        deleted: vec![next],
        next: "Instances of auth that run sign with the old key until they are replaced; both are \
               good."
            .to_owned(),
        ..Stored::default()
    })
}

/// The first keys of `sets`, each once, as many as a set may hold.
fn in_order(sets: &[&str]) -> Result<Value, Error> {
    let mut keys: Vec<Value> = Vec::new();
    for set in sets {
        for key in keys_of(set).map_err(|_| "the published set is no JWK set")? {
            if !keys.iter().any(|known| known["kid"] == key["kid"]) {
                keys.push(key);
            }
        }
    }
    keys.truncate(MOST);
    Ok(json!({ "keys": keys }))
}

/// Whether the deployment publishes all keys of the set `wanted`.
async fn is_published(api: &Api, wanted: &str) -> Result<bool, Error> {
    let answer = api.send(api.request(Method::GET, "/.well-known/jwks.json")).await?;
    let published = std::str::from_utf8(&answer.body).ok().and_then(|text| keys_of(text).ok());
    let published = published.ok_or("the deployment's /.well-known/jwks.json can't be read")?;
    let wanted = keys_of(wanted)?;
    Ok(wanted.iter().all(|key| published.iter().any(|known| known["kid"] == key["kid"])))
}

fn keys_of(set: &str) -> Result<Vec<Value>, Error> {
    let set: Value = serde_json::from_str(set)?;
    Ok(set["keys"].as_array().ok_or("no JWK set")?.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(kids: &[&str]) -> String {
        let keys: Vec<_> = kids.iter().map(|kid| json!({ "kid": kid })).collect();
        json!({ "keys": keys }).to_string()
    }

    #[test]
    fn a_set_holds_the_new_key_and_the_one_that_signs_before_any_other() {
        for (new, signs, present, expected) in [
            ("b", "a", &["a"][..], ["b", "a"]),
            ("c", "b", &["b", "a"], ["c", "b"]),
            ("b", "a", &["b", "a"], ["b", "a"]),
            // Given up, and begun anew.
            ("c", "a", &["b", "a"], ["c", "a"]),
            // Activated, but for the last step.
            ("b", "b", &["b", "a"], ["b", "a"]),
        ] {
            let both = in_order(&[&set(&[new]), &set(&[signs]), &set(present)]).unwrap();
            assert_eq!(both.to_string(), set(&expected));
        }
        assert!(in_order(&[&set(&["a"]), "{}"]).is_err());
    }
}
