//! The function with its router, a DynamoDB and a Stripe of its own.

use std::{ops::Deref, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Method, Request, header, request::Builder},
};
use billing::Hint;
use futures_util::future::{FutureExt as _, LocalBoxFuture, join};
use jiff::SignedDuration;
use local::{
    stripe::{Behaviour, Respond},
    testing::{Answer, Payments},
};
use shared::domain::Caller;
use subscription::State;
use tokio::time::{sleep, timeout};

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00.123Z";

pub(crate) struct Host {
    payments: Payments,
    router: Router,
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
        let router = instance(&payments, "FRONTEND_URL", "https://chat.example.com").await;
        Self { payments, router }
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    /// An instance of the function that is configured in another way.
    pub(crate) async fn instance(&self, name: &str, value: &str) -> Router {
        instance(&self.payments, name, value).await
    }

    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    /// A request of somebody who is signed in.
    pub(crate) fn request(&self, caller: &Caller, method: Method, path: &str) -> Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)))
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router(), request).await
    }

    pub(crate) async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.send(self.request(caller, Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// `POST /subscribe/pro` without a body.
    pub(crate) async fn subscribe(&self, caller: &Caller) -> Answer {
        self.subscribe_by(&self.router, caller).await
    }

    /// The same by another instance of the function.
    pub(crate) async fn subscribe_by(&self, instance: &Router, caller: &Caller) -> Answer {
        let request = self.request(caller, Method::POST, "/subscribe/pro");
        Answer::of(instance.clone(), request.body(Body::empty()).unwrap()).await
    }

    /// `POST /subscribe/pro` with an idempotency key.
    pub(crate) async fn subscribe_once(&self, caller: &Caller, key: &str, body: &str) -> Answer {
        let request = self
            .request(caller, Method::POST, "/subscribe/pro")
            .header(header::CONTENT_TYPE, "application/json")
            .header("idempotency-key", key);
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn portal(&self, caller: &Caller) -> Answer {
        let request = self.request(caller, Method::POST, "/subscribe/portal");
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// Writes down what Stripe says of somebody now, as the webhook does.
    pub(crate) async fn told(&self, caller: &Caller) {
        self.told_with(caller, &Hint::default()).await;
    }

    pub(crate) async fn told_with(&self, caller: &Caller, hint: &Hint) {
        self.ledger().sync(caller.user_id, hint).await.unwrap();
    }

    /// Buys Pro for somebody; the subscription.
    pub(crate) async fn buy(&self, caller: &Caller) -> String {
        let session = opened(&self.subscribe(caller).await);
        self.stripe.pay(&session).unwrap();
        self.told(caller).await;
        self.subscription_of(caller).await
    }

    /// The latest subscription of somebody.
    pub(crate) async fn subscription_of(&self, caller: &Caller) -> String {
        let subscriptions = self.stripe.subscriptions_of(&self.customer_of(caller).await);
        subscriptions.last().unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// Somebody's customer, as it is stored.
    pub(crate) async fn customer_of(&self, caller: &Caller) -> String {
        self.billing(caller).await.unwrap().facts.customer.unwrap().to_string()
    }

    pub(crate) async fn delete_account(&self, caller: &Caller) {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        assert!(self.store.delete_account(caller, &account.user, self.now()).await.unwrap());
    }

    /// What Stripe was asked since this was last called, such as `GET /v1/subscriptions`.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = self.stripe.requests();
        self.stripe.clear_requests();
        calls.iter().map(|call| format!("{} {}", call.method, call.path)).collect()
    }

    /// Does `meanwhile` while Stripe takes its time over the first `POST` to `path` that `request`
    /// makes.
    pub(crate) fn while_stripe_opens<'a, T>(
        &'a self,
        path: &'a str,
        request: impl Future<Output = Answer> + 'a,
        meanwhile: impl Future<Output = T> + 'a,
    ) -> LocalBoxFuture<'a, (Answer, T)> {
        let slow = Behaviour::new(Respond::Answer).delay(Duration::from_secs(2));
        self.stripe.on(slow.when("POST", path).times(1));
        self.stripe.clear_requests();
        let meanwhile = async move {
            timeout(Duration::from_secs(20), self.has_called("POST", path)).await.unwrap();
            meanwhile.await
        };
        join(request, meanwhile).boxed_local()
    }

    /// Waits until Stripe was asked this.
    async fn has_called(&self, method: &str, path: &str) {
        let arrived = || {
            let calls = self.stripe.requests();
            calls.iter().any(|call| call.method == method && call.path == path)
        };
        while !arrived() {
            sleep(Duration::from_millis(2)).await;
        }
    }
}

async fn instance(payments: &Payments, name: &str, value: &str) -> Router {
    let env = payments.env().with(name, value);
    let state = State::from_env(&env, payments.clock.clone()).await.unwrap();
    shared::http::service(subscription::router(state))
}

/// The checkout session that this answer gives.
#[track_caller]
pub(crate) fn opened(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{answer:?}");
    answer.json()["session_id"].as_str().unwrap().to_owned()
}
