//! Keys in files.

use std::{fs, io, path::Path};

use super::{Keys, Stored};
use crate::{Error, secrets::write_privately};

/// Makes a set of keys in files in `folder`, which is made if it is missing. Only their owner can
/// read them.
///
/// # Errors
/// One of the files is there already: then none is written. Or the folder can't be written to.
pub fn in_folder(folder: &Path) -> Result<Stored, Error> {
    let keys = Keys::generate()?;
    let files = [
        ("jwt-private-key.pem", keys.jwt_private_key),
        ("jwt-public-keys.json", keys.jwt_public_keys),
        ("otp-pepper", keys.otp_pepper),
    ];
    let files = files.map(|(name, key)| (folder.join(name), key));
    if let Some((there, _)) = files.iter().find(|(path, _)| path.symlink_metadata().is_ok()) {
        return Err(format!(
            "{} is there already, and no key is overwritten: name another folder",
            there.display()
        )
        .into());
    }
    let unwritable =
        |path: &Path, error: io::Error| format!("{} can't be written: {error}", path.display());
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, error))?;
    let mut written = Vec::new();
    for (path, key) in files {
        write_privately(&path, &key).map_err(|error| unwritable(&path, error))?;
        written.push(path.display().to_string());
    }
    let next = "Keep the private key and the pepper where only the deployment can read them.";
    Ok(Stored { written, next: next.to_owned(), ..Stored::default() })
}
