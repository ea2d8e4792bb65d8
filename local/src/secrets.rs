//! The keys of a development host: made once, kept beside its data, so that a restart signs nobody
//! out.

use std::{fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{EncodePrivateKey, spki::der::pem::LineEnding},
};
use shared::config::Env;

use crate::{DataDir, Error};

/// `env` with a signing key, its public half, and the pepper of one-time codes, each unless it is
/// set already.
pub(crate) fn with_secrets(env: Env, data: &DataDir) -> Result<Env, Error> {
    let private_key = match env.get("JWT_PRIVATE_KEY") {
        Some(key) => key.to_owned(),
        None => kept(data, "jwt-private-key.pem", new_signing_key)?,
    };
    let pepper = match env.get("OTP_PEPPER") {
        Some(pepper) => pepper.to_owned(),
        None => kept(data, "otp-pepper", || Ok(new_pepper()))?,
    };
    let public_keys = auth::public_keys_of(&private_key)?;
    Ok(env
        .with("JWT_PRIVATE_KEY", private_key)
        .with("OTP_PEPPER", pepper)
        .or("JWT_PUBLIC_KEYS", public_keys))
}

/// A new private key that access tokens are signed with: Ed25519, PKCS#8 PEM.
pub(crate) fn new_signing_key() -> Result<String, Error> {
    let key = SigningKey::from_bytes(&rand::random());
    Ok(key.to_pkcs8_pem(LineEnding::LF).map_err(|error| error.to_string())?.to_string())
}

/// A new key that one-time codes are hashed with: 256 random bits, base64.
pub(crate) fn new_pepper() -> String {
    STANDARD.encode(rand::random::<[u8; 32]>())
}

/// What the file `name` holds; where there is none, what `make` makes, which it holds from then on.
fn kept(data: &DataDir, name: &str, make: fn() -> Result<String, Error>) -> Result<String, Error> {
    let DataDir::Folder(folder) = data else { return make() };
    let path = folder.join(name);
    if path.exists() {
        return Ok(fs::read_to_string(&path)?);
    }
    let secret = make()?;
    write_privately(&path, &secret)?;
    Ok(secret)
}

/// Makes the file `path`, which only its owner can read.
///
/// # Errors
/// It is there already, or can't be written.
pub(crate) fn write_privately(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()?;
    Ok(())
}
