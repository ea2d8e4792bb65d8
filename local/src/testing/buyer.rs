//! People who buy Pro.

use axum::{
    body::Body,
    http::{Request, header},
};
use shared::domain::Caller;

use super::{Answer, Payments};

/// Somebody who is at a checkout, or was.
#[derive(Debug, Clone)]
pub struct Buyer {
    /// Who.
    pub caller: Caller,
    /// Whom Stripe takes them for.
    pub customer: String,
    /// Where they pay.
    pub session: String,
}

impl Payments {
    /// Somebody new with an open checkout.
    pub async fn buyer(&self) -> Buyer {
        let caller = self.person().await;
        self.checkout(&caller).await
    }

    /// `caller` with an open checkout, by `POST /subscribe/pro`.
    pub async fn checkout(&self, caller: &Caller) -> Buyer {
        let state = subscription::State::from_env(&self.env(), self.clock.clone()).await.unwrap();
        let request = Request::post("/subscribe/pro")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)));
        let router = shared::http::service(subscription::router(state));
        let answer = Answer::of(router, request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let facts = self.billing(caller).await.unwrap().facts;
        Buyer {
            caller: *caller,
            customer: facts.customer.unwrap().to_string(),
            session: facts.checkout.unwrap().id.to_string(),
        }
    }

    /// The id of the subscription that `buyer` began last.
    #[must_use]
    pub fn subscription_of(&self, buyer: &Buyer) -> String {
        let all = self.stripe.subscriptions_of(&buyer.customer);
        all.last().unwrap()["id"].as_str().unwrap().to_owned()
    }
}
