//! The deployment: what `sam build` leaves is laid out, secrets are put, and `sam deploy` does the
//! rest.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{EncodePrivateKey, spki::der::pem::LineEnding},
};

use super::{
    aws::{Aws, REGION, ROOT},
    stack::put_parameter,
};
use crate::{model, process::workspace, stripe};

/// What is deployed.
pub struct Deploy<'a> {
    /// The emulator.
    pub aws: &'a Aws,
    /// The stack's name, that of the stage `local` in `samconfig.toml`.
    pub stack: &'a str,
    /// Where the stand-ins are, and the cache: parameters of the template beside those of the stage.
    pub parameters: Vec<(&'static str, String)>,
    /// The folder of the built template.
    pub built: &'a Path,
}

/// Lays out what `sam build` would: each function's program as `bootstrap` in a folder of its own, and
/// the template with the folders as `CodeUri`. `programs` holds `<function>` or `<function>/bootstrap`.
/// How many functions there are.
///
/// # Panics
/// A program is missing.
#[must_use]
pub fn lay_out(programs: &Path, built: &Path) -> usize {
    const SOURCE: &str = "CodeUri: functions/";
    let template = fs::read_to_string(workspace().join("template.yaml")).unwrap();
    let functions: Vec<_> = template
        .lines()
        .filter_map(|line| line.trim().strip_prefix(SOURCE)?.split_whitespace().next())
        .collect();
    for function in &functions {
        let folder = built.join(function);
        fs::create_dir_all(&folder).unwrap();
        strip(&program(programs, function), &folder.join("bootstrap"));
    }
    fs::write(built.join("template.yaml"), template.replace(SOURCE, "CodeUri: ")).unwrap();
    functions.len()
}

fn program(programs: &Path, function: &str) -> PathBuf {
    let places = [programs.join(function).join("bootstrap"), programs.join(function)];
    let found = places.into_iter().find(|place| place.is_file());
    found.unwrap_or_else(|| panic!("{function} is not in {}: build it first", programs.display()))
}

/// A copy without the symbols, which are most of it. Where there is no `strip`, with them.
fn strip(program: &Path, copy: &Path) {
    let stripped = Command::new("strip").arg("-o").arg(copy).arg(program).status();
    if !stripped.is_ok_and(|status| status.success()) {
        fs::copy(program, copy).unwrap();
    }
}

/// The parameters of the stage `local`: given beside others on the command line, those of
/// `samconfig.toml` would be left out.
fn stage_parameters() -> Vec<String> {
    let stages = fs::read_to_string(workspace().join("samconfig.toml")).unwrap();
    let (_, stage) = stages.split_once("[local.deploy.parameters]").unwrap();
    let (_, list) = stage.split_once("parameter_overrides = [").unwrap();
    let (list, _) = list.split_once("\n]").unwrap();
    let lines = list.lines().map(|line| line.trim().trim_end_matches(','));
    let quoted = lines.filter_map(|line| line.strip_prefix('"')?.strip_suffix('"'));
    quoted.map(str::to_owned).collect()
}

/// A new signing key: its PEM, and the JWK set of its public half.
#[must_use]
pub fn signing_key() -> (String, String) {
    let key = SigningKey::from_bytes(&rand::random());
    let pem = key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
    let public_keys = auth::public_keys_of(&pem).unwrap();
    (pem, public_keys)
}

impl Deploy<'_> {
    /// Puts what `samconfig.toml` says has to be there before a stack's first deployment.
    pub async fn put_parameters(&self) {
        let (private_key, public_keys) = signing_key();
        let put = async |name, value: &str, kind| {
            put_parameter(self.aws, self.stack, name, value, kind).await;
        };
        put("jwt-public-keys", &public_keys, "String").await;
        put("jwt-private-key", &private_key, "SecureString").await;
        put("otp-pepper", &STANDARD.encode(rand::random::<[u8; 32]>()), "SecureString").await;
        put("gemini-api-key", model::KEY, "SecureString").await;
        put("stripe-secret-key", stripe::KEY, "SecureString").await;
        put("stripe-webhook-secret", local::stripe::DEFAULT_SECRET, "SecureString").await;
    }

    /// `sam deploy` of the stage `local`. Its whole output, and whether it was successful.
    #[must_use]
    pub fn sam(&self) -> (bool, String) {
        let given = self.parameters.iter().map(|(name, value)| format!("{name}={value}"));
        let output = Command::new(workspace().join(".tools/bin/sam"))
            .args(["deploy", "--config-env", "local", "--no-progressbar"])
            .arg("--config-file")
            .arg(workspace().join("samconfig.toml"))
            .args(["--template-file", "template.yaml", "--parameter-overrides"])
            .args(stage_parameters())
            .args(given)
            .current_dir(self.built)
            .env("AWS_ENDPOINT_URL", self.aws.endpoint())
            .env("AWS_DEFAULT_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", ROOT)
            .env("AWS_SECRET_ACCESS_KEY", ROOT)
            .env("SAM_CLI_TELEMETRY", "0")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .output()
            .unwrap_or_else(|error| panic!("sam does not run: {error}"));
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
    }
}
