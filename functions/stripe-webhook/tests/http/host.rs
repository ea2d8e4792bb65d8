//! The function with its router, a DynamoDB and a Stripe of its own.

use std::ops::Deref;

use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use jiff::SignedDuration;
use local::{
    stripe::Change,
    testing::{Answer, Buyer, Payments},
};
use serde_json::Value;
use shared::{
    config::Env,
    domain::{Caller, Tier},
    store::Billing,
};
use stripe_oracle::Webhook;

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00Z";
/// Where nobody listens.
pub(crate) const NOBODY: &str = "http://127.0.0.1:1";

pub(crate) struct Host {
    pub(crate) router: Router,
    payments: Payments,
}

impl Deref for Host {
    type Target = Payments;

    fn deref(&self) -> &Payments {
        &self.payments
    }
}

impl Host {
    pub(crate) async fn start() -> Self {
        let payments = Payments::start(START).await;
        Self { router: router(&payments, payments.env()).await, payments }
    }

    /// The function in another environment.
    pub(crate) async fn router_with(&self, name: &str, value: &str) -> Router {
        router(self, self.env().with(name, value)).await
    }

    pub(crate) fn hours_pass(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }
}

/// Deliveries.
impl Host {
    /// The header of a delivery that is signed now, by another implementation than ours.
    pub(crate) fn signature(&self, body: &str) -> String {
        self.signature_by(self.stripe.webhook_secret(), body)
    }

    pub(crate) fn signature_by(&self, secret: &str, body: &str) -> String {
        Webhook::generate_test_header(body, secret, Some(self.now().as_second()))
    }

    /// Delivers `body`, with a good signature.
    pub(crate) async fn post(&self, body: &str) -> Answer {
        post(&self.router, &self.signature(body), body.to_owned()).await
    }

    /// Delivers one of Stripe's events.
    pub(crate) async fn deliver(&self, event: &str) -> Answer {
        self.deliver_by(&self.router, event).await
    }

    /// Delivers one of Stripe's events to this router.
    pub(crate) async fn deliver_by(&self, router: &Router, event: &str) -> Answer {
        let body = self.stripe.events().into_iter().find(|known| known.id == event).unwrap().body;
        post(router, &self.signature(&body), body).await
    }

    /// Delivers all events that a change has made, in the order in which they arose.
    pub(crate) async fn tell(&self, change: Change) {
        for event in change.events {
            let answer = self.deliver(&event.id).await;
            assert_eq!(answer.status, 200, "{event:?}: {answer:?}");
        }
    }
}

/// People.
impl Host {
    /// Somebody who has just paid, and of whom Parley was told.
    pub(crate) async fn subscriber(&self) -> (Buyer, String) {
        let buyer = self.buyer().await;
        self.tell(self.stripe.pay(&buyer.session).unwrap()).await;
        assert_eq!(self.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
        let subscription = self.subscription_of(&buyer);
        (buyer, subscription)
    }

    pub(crate) async fn known(&self, caller: &Caller) -> Billing {
        self.billing(caller).await.unwrap()
    }

    /// What is known, without how often it was written.
    pub(crate) async fn told(&self, caller: &Caller) -> Billing {
        Billing { version: 0, syncs: 0, ..self.known(caller).await }
    }

    /// The tier that counts now, and the status of the subscription; all that is stored of it is
    /// asserted to be what Stripe has.
    pub(crate) async fn standing(&self, buyer: &Buyer) -> (Tier, String) {
        let billing = self.known(&buyer.caller).await;
        let stored = billing.facts.subscription.unwrap();
        let said = self.stripe.subscription(stored.id.as_str()).unwrap();
        let item = &said["items"]["data"][0];
        assert_eq!(stored.status.as_str(), said["status"]);
        assert_eq!(stored.created, said["created"]);
        assert_eq!(stored.price, item["price"]["id"].as_str().map(str::to_owned));
        assert_eq!(stored.current_period_end, item["current_period_end"].as_i64());
        assert_eq!(stored.cancel_at, said["cancel_at"].as_i64());
        assert_eq!(stored.cancel_at_period_end, said["cancel_at_period_end"]);
        let tier = billing.entitlement.tier_at(self.now());
        (tier, stored.status.as_str().to_owned())
    }
}

/// What is stored.
impl Host {
    /// All items, sorted by their key. Calls of Stripe are counted from here.
    pub(crate) async fn items(&self) -> Vec<Value> {
        self.stripe.clear_requests();
        let pages = self.client.scan().table_name("users").into_paginator().items().send();
        let items = pages.try_collect().await.unwrap();
        let mut items: Vec<Value> = serde_dynamo::from_items(items).unwrap();
        items.sort_by_key(|item| (item["pk"].to_string(), item["sk"].to_string()));
        items
    }

    /// Asserts that nothing was written since `before`, and Stripe was not called.
    pub(crate) async fn assert_untouched(&self, before: &[Value]) {
        assert_eq!(self.stripe.requests(), []);
        assert_eq!(self.items().await, before);
    }

    /// A user's profile, as it is stored.
    pub(crate) async fn profile(&self, caller: &Caller) -> Value {
        let key = format!("user#{}", caller.user_id);
        let items = self.items().await;
        items.into_iter().find(|item| item["pk"] == key && item["sk"] == "profile").unwrap()
    }
}

/// A request to the function, as Stripe makes it.
pub(crate) async fn post(router: &Router, signature: &str, body: impl Into<Body>) -> Answer {
    let request = Request::post("/webhook/stripe")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("stripe-signature", signature);
    Answer::of(router.clone(), request.body(body.into()).unwrap()).await
}

async fn router(payments: &Payments, env: Env) -> Router {
    let state = stripe_webhook::State::from_env(&env, payments.clock.clone()).await.unwrap();
    shared::http::service(stripe_webhook::router(state))
}
