//! What users do about Pro.

use serde_json::Value;

use crate::{PATIENCE, User, eventually, stripe::StandIn};

/// A checkout that waits to be paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Stripe's id of it.
    pub id: String,
    /// The page to pay on.
    pub url: String,
}

impl User {
    /// `POST /subscribe/pro`, which has to give a checkout.
    pub async fn subscribe(&self) -> Checkout {
        let answer = self.post("/subscribe/pro").await.expect(201);
        let checkout = Checkout { id: answer.string("session_id"), url: answer.string("url") };
        assert_eq!(answer.string("checkout_url"), checkout.url, "{answer}");
        assert_eq!(answer.header("location"), checkout.url, "{answer}");
        checkout
    }

    /// `POST /subscribe/portal`: the address of the billing portal.
    pub async fn portal(&self) -> String {
        self.post("/subscribe/portal").await.expect(201).string("url")
    }

    /// `GET /subscribe/status`.
    pub async fn subscription(&self) -> Value {
        let standing = self.get("/subscribe/status").await.expect(200).json();
        assert_eq!(standing["active"], standing["tier"] == "pro", "{standing}");
        standing
    }

    /// The tier that the status shows.
    pub async fn tier(&self) -> String {
        self.subscription().await["tier"].as_str().unwrap().to_owned()
    }

    /// Waits until the status is like this, and gives it.
    pub async fn wait_until(&self, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        eventually(what, PATIENCE, async || Some(self.subscription().await).filter(&is_so)).await
    }

    /// Waits until the status shows this tier, and gives it.
    pub async fn wait_for_tier(&self, tier: &str) -> Value {
        self.wait_until(&format!("the tier is {tier}"), |standing| standing["tier"] == tier).await
    }

    /// Subscribes, pays, and waits for Pro; Stripe's id of the subscription.
    pub async fn upgrade(&self, stripe: &StandIn) -> String {
        let checkout = self.subscribe().await;
        let paid = stripe.pay(&checkout.id).unwrap();
        self.wait_for_tier("pro").await;
        paid.object["subscription"].as_str().unwrap().to_owned()
    }

    /// Opens a room and sends messages until the day's are used up.
    pub async fn use_up_the_day(&self) -> String {
        let room = self.create_room("Much to ask").await;
        for nth in 1..=5 {
            self.ask(&room, &format!("Question number {nth}")).await;
        }
        self.send(&room, "One too many").await.is(429);
        room
    }
}
