//! A cache of a test's own.

use shared::config::Env;

use crate::valkey::Valkey;

/// A server, and its address; none where the machine has none. `make test` installs one, and CI must
/// have it.
pub async fn valkey() -> Option<(Valkey, String)> {
    // Tests run in their crate's folder; the tools are in the workspace's.
    let tools = concat!(env!("CARGO_MANIFEST_DIR"), "/../.tools/bin");
    let path = format!("{}:{tools}", std::env::var("PATH").unwrap_or_default());
    let server = Valkey::start(&Env::default().with("PATH", path)).await.unwrap();
    let Valkey::Started { url, .. } = &server else {
        assert!(std::env::var_os("CI").is_none(), "CI has to have a Valkey");
        eprintln!("skipped: no Valkey here");
        return None;
    };
    let url = url.clone();
    Some((server, url))
}
