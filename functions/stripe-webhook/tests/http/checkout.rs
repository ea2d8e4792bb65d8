//! From a checkout to Pro, or not.

use billing::NewCheckout;
use local::stripe::DEFAULT_PRICE;
use shared::domain::Tier;

use crate::host::Host;

#[tokio::test]
async fn a_checkout_that_is_paid_is_pro() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    assert_eq!(host.known(&buyer.caller).await.entitlement.tier, Tier::Basic);
    host.tell(host.stripe.pay(&buyer.session).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    let billing = host.known(&buyer.caller).await;
    assert_eq!(billing.entitlement.until, None);
    assert_eq!(billing.facts.checkout, None, "nobody pays there again");
    assert_eq!(billing.facts.customer.unwrap().as_str(), buyer.customer);
}

#[tokio::test]
async fn each_event_of_a_checkout_is_enough_by_itself() {
    let host = Host::start().await;
    let kinds = [
        "checkout.session.completed",
        "customer.subscription.created",
        "customer.subscription.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ];
    for kind in kinds {
        let buyer = host.buyer().await;
        let paid = host.stripe.pay(&buyer.session).unwrap();
        let event = paid.events.into_iter().find(|event| event.kind == kind).unwrap();
        assert_eq!(host.deliver(&event.id).await.status, 200);
        assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()), "{kind}");
    }
}

#[tokio::test]
async fn a_checkout_that_is_paid_later_is_pro_when_the_money_has_arrived() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.tell(host.stripe.pay_later(&buyer.session).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "incomplete".to_owned()));
    host.hours_pass(48);
    let arrived = host.stripe.payment_arrives(&buyer.session).unwrap();
    let told = arrived.events.iter().find(|event| event.kind.contains("async")).unwrap();
    assert_eq!(told.kind, "checkout.session.async_payment_succeeded");
    assert_eq!(host.deliver(&told.id).await.status, 200);
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
}

#[tokio::test]
async fn a_checkout_whose_money_never_arrives_is_not() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.tell(host.stripe.pay_later(&buyer.session).unwrap()).await;
    host.tell(host.stripe.payment_fails_later(&buyer.session).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "incomplete".to_owned()));
    host.tell(host.stripe.give_up(&host.subscription_of(&buyer)).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "incomplete_expired".to_owned()));
    let again = host.checkout(&buyer.caller).await;
    assert_eq!(again.customer, buyer.customer);
}

#[tokio::test]
async fn a_checkout_that_expired_is_forgotten() {
    let host = Host::start().await;
    let buyer = host.buyer().await;
    host.tell(host.stripe.expire(&buyer.session).unwrap()).await;
    let billing = host.known(&buyer.caller).await;
    assert_eq!((billing.facts.checkout, billing.facts.subscription), (None, None));
    assert_eq!((billing.entitlement.tier, billing.due), (Tier::Basic, None));
    let again = host.checkout(&buyer.caller).await;
    assert_ne!(again.session, buyer.session);
    assert_eq!(again.customer, buyer.customer);
}

#[tokio::test]
async fn who_subscribes_again_is_pro_again_as_the_same_customer() {
    let host = Host::start().await;
    let (buyer, first) = host.subscriber().await;
    host.tell(host.stripe.cancel(&first).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
    host.hours_pass(24);
    let again = host.checkout(&buyer.caller).await;
    assert_eq!(again.customer, buyer.customer);
    host.tell(host.stripe.pay(&again.session).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    let second = host.known(&buyer.caller).await.facts.subscription.unwrap().id;
    assert_ne!(second.as_str(), first);
}

#[tokio::test]
async fn of_two_subscriptions_the_one_that_is_pro_counts() {
    let host = Host::start().await;
    let (buyer, first) = host.subscriber().await;
    host.hours_pass(1);
    // Bought in another tab, somehow.
    let ledger = host.ledger();
    let checkout = NewCheckout {
        customer: &buyer.customer.parse().unwrap(),
        user: buyer.caller.user_id,
        price: DEFAULT_PRICE,
        success_url: "https://chat.example.com/",
        cancel_url: "https://chat.example.com/",
    };
    let session = ledger.stripe().open_checkout(&checkout, "another tab").await.unwrap();
    host.tell(host.stripe.pay(session.id.as_str()).unwrap()).await;
    let second = host.subscription_of(&buyer);
    assert_ne!(second, first);
    host.tell(host.stripe.pause(&second).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    host.tell(host.stripe.cancel(&second).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()));
    host.tell(host.stripe.cancel(&first).unwrap()).await;
    assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()));
}
