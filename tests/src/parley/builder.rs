//! How a Parley of one's own is set up and started.

use std::{collections::BTreeMap, sync::Arc};

use local::{gemini::StandIn, testing::ManualClock};

use super::{Own, Parley, base_url, host::Host};
use crate::{model, now, random_digits, rehearsal, stripe};

/// How a Parley of one's own is set up.
#[derive(Default)]
pub struct Builder {
    env: BTreeMap<String, String>,
    keeps_its_own_stripe: bool,
    will_be_killed: bool,
    only_local: Option<&'static str>,
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
        Self { keeps_its_own_stripe: true, ..self.only_local("`local` sells Pro itself there") }
    }

    /// One that the test will kill: in a deployment, what a dead worker had in hand comes back soon.
    #[must_use]
    pub fn to_be_killed(self) -> Self {
        Self { will_be_killed: true, ..self }
    }

    /// A test of what only `local` has; `why`, for the summary of a rehearsal.
    #[must_use]
    pub fn only_local(self, why: &'static str) -> Self {
        Self { only_local: Some(why), ..self }
    }

    /// Starts it, unless that can't be had here: then the test has to be left out.
    pub async fn start(self) -> Option<Parley> {
        if let Some(base_url) = base_url() {
            eprintln!("left out: it needs a process of its own, and BASE_URL is {base_url}");
            return None;
        }
        if let (true, Some(why)) = (rehearsal::is_on(), self.only_local) {
            rehearsal::report::left_out(why);
            return None;
        }
        Some(self.start_own().await)
    }

    pub(super) async fn start_own(self) -> Parley {
        let model = StandIn::start(0).await.unwrap();
        let stripe_clock = Arc::new(ManualClock::new(now()));
        let stripe = start_stripe(Arc::clone(&stripe_clock)).await;
        let will_be_killed = self.will_be_killed;
        let env = self.whole_env(&[
            ("GEMINI_BASE_URL", model.url()),
            ("GEMINI_API_KEY", model::KEY),
            ("STRIPE_BASE_URL", stripe.url()),
            ("STRIPE_SECRET_KEY", stripe::KEY),
            ("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret()),
            ("RECONCILE_EVERY_SECONDS", "1"),
            // So high that polling never meets it; the tests of the rate set their own.
            ("BASIC_REQUESTS_PER_MINUTE", "1000000"),
        ]);
        let (host, api) = match rehearsal::deployed().await {
            Some(deployed) => Host::deploy(&deployed, &env, will_be_killed).await,
            None => Host::run(env).await,
        };
        api.never_show(model.url());
        host.secrets().iter().for_each(|secret| api.never_log().secret(secret));
        stripe.deliver_to(&format!("{}{}", host.stable_url(), stripe::WEBHOOK));
        Parley { api, own: Some(Own { host, model, stripe, stripe_clock }), visit: None }
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
