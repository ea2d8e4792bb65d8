//! What users do with their account: pay for it, or not, go on with the session, and leave.

use rand::{RngExt, seq::IndexedRandom};
use reqwest::Method;
use serde_json::json;

use super::{super::world::World, Actor};

impl Actor {
    pub(super) async fn subscribe(&mut self, world: &World) {
        let answer = self.client.insist(&Method::POST, "/subscribe/pro", |request| request).await;
        if answer.status() != 201 {
            // Is Pro, or the same is under way.
            return assert_eq!(answer.status(), 409, "{answer}");
        }
        let session = answer.string("session_id");
        if world.stripe.pay(&session).is_ok() {
            self.book.paid.push(session);
        }
    }

    /// Something happens to the subscription, at Stripe.
    pub(super) fn pay_less(&mut self, world: &World) {
        let Some(session) = self.book.paid.choose(&mut self.dice) else { return };
        let session = world.stripe.session(session).unwrap();
        let Some(subscription) = session["subscription"].as_str() else { return };
        let stripe = &world.stripe;
        // What can't happen now does not.
        let _ = match self.dice.random_range(0..5) {
            0 => stripe.cancel(subscription),
            1 => stripe.fail_payment(subscription),
            2 => stripe.recover(subscription),
            3 => stripe.give_up(subscription),
            _ => stripe.pause(subscription),
        };
    }

    /// A new pair of tokens. Where the answer is lost the old token may not be tried again (a stolen one
    /// would look the same), but the session lives on.
    pub(super) async fn refresh(&mut self) {
        let Some(refresh_token) = self.refresh_token.take() else { return };
        let body = json!({"refresh_token": refresh_token});
        let answer =
            self.client.once(&Method::POST, "/auth/refresh", |request| request.json(&body)).await;
        if let Some(answer) = answer {
            answer.is(200);
            self.client = self.client.with_token(answer.string("access_token"));
            self.refresh_token = Some(answer.string("refresh_token"));
        }
    }

    /// Leaves, and leaves a subscription behind.
    pub(super) async fn leave(&mut self, world: &World) {
        self.subscribe(world).await;
        let answer = self.client.insist(&Method::DELETE, "/user/me", |request| request).await;
        self.book.gone = true;
        // By a try before this one, which was not answered.
        let was_gone = answer.status() == 401;
        assert!(was_gone || answer.status() == 204, "{answer}");
        let again = self.client.insist(&Method::GET, "/chatroom", |request| request).await;
        assert!(again.expect(200).array().is_empty(), "rooms of a deleted account are shown");
    }
}
