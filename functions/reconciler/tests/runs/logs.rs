//! What the log tells of a run, and what is counted.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::SignedDuration;
use local::testing::Lines;

use crate::host::Host;

#[tokio::test]
async fn a_change_that_no_event_told_of_is_counted_and_one_that_was_told_is_not() {
    let host = Host::start().await;
    let (told, untold) = (host.buyer().await, host.buyer().await);
    for buyer in [&told, &untold] {
        host.stripe.pay(&buyer.session).unwrap();
    }
    host.tell(&told).await;
    host.pass(SignedDuration::from_hours(1));
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.run().await;
    lines.assert_counted(&[("SubscriptionsChanged", 1)]);
    let line = lines.only("changed by the reconciler");
    assert_eq!(line["user_id"], untold.caller.user_id.to_string());

    // Asked about again, and nothing is new.
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.pass(SignedDuration::from_hours(24));
    assert!(host.run().await.synced > 0);
    lines.assert_counted(&[]);
}

#[tokio::test]
async fn who_is_put_off_is_counted_and_told_by_id() {
    let host = Host::start().await;
    let [well, ill] = [host.buyer().await, host.buyer().await];
    for buyer in [&well, &ill] {
        host.stripe.pay(&buyer.session).unwrap();
    }
    host.set(&ill.caller, "checkout", AttributeValue::S("garbage".to_owned())).await;
    host.pass(SignedDuration::from_hours(1));
    let (lines, _guard) = Lines::begin(host.clock.clone());
    host.run().await;
    assert_eq!(lines.only("put off")["user_id"], ill.caller.user_id.to_string());
    lines.assert_counted(&[("SubscriptionsChanged", 1), ("SubscriptionsPutOff", 1)]);
}
