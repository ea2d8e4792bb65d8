//! Stripe fails, is slow, is busy, or loses its answers.

use std::time::{Duration, Instant};

use local::stripe::{Behaviour, Respond};

use crate::host::{Host, opened};

const CUSTOMERS: &str = "/v1/customers";
const SESSIONS: &str = "/v1/checkout/sessions";

/// The idempotency keys that Stripe was sent with `POST`s to `path`, each once, in their order.
fn keys(host: &Host, path: &str) -> Vec<String> {
    let calls = host.stripe.requests().into_iter();
    let posts = calls.filter(|call| call.method == "POST" && call.path == path);
    let mut keys: Vec<_> = posts.map(|call| call.idempotency_key.unwrap()).collect();
    keys.dedup();
    keys
}

/// Asserts that there is one customer and one session.
#[track_caller]
fn assert_one_of_each(host: &Host) {
    assert_eq!((host.stripe.customers().len(), host.stripe.sessions().len()), (1, 1));
}

#[tokio::test]
async fn a_customer_that_failed_is_made_under_another_key() {
    let host = Host::start().await;
    let ada = host.person().await;
    // Once is enough: Stripe holds on to its first answer.
    host.stripe.on(Behaviour::new(Respond::status(500)).when("POST", CUSTOMERS).times(1));
    host.subscribe(&ada).await.assert_problem(503, "unavailable");
    opened(&host.subscribe(&ada).await);
    let key = |attempt| format!("customer:{}:{attempt}", ada.user_id);
    assert_eq!(keys(&host, CUSTOMERS), [key(0), key(1)]);
    assert_one_of_each(&host);
}

#[tokio::test]
async fn a_session_that_failed_is_opened_under_another_key() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.stripe.on(Behaviour::new(Respond::status(500)).when("POST", SESSIONS).times(1));
    host.subscribe(&ada).await.assert_problem(503, "unavailable");
    opened(&host.subscribe(&ada).await);
    assert_eq!(keys(&host, SESSIONS).len(), 2);
    assert_eq!(keys(&host, CUSTOMERS).len(), 1);
    assert_one_of_each(&host);
}

#[tokio::test]
async fn a_question_that_failed_once_is_put_again() {
    let host = Host::start().await;
    let ada = host.person().await;
    let session = opened(&host.subscribe(&ada).await);
    host.seconds_pass(60);
    host.stripe.on(Behaviour::new(Respond::status(500)).when("GET", SESSIONS).times(2));
    assert_eq!(opened(&host.subscribe(&ada).await), session);
}

#[tokio::test]
async fn while_stripe_fails_there_is_no_checkout_and_afterwards_there_is() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.stripe.on(Behaviour::new(Respond::status(500)));
    for tries in 1..=2 {
        let problem = host.subscribe(&ada).await.assert_problem(503, "unavailable");
        assert!(!problem.to_string().contains("Stripe"), "{problem}");
        assert_eq!(keys(&host, CUSTOMERS).len(), tries);
        assert_eq!(host.stripe.requests().len(), 3 * tries, "three attempts each");
    }
    host.stripe.clear_behaviours();
    opened(&host.subscribe(&ada).await);
    assert_one_of_each(&host);
}

#[tokio::test]
async fn a_stripe_that_hangs_is_given_up_and_the_lease_with_it() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.stripe.on(Behaviour::new(Respond::Hang));
    let began = Instant::now();
    host.subscribe(&ada).await.assert_problem(503, "unavailable");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    host.stripe.clear_behaviours();
    opened(&host.subscribe(&ada).await);
    // It may have been made: the next attempt asks for the same.
    assert_eq!(keys(&host, CUSTOMERS).len(), 1);
    assert_one_of_each(&host);
}

#[tokio::test]
async fn an_answer_that_comes_after_the_time_out_is_asked_for_again() {
    let host = Host::start().await;
    let ada = host.person().await;
    let slow = Behaviour::new(Respond::Answer).delay(Duration::from_millis(4_200));
    host.stripe.on(slow.when("POST", CUSTOMERS).times(1));
    opened(&host.subscribe(&ada).await);
    assert_eq!(keys(&host, CUSTOMERS).len(), 1);
    assert_one_of_each(&host);
}

#[tokio::test]
async fn answers_that_are_lost_have_their_effect_once() {
    for lost in [Respond::Swallow, Respond::Cut] {
        for path in [CUSTOMERS, SESSIONS] {
            let host = Host::start().await;
            let ada = host.person().await;
            host.stripe.on(Behaviour::new(lost.clone()).when("POST", path));
            let session = opened(&host.subscribe(&ada).await);
            let sent = host.calls().into_iter().filter(|call| *call == format!("POST {path}"));
            assert_eq!(sent.count(), 2, "{lost:?} {path}");
            assert_one_of_each(&host);
            assert_eq!(host.stripe.sessions()[0]["id"], session);
        }
    }
}

#[tokio::test]
async fn a_stripe_that_is_busy_is_asked_again_under_the_same_key() {
    for status in [409, 429] {
        let host = Host::start().await;
        let ada = host.person().await;
        host.stripe.on(Behaviour::new(Respond::status(status)).times(2));
        opened(&host.subscribe(&ada).await);
        assert_eq!((keys(&host, CUSTOMERS).len(), keys(&host, SESSIONS).len()), (1, 1));
        assert_one_of_each(&host);

        host.seconds_pass(60);
        host.stripe.on(Behaviour::new(Respond::status(status)));
        host.subscribe(&ada).await.assert_problem(503, "unavailable");
        host.stripe.clear_behaviours();
        opened(&host.subscribe(&ada).await);
        assert_one_of_each(&host);
    }
}

#[tokio::test]
async fn a_key_that_stripe_refuses_is_our_fault_and_tells_nothing() {
    let host = Host::start().await;
    let ada = host.person().await;
    let instance = host.instance("STRIPE_SECRET_KEY", "sk_invalid").await;
    let problem = host.subscribe_by(&instance, &ada).await.assert_problem(500, "internal");
    let told = problem.to_string();
    assert!(!told.contains("sk_") && !told.contains("Stripe"), "{told}");
    assert_eq!(host.calls(), ["POST /v1/customers"], "it is not worth another try");
    opened(&host.subscribe(&ada).await);
}

#[tokio::test]
async fn a_price_that_stripe_does_not_know_is_our_fault_and_the_customer_stays() {
    let host = Host::start().await;
    let ada = host.person().await;
    let instance = host.instance("STRIPE_PRICE_ID", "price_missing").await;
    for _ in 0..2 {
        host.subscribe_by(&instance, &ada).await.assert_problem(500, "internal");
    }
    opened(&host.subscribe(&ada).await);
    assert_one_of_each(&host);
}
