//! Customers that are deleted at Stripe, and accounts that are deleted in the middle of a checkout.

use billing::Hint;
use local::testing::Answer;
use shared::domain::Caller;

use crate::host::{Host, opened};

const GONE: Hint = Hint { event: None, ended_checkout: None, doubt_customer: true };

/// A request during which, while Stripe takes its time over `path`, the account is deleted.
async fn deleted_during(host: &Host, caller: &Caller, path: &str) -> Answer {
    let deletion = host.delete_account(caller);
    host.while_stripe_opens(path, host.subscribe(caller), deletion).await.0
}

#[tokio::test]
async fn a_customer_whose_deletion_was_told_is_replaced_at_once() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.buy(&ada).await;
    let first = host.customer_of(&ada).await;
    host.stripe.delete_customer(&first).unwrap();
    host.told_with(&ada, &GONE).await;
    let session = opened(&host.subscribe(&ada).await);
    let second = host.customer_of(&ada).await;
    assert_ne!(first, second);
    assert_eq!(host.stripe.session(&session).unwrap()["customer"], second);
    assert_eq!(host.stripe.customers().len(), 2);
}

#[tokio::test]
async fn a_customer_whose_deletion_nobody_told_of_is_replaced() {
    let host = Host::start().await;
    let ada = host.person().await;
    opened(&host.subscribe(&ada).await);
    let first = host.customer_of(&ada).await;
    host.stripe.delete_customer(&first).unwrap();
    host.seconds_pass(24 * 3_600);
    opened(&host.subscribe(&ada).await);
    assert_ne!(host.customer_of(&ada).await, first);
}

#[tokio::test]
async fn a_session_that_its_deleted_customer_can_not_pay_in_is_replaced() {
    let host = Host::start().await;
    let ada = host.person().await;
    let unpayable = opened(&host.subscribe(&ada).await);
    host.stripe.delete_customer(&host.customer_of(&ada).await).unwrap();
    assert!(host.stripe.pay(&unpayable).is_err());
    host.seconds_pass(60);
    let session = opened(&host.subscribe(&ada).await);
    assert_ne!(session, unpayable);
    host.stripe.pay(&session).unwrap();
}

#[tokio::test]
async fn an_account_that_is_deleted_while_its_customer_is_made_leaves_none() {
    let host = Host::start().await;
    let ada = host.person().await;
    let answer = deleted_during(&host, &ada, "/v1/customers").await;
    answer.assert_problem(401, "session_ended");
    let customers = host.stripe.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0]["deleted"], true);
    assert!(host.stripe.sessions().is_empty());
}

#[tokio::test]
async fn an_account_that_is_deleted_while_its_session_is_opened_leaves_none_open() {
    let host = Host::start().await;
    let ada = host.person().await;
    let answer = deleted_during(&host, &ada, "/v1/checkout/sessions").await;
    answer.assert_problem(401, "session_ended");
    let sessions = host.stripe.sessions();
    assert_eq!(sessions.len(), 1);
    assert_eq!(sessions[0]["status"], "expired");
    // The customer is still known: the reconciler deletes it.
    let left = host.billing(&ada).await.unwrap();
    assert!(left.deleted && left.due.is_some());
    host.ledger().close(ada.user_id, &left).await.unwrap();
    assert_eq!(host.stripe.customers()[0]["deleted"], true);
}

#[tokio::test]
async fn an_account_that_was_closed_while_its_session_is_opened_opens_none() {
    let host = Host::start().await;
    let ada = host.person().await;
    opened(&host.subscribe(&ada).await);
    host.seconds_pass(24 * 3_600);
    let closing = async {
        host.delete_account(&ada).await;
        let left = host.billing(&ada).await.unwrap();
        host.ledger().close(ada.user_id, &left).await.unwrap();
    };
    let path = "/v1/checkout/sessions";
    let (answer, ()) = host.while_stripe_opens(path, host.subscribe(&ada), closing).await;
    answer.assert_problem(401, "session_ended");
    assert!(host.stripe.sessions().iter().all(|session| session["status"] == "expired"));
    assert!(host.stripe.customers().iter().all(|customer| customer["deleted"] == true));
}
