//! How a Parley of one's own is set up and started.

use std::{collections::BTreeMap, sync::Arc};

use local::{gemini::StandIn, testing::ManualClock};

use super::{Own, Parley, base_url};
use crate::{Api, model, now, process::Process, random_digits, relay::Relay, stripe};

/// How a Parley of one's own is set up.
#[derive(Default)]
pub struct Builder {
    env: BTreeMap<String, String>,
    keeps_its_own_stripe: bool,
}

impl Builder {
    /// Sets a variable of the process's environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without the daily quota.
    #[must_use]
    pub fn without_quota(self) -> Self {
        self.env("BASIC_DAILY_MESSAGES", "0")
    }

    /// Without a cache.
    #[must_use]
    pub fn without_cache(self) -> Self {
        self.env("VALKEY_URL", "off")
    }

    /// With a stand-in for Stripe in the process itself, as `make run` has it, and not the test's own.
    #[must_use]
    pub fn keeping_its_own_stripe(self) -> Self {
        Self { keeps_its_own_stripe: true, ..self }
    }

    /// Starts it, unless the suite runs against a deployment: then the test has to be left out.
    pub async fn start(self) -> Option<Parley> {
        if let Some(base_url) = base_url() {
            eprintln!("left out: it needs a process of its own, and BASE_URL is {base_url}");
            return None;
        }
        Some(self.start_own().await)
    }

    pub(super) async fn start_own(self) -> Parley {
        let folder = tempfile::Builder::new().prefix("parley-e2e-").tempdir().unwrap();
        let data = folder.path().join("data");
        let model = StandIn::start(0).await.unwrap();
        let stripe_clock = Arc::new(ManualClock::new(now()));
        let stripe = start_stripe(Arc::clone(&stripe_clock)).await;
        let env = self.whole_env(&[
            ("PORT", "0"),
            ("PARLEY_DATA", data.to_str().unwrap()),
            ("GEMINI_BASE_URL", model.url()),
            ("GEMINI_API_KEY", model::KEY),
            ("STRIPE_BASE_URL", stripe.url()),
            ("STRIPE_SECRET_KEY", stripe::KEY),
            ("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret()),
            ("RECONCILE_EVERY_SECONDS", "1"),
            // So high that polling never meets it; the tests of the rate set their own.
            ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
        ]);
        let log = folder.path().join("log");
        let (process, base_url) = Process::start(&env, &log);
        let api = Api::new(base_url);
        api.never_show(model.url());
        let relay = Relay::start(api.clone()).await;
        stripe.deliver_to(&format!("{}{}", relay.url(), stripe::WEBHOOK));
        let own =
            Own { process, model, stripe, stripe_clock, _relay: relay, env, log, _folder: folder };
        Parley { api, own: Some(own) }
    }

    /// `defaults`, and over them what the test has set.
    fn whole_env(self, defaults: &[(&str, &str)]) -> BTreeMap<String, String> {
        let defaults = defaults.iter().filter(|(name, _)| {
            let is_stripe = name.starts_with("STRIPE_");
            !(is_stripe && self.keeps_its_own_stripe)
        });
        let defaults = defaults.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        defaults.chain(self.env).collect()
    }
}

/// With a signing secret of its own: nothing that goes astray is taken for another test's.
async fn start_stripe(clock: Arc<ManualClock>) -> stripe::StandIn {
    let settings = local::stripe::Settings {
        webhook_secret: format!("whsec_of_an_end_to_end_test_{}", random_digits(12)),
        clock,
        ..local::stripe::Settings::default()
    };
    stripe::StandIn::start(settings).await.unwrap()
}
