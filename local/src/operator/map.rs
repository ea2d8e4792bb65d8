//! The operator's map: the variables by which `parley` finds a deployment, as a JSON object. A stack
//! keeps it in its SSM parameter `/<stack>/operator`, `local` in a file beside its data.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use shared::config::Env;

use crate::{DataDir, Error, secrets::write_privately};

/// What a stack's map holds, each where the deployment has it. Secrets are named, not held.
pub const NAMES: [&str; 17] = [
    "API_URL",
    "CHATROOMS_TABLE",
    "DEAD_LETTER_QUEUE_URL",
    "GEMINI_API_KEY_PARAMETER",
    "GEMINI_BASE_URL",
    "GEMINI_MODEL",
    "MESSAGES_TABLE",
    "MESSAGE_QUEUE_URL",
    "STAGE",
    "STRIPE_BASE_URL",
    "STRIPE_SECRET_KEY_PARAMETER",
    "STRIPE_WEBHOOK_SECRET_PARAMETER",
    "SUBSCRIPTION_GRACE_SECONDS",
    "USERS_TABLE",
    "VALKEY_IAM_CACHE",
    "VALKEY_IAM_USER",
    "VALKEY_URL",
];

/// What `local`'s map holds besides: where its servers are, and its secrets themselves.
const LOCAL_NAMES: [&str; 10] = [
    "AWS_CA_BUNDLE",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_DYNAMODB",
    "AWS_ENDPOINT_URL_SQS",
    "AWS_REGION",
    "GEMINI_API_KEY",
    "STRIPE_SECRET_KEY",
    "STRIPE_WEBHOOK_SECRET",
    "VALKEY_CLUSTER",
    "WEB_CA_BUNDLE",
];

/// Credentials that no server of `local`'s checks. Real ones, which a developer may have set for
/// something else, are not written down.
const DUMMIES: [(&str, &str); 2] =
    [("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")];

/// What says where a stack is and how it is reached: empty, where its map does not hold it. It has no
/// cluster of its own but that which `VALKEY_IAM_CACHE` implies.
pub(super) fn of_a_stack() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().chain(["VALKEY_CLUSTER"])
}

/// The map's file in the folder of `local`'s data.
pub(super) const FILE: &str = "operator.json";

/// The map of a running `local`, there for as long as this is.
pub(crate) struct LocalMap {
    path: PathBuf,
    text: String,
}

impl LocalMap {
    /// Writes the map of the `local` that serves at `api_url` with this environment; none where no
    /// data is kept. One that a killed `local` has left is replaced.
    pub(crate) fn write(env: &Env, data: &DataDir, api_url: &str) -> Result<Option<Self>, Error> {
        let DataDir::Folder(folder) = data else { return Ok(None) };
        let map = Self { path: folder.join(FILE), text: text(env, api_url)? };
        // Whole or not at all, for whoever reads it just now.
        let unfinished = folder.join(format!("{FILE}.new"));
        match fs::remove_file(&unfinished) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        write_privately(&unfinished, &map.text)?;
        fs::rename(&unfinished, &map.path)?;
        Ok(Some(map))
    }
}

impl Drop for LocalMap {
    fn drop(&mut self) {
        // Another `local` on the same data may have put its own in the place.
        if fs::read_to_string(&self.path).is_ok_and(|text| text == self.text) {
            fs::remove_file(&self.path).ok();
        }
    }
}

fn text(env: &Env, api_url: &str) -> serde_json::Result<String> {
    let names = NAMES.iter().chain(&LOCAL_NAMES);
    let mut map: BTreeMap<_, _> = names.filter_map(|name| Some((*name, env.get(name)?))).collect();
    map.extend(DUMMIES);
    map.insert("API_URL", api_url);
    Ok(serde_json::to_string_pretty(&map)? + "\n")
}
