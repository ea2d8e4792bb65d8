//! How a stand-in is started.

use std::{path::PathBuf, sync::Arc};

use shared::domain::{Clock, SystemClock};

use super::version::ApiVersion;

/// The secret that webhooks are signed with unless another is set.
pub const DEFAULT_SECRET: &str = "whsec_local";

/// How a stand-in is to run. The default is a free port, [`DEFAULT_SECRET`], no file, the latest shapes
/// and the machine's clock.
#[derive(Clone)]
pub struct Settings {
    /// The port on loopback; 0 takes a free one.
    pub port: u16,
    /// What webhooks are signed with. Several, separated by commas, all sign, as at Stripe while a
    /// secret is being replaced.
    pub webhook_secret: String,
    /// The file that keeps customers, sessions, subscriptions and events not delivered yet from one run
    /// to the next; none means that they go with this one.
    pub data: Option<PathBuf>,
    /// The version that answers and events are in, whatever `Stripe-Version` asks for.
    pub version: ApiVersion,
    /// Stripe's clock.
    pub clock: Arc<dyn Clock>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            port: 0,
            webhook_secret: DEFAULT_SECRET.to_owned(),
            data: None,
            version: ApiVersion::default(),
            clock: Arc::new(SystemClock),
        }
    }
}
