//! Stripe loses its answers, tells everything twice, or can't be reached.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use tests::{
    User,
    chaos::fault::{Fault, Target},
    eventually,
    stripe::{WebhookSettings, all_are_delivered, answers},
};
use tokio::time::{Instant, sleep};

use crate::world::{FUNCTION_TIMEOUT, RECOVERY, World, within};

const OUTAGE: Duration = Duration::from_secs(10);

/// There is one customer, and one session.
fn assert_one_of_each(world: &World) {
    let (customers, sessions) = (world.stripe.customers(), world.stripe.sessions());
    assert_eq!((customers.len(), sessions.len()), (1, 1), "{customers:#?}\n{sessions:#?}");
}

async fn is_pro(user: &User) {
    eventually("Pro", RECOVERY, async || (user.tier().await == "pro").then_some(())).await;
}

/// Stripe has made the customer, or the session, and its answer got lost.
#[tokio::test(flavor = "multi_thread")]
async fn answers_of_a_checkout_that_are_lost_have_their_effect_once() {
    for fault in [Fault::Swallow, Fault::Cut] {
        let world = World::builder().start().await;
        let user = world.user().await;
        let lost = [AtomicU32::default(), AtomicU32::default()];
        world.proxy(Target::Stripe).decide(move |call| {
            let step = match call.operation.as_str() {
                "POST /v1/customers" => 0,
                "POST /v1/checkout/sessions" => 1,
                _ => return None,
            };
            (lost[step].fetch_add(1, Ordering::SeqCst) == 0).then(|| fault.clone())
        });
        let checkout = user.subscribe().await;
        assert_eq!(world.failed(Target::Stripe), 2);
        assert_one_of_each(&world);
        // What was lost is not found by asking once more, but known.
        assert_eq!(user.subscribe().await, checkout);
        assert_one_of_each(&world);
        world.stripe.pay(&checkout.id).unwrap();
        is_pro(&user).await;
    }
}

/// All attempts get lost: the client is told to come again. There is one customer; of a first session
/// nobody was ever told, so nobody can pay in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_checkout_that_was_never_confirmed_is_one_to_pay_in() {
    let world = World::builder().start().await;
    let user = world.user().await;
    for operation in ["POST /v1/customers", "POST /v1/checkout/sessions"] {
        world.fails(Target::Stripe, operation, &Fault::Swallow);
        let refused = within(FUNCTION_TIMEOUT, user.post("/subscribe/pro")).await.expect(503);
        assert_eq!(refused.retry_after(), 2);
    }
    assert_one_of_each(&world);
    world.calm();
    let checkout = user.subscribe().await;
    assert_eq!(user.subscribe().await, checkout);
    assert_eq!(world.stripe.customers().len(), 1);
    world.stripe.pay(&checkout.id).unwrap();
    is_pro(&user).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_come_twice_to_each_of_two_processes_are_applied_once() {
    let world = World::builder().processes(2).start().await;
    let user = world.user().await;
    let elsewhere = world.at(1, &user).await;
    let twice = WebhookSettings { copies: 2, ..WebhookSettings::default() };
    world.stripe.webhooks(twice);
    let checkout = user.subscribe().await;
    world.stripe.pay(&checkout.id).unwrap();
    for user in [&user, &elsewhere] {
        is_pro(user).await;
    }
    all_are_delivered(&world.stripe).await;

    let all: Vec<_> = answers(&world.stripe);
    assert!(all.len() >= 4 && all.iter().all(|answer| *answer == Some(200)), "{all:?}");
    let customer = world.stripe.customers()[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.stripe.subscriptions_of(&customer).len(), 1);
    // The events are known now, whoever is told of them.
    let told = world.stripe.events();
    assert!(told.iter().all(|event| event.deliveries.len() == 4), "{told:?}");
    let logs = world.parleys.iter().map(tests::chaos::Instance::logs).collect::<Vec<_>>().concat();
    let counted = |name: &str| logs.matches(&format!(r#""{name}":1"#)).count();
    assert!(counted("WebhooksKnown") > 0, "nothing was told twice");
    for event in &told {
        let applied = logs
            .lines()
            .filter(|line| line.contains(&event.id) && line.contains(r#""WebhooksApplied":1"#));
        assert!(applied.count() <= 1, "{} was applied twice:\n{logs}", event.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_seconds_without_stripe_lose_no_payment() {
    let world = World::builder().start().await;
    let [payer, late] = [world.user().await, world.user().await];
    let checkout = payer.subscribe().await;
    world.breaks(Target::Stripe, &Fault::Refuse);
    let over = Instant::now() + OUTAGE;
    world.stripe.pay(&checkout.id).unwrap();
    while Instant::now() < over {
        let refused = within(FUNCTION_TIMEOUT, late.post("/subscribe/pro")).await.expect(503);
        assert_eq!(refused.retry_after(), 2);
        // What needs no Stripe goes on.
        assert_eq!(payer.tier().await, "basic");
        sleep(Duration::from_millis(300)).await;
    }
    let refused = answers(&world.stripe);
    assert!(refused.len() >= 4 && refused.iter().all(|answer| *answer == Some(503)), "{refused:?}");

    world.calm();
    is_pro(&payer).await;
    eventually("all events are taken", RECOVERY, async || {
        world.stripe.events().iter().all(|event| !event.due).then_some(())
    })
    .await;
    for event in world.stripe.events() {
        let last = event.deliveries.last().unwrap();
        assert_eq!(last.status, Some(200), "{}: {:?}", event.kind, event.deliveries);
    }
    late.subscribe().await;
    assert_eq!((world.stripe.customers().len(), world.stripe.sessions().len()), (2, 2));
}
