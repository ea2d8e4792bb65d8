//! Whether a real cache has to be there.

use std::path::Path;

/// Whether `local` must find a cache server on this machine: in CI it must, and where one is installed.
///
/// Elsewhere a test of the cache's effects may pass without having run.
#[must_use]
pub fn cache_is_expected() -> bool {
    std::env::var("CI").is_ok_and(|ci| ci == "true")
        || crate::process::workspace().join(".tools/bin/valkey-server").exists()
        || ["valkey-server", "redis-server"].iter().any(|name| is_on_path(name))
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .any(|folder: std::path::PathBuf| Path::new(&folder).join(name).is_file())
}
