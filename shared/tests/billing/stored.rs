//! How billing is stored: every status comes back as it was, and what an earlier version, or none,
//! has stored is read as well.

use aws_sdk_dynamodb::types::AttributeValue::{M, N, S};
use shared::{
    domain::{Subscription, SubscriptionStatus},
    store::{Billing, StoreError},
};

use crate::setting::{NOW, Setting, now, pro_after};

#[tokio::test]
async fn every_status_comes_back_as_it_was() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let names = ["active", "past_due", "incomplete_expired", "one of tomorrow's", "Active", ""];
    for status in names.map(|name| SubscriptionStatus::from(name.to_owned())) {
        let read = setting.billing(ada).await;
        let mut next = pro_after(&read);
        next.facts.subscription =
            next.facts.subscription.map(|known| Subscription { status, ..known });
        setting.store.record_billing(ada, &read, &next, None, now()).await.unwrap();
        assert_eq!(setting.billing(ada).await, next);
    }
}

#[tokio::test]
async fn who_signed_up_before_there_was_billing_has_basic_and_nothing_else() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    assert_eq!(setting.billing(ada).await, Billing::default());
}

#[tokio::test]
async fn fields_that_an_earlier_version_did_not_store_are_unknown_and_others_are_passed_over() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let fields = [
        ("id", S("sub_1".to_owned())),
        ("status", S("active".to_owned())),
        ("created", N(NOW.to_string())),
        ("of_a_later_version", S("yes".to_owned())),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value)).into();
    setting.set(ada, "subscription", M(fields)).await;
    let known = Subscription {
        id: "sub_1".parse().unwrap(),
        status: SubscriptionStatus::Active,
        price: None,
        created: NOW,
        current_period_end: None,
        cancel_at: None,
        cancel_at_period_end: false,
        past_due_since: None,
    };
    assert_eq!(setting.billing(ada).await.facts.subscription, Some(known));
}

#[tokio::test]
async fn what_is_no_subscription_is_told_apart_from_none() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    setting.set(ada, "subscription", S("sub_1".to_owned())).await;
    let read = setting.store.billing(ada).await;
    assert!(matches!(read, Err(StoreError::Corrupt(_))), "{read:?}");
}
