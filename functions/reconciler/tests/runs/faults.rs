//! Who can't be asked about is asked about later, and keeps nobody waiting.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use local::{
    stripe::{Behaviour, Respond},
    testing,
};
use reconciler::Report;
use shared::domain::Tier;

use crate::host::{Host, NOBODY, NOTHING_DUE, ONE_CLOSED, ONE_SYNCED};

#[tokio::test]
async fn a_user_whose_turn_fails_is_put_off_while_the_others_go_on() {
    let host = Host::start().await;
    let [well, ill] = [host.buyer().await, host.buyer().await];
    for buyer in [&well, &ill] {
        host.stripe.pay(&buyer.session).unwrap();
    }
    host.set(&ill.caller, "checkout", AttributeValue::S("garbage".to_owned())).await;
    host.pass(SignedDuration::from_hours(1));
    assert_eq!(host.run().await, Report { synced: 1, put_off: 1, ..NOTHING_DUE });
    assert_eq!(host.standing(&well).await, (Tier::Pro, "active".to_owned()));

    host.pass(SignedDuration::from_secs(15 * 60 - 1));
    host.assert_nothing_due().await;
    host.pass(SignedDuration::from_secs(1));
    host.reconciler.run().await.unwrap_err();
}

#[tokio::test]
async fn a_deleted_account_whose_turn_fails_is_put_off_too() {
    let host = Host::start().await;
    let (stuck, _) = host.subscriber().await;
    let (gone, _) = host.subscriber().await;
    for buyer in [&stuck, &gone] {
        host.delete_account(&buyer.caller).await;
    }
    let path = format!("/v1/customers/{}", stuck.customer);
    host.stripe.on(Behaviour::new(Respond::status(500)).when("DELETE", path));
    assert_eq!(host.run().await, Report { closed: 1, put_off: 1, ..NOTHING_DUE });
    host.assert_nothing_due().await;
    host.stripe.clear_behaviours();
    host.pass(SignedDuration::from_mins(15));
    assert_eq!(host.run().await, ONE_CLOSED);
}

#[tokio::test]
async fn a_user_is_put_off_for_twice_as_long_each_time_until_a_turn_succeeds() {
    let host = Host::start().await;
    let (_, subscription) = host.subscriber().await;
    let next_turn_after = async |minutes| {
        host.stripe.on(Behaviour::new(Respond::status(500)));
        host.reconciler.run().await.unwrap_err();
        host.stripe.clear_behaviours();
        host.pass(SignedDuration::from_mins(minutes) - SignedDuration::from_secs(1));
        host.assert_nothing_due().await;
        host.pass(SignedDuration::from_secs(1));
    };
    host.pass(SignedDuration::from_hours(24));
    next_turn_after(1).await;
    next_turn_after(2).await;
    assert_eq!(host.run().await, ONE_SYNCED);

    host.stripe.cancel(&subscription).unwrap();
    host.pass(SignedDuration::from_hours(24));
    next_turn_after(1).await;
}

#[tokio::test]
async fn a_turn_that_can_not_even_read_the_user_does_not_begin_the_waits_anew() {
    let host = Host::start().await;
    let (buyer, _) = host.subscriber().await;
    let has_customer = async |value| host.set(&buyer.caller, "stripe_customer", value).await;
    let fails_until = async |minutes| {
        host.reconciler.run().await.unwrap_err();
        host.pass(SignedDuration::from_mins(minutes) - SignedDuration::from_secs(1));
        host.assert_nothing_due().await;
        host.pass(SignedDuration::from_secs(1));
    };
    host.pass(SignedDuration::from_hours(24));
    host.stripe.on(Behaviour::new(Respond::status(500)));
    fails_until(1).await;
    fails_until(2).await;
    has_customer(AttributeValue::Bool(true)).await;
    fails_until(15).await;
    has_customer(AttributeValue::S(buyer.customer.clone())).await;
    fails_until(8).await;
}

#[tokio::test]
async fn a_turn_reads_its_user_once() {
    let host = Host::start().await;
    host.buyer().await;
    host.pass(SignedDuration::from_hours(1));
    let read = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&read);
    let env = host.env();
    let relay = testing::relay(env.require("AWS_ENDPOINT_URL_DYNAMODB").unwrap(), move |asked| {
        let is_read = asked.headers["x-amz-target"].to_str().unwrap().ends_with(".GetItem");
        count.fetch_add(is_read.into(), Ordering::SeqCst);
        ready(())
    });
    let counted = host.reconciler_with("AWS_ENDPOINT_URL_DYNAMODB", &relay.await).await;
    assert_eq!(counted.run().await.unwrap(), ONE_SYNCED);
    assert_eq!(read.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_run_in_which_all_fails_is_an_error() {
    let host = Host::start().await;
    let buyers = [host.buyer().await, host.buyer().await];
    host.pass(SignedDuration::from_hours(1));
    let broken = host.reconciler_with("STRIPE_BASE_URL", NOBODY).await;
    let error = broken.run().await.unwrap_err();
    assert_eq!(error.to_string(), "nothing was reconciled: all 2 were put off");

    host.assert_nothing_due().await;
    host.pass(SignedDuration::from_mins(15));
    assert_eq!(host.run().await, Report { synced: buyers.len(), ..NOTHING_DUE });
}

#[tokio::test]
async fn while_stripe_is_down_a_user_keeps_what_is_stored() {
    let host = Host::start().await;
    let (buyer, subscription) = host.subscriber().await;
    host.stripe.cancel(&subscription).unwrap();
    host.pass(SignedDuration::from_hours(24));
    host.stripe.on(Behaviour::new(Respond::status(500)));
    host.reconciler.run().await.unwrap_err();
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    host.stripe.clear_behaviours();
    host.pass(SignedDuration::from_mins(15));
    assert_eq!(host.run().await, ONE_SYNCED);
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
}

#[tokio::test]
async fn without_dynamodb_a_run_is_an_error() {
    let host = Host::start().await;
    let broken = host.reconciler_with("AWS_ENDPOINT_URL_DYNAMODB", NOBODY).await;
    broken.run().await.unwrap_err();
}

#[tokio::test]
async fn a_user_who_is_gone_by_their_turn_is_nothing_to_do() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.pass(SignedDuration::from_hours(1));
    let (client, user) = (host.client.clone(), buyer.caller.user_id);
    // They are listed, and purged before the list arrives.
    let env = host.env();
    let dynamodb = env.require("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
    let behind = testing::relay(dynamodb, move |asked| {
        let delete = client
            .delete_item()
            .table_name("users")
            .key("pk", AttributeValue::S(format!("user#{user}")))
            .key("sk", AttributeValue::S("profile".to_owned()));
        async move {
            if asked.headers["x-amz-target"].to_str().unwrap().ends_with(".Query") {
                delete.send().await.unwrap();
            }
        }
    });
    let behind = host.reconciler_with("AWS_ENDPOINT_URL_DYNAMODB", &behind.await).await;
    host.stripe.clear_requests();
    assert_eq!(behind.run().await.unwrap(), Report { nothing: 1, ..NOTHING_DUE });
    assert_eq!(host.stripe.requests(), []);
    assert_eq!(host.billing(&buyer.caller).await, None, "nothing was written");
}
