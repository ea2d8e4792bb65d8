//! What the functions of billing stand on: a DynamoDB, Stripe's stand-in, and one clock for both.

use std::sync::Arc;

use billing::{Ledger, Stripe};
use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::Env,
    domain::{Caller, Clock as _, Ids},
    store::{Billing, Store},
};

use super::{Issuer, ManualClock, any_number, open_account, signup};
use crate::{
    dynamodb::{Data, Embedded},
    stripe::{self, StandIn},
};

/// A DynamoDB and a Stripe of a test's own.
pub struct Payments {
    /// Stripe. It delivers to nobody unless it is told to.
    pub stripe: StandIn,
    /// The clock of Parley and of Stripe.
    pub clock: Arc<ManualClock>,
    /// The tables.
    pub store: Store,
    /// The client of DynamoDB, for what no function does.
    pub client: aws_sdk_dynamodb::Client,
    env: Env,
    ids: Ids,
    issuer: Issuer,
    _dynamodb: Embedded,
}

impl Payments {
    /// Starts both at `start`, an RFC 3339 time.
    pub async fn start(start: &str) -> Self {
        let clock = Arc::new(ManualClock::new(start.parse().unwrap()));
        let settings = stripe::Settings { clock: clock.clone(), ..stripe::Settings::default() };
        let stripe = StandIn::start(settings).await.unwrap();
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let issuer = Issuer::default();
        let env = dynamodb
            .env(Env::default())
            .with("JWT_PUBLIC_KEYS", issuer.public_keys())
            .with("STRIPE_BASE_URL", stripe.url())
            .with("STRIPE_SECRET_KEY", "sk_test_of_a_test")
            .with("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret())
            .with("STRIPE_PRICE_ID", stripe::DEFAULT_PRICE)
            .with("FRONTEND_URL", "https://chat.example.com");
        let aws = Aws::from_env(&env).unwrap();
        Self {
            stripe,
            clock,
            store: Store::from_env(&env, &aws).unwrap(),
            client: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            env,
            ids: Ids::default(),
            issuer,
            _dynamodb: dynamodb,
        }
    }

    /// What a function needs to find them: give it to its `State::from_env`, with
    /// `STRIPE_BASE_URL` or `AWS_ENDPOINT_URL_DYNAMODB` changed for one that can't reach them.
    #[must_use]
    pub fn env(&self) -> Env {
        self.env.clone()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A ledger over them.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        let env = self.env();
        let stripe = Stripe::from_env(&env, &"sk_test_of_a_test".to_owned().into()).unwrap();
        Ledger::from_env(&env, self.store.clone(), stripe, self.clock.clone()).unwrap()
    }

    /// Somebody new, signed in.
    pub async fn person(&self) -> Caller {
        open_account(&self.store, &self.ids, &signup(&any_number(), self.now())).await
    }

    /// Their access token.
    #[must_use]
    pub fn token(&self, caller: &Caller) -> String {
        self.issuer.token(caller, self.now())
    }

    /// What is stored of their subscription; none if nothing is left of them.
    pub async fn billing(&self, caller: &Caller) -> Option<Billing> {
        self.store.billing(caller.user_id).await.unwrap()
    }
}
