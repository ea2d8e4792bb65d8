//! `parley keys`: what a deployment needs before its first start, and another signing key later.
//!
//! | file | SSM parameter | what |
//! |---|---|---|
//! | `jwt-private-key.pem` | `/<stack>/jwt-private-key` | signs access tokens: Ed25519, PKCS#8 PEM |
//! | `jwt-public-keys.json` | `/<stack>/jwt-public-keys` | its public half, a JWK set (RFC 7517) |
//! | `otp-pepper` | `/<stack>/otp-pepper` | keys the hash of one-time codes: 256 bits, base64 |
//! | | `/<stack>/jwt-private-key-next` | the next signing key, during a rotation |

mod files;
mod rotation;
mod stack;

use std::{fmt, path::PathBuf};

use clap::{ArgGroup, Args};
use serde::Serialize;

use super::Report;
use crate::{Error, secrets};

pub use files::in_folder;
pub use rotation::{activate, rotate};
pub use stack::put;

/// Where keys go.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(group(ArgGroup::new("where").required(true).args(["out", "put", "print"])))]
pub struct Options {
    /// Into files in this folder, for your eyes only; none is overwritten
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// Into the SSM parameters of --stack; those that are there already stay as they are
    #[arg(long)]
    pub put: bool,
    /// With --put: make the next signing key, and publish its public half beside the present one
    #[arg(long, requires = "put", conflicts_with_all = ["activate", "out", "print"])]
    pub rotate: bool,
    /// With --put: sign with the next key, once the deployment publishes its public half
    #[arg(long, requires = "put", conflicts_with_all = ["out", "print"])]
    pub activate: bool,
    /// To the terminal
    #[arg(long)]
    pub print: bool,
}

/// A new set of keys.
#[derive(Serialize)]
pub struct Keys {
    /// Signs access tokens: Ed25519, PKCS#8 PEM. Secret.
    pub jwt_private_key: String,
    /// Its public half, a JWK set.
    pub jwt_public_keys: String,
    /// Keys the hash of one-time codes. Secret.
    pub otp_pepper: String,
}

impl Keys {
    /// Makes new ones.
    pub fn generate() -> Result<Self, Error> {
        let jwt_private_key = secrets::new_signing_key()?;
        let jwt_public_keys = auth::public_keys_of(&jwt_private_key)?;
        Ok(Self { jwt_private_key, jwt_public_keys, otp_pepper: secrets::new_pepper() })
    }
}

impl Report for Keys {}

/// For `--print`, where they were asked for.
impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "JWT_PRIVATE_KEY=\"{}\"", self.jwt_private_key.trim_end())?;
        writeln!(f, "JWT_PUBLIC_KEYS='{}'", self.jwt_public_keys)?;
        write!(f, "OTP_PEPPER={}", self.otp_pepper)
    }
}

/// Which keys were stored, and what comes next. None of them is in it.
#[derive(Debug, Default, Serialize)]
pub struct Stored {
    /// The files or parameters that were written.
    pub written: Vec<String>,
    /// Those that were there, and stay as they were.
    pub kept: Vec<String>,
    /// Those that were deleted.
    pub deleted: Vec<String>,
    /// What to do now.
    pub next: String,
}

impl Report for Stored {}

impl fmt::Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = [("written", &self.written), ("kept", &self.kept), ("deleted", &self.deleted)];
        for (what, names) in done {
            for name in names {
                writeln!(f, "{what:<8} {name}")?;
            }
        }
        f.write_str(&self.next)
    }
}
