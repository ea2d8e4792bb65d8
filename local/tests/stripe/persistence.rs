//! What a file keeps from one run to the next.

use std::path::Path;

use local::stripe::{Settings, StandIn};
use reqwest::Method;

use crate::support::{Receiver, call, customer, eventually, get, session, subscribed};

async fn start(file: &Path) -> StandIn {
    let settings = Settings { data: Some(file.to_owned()), ..Settings::default() };
    StandIn::start(settings).await.unwrap()
}

#[tokio::test]
async fn all_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("new/stripe.json");
    let before = start(&file).await;
    let (customer, subscription) = subscribed(&before).await;
    let open = session(&before, &customer).await;
    let seen = before.subscription(&subscription).unwrap();
    let due = before.events().len();
    drop(before);

    let after = start(&file).await;
    assert_eq!(after.subscription(&subscription).unwrap(), seen);
    assert_eq!(
        get(&after, &format!("/v1/customers/{customer}"), "").await["id"],
        customer.as_str()
    );
    assert_eq!(after.events().len(), due, "nothing was delivered yet");
    let url = after.session(&open).unwrap()["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with(after.url()), "pages are where the new one serves");
    after.pay(&open).unwrap();
    after.renew(&subscription).unwrap();
}

#[tokio::test]
async fn events_are_delivered_after_a_restart_unless_they_were_before() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stripe.json");
    let receiver = Receiver::start().await;
    let before = start(&file).await;
    before.deliver_to(&receiver.url);
    customer(&before).await;
    receiver.wait_for(1).await;
    eventually("waited for the first", || !before.events()[0].due).await;
    receiver.answer(500);
    customer(&before).await;
    receiver.wait_for(2).await;
    let missed = before.events().pop().unwrap().id;
    drop(before);

    let after = start(&file).await;
    assert_eq!(after.events().len(), 1);
    after.deliver_to(&receiver.url);
    let webhooks = receiver.wait_for(3).await;
    assert_eq!(webhooks[2].json()["id"], missed.as_str());
}

#[tokio::test]
async fn a_file_of_something_else_stops_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("stripe.json");
    std::fs::write(&file, "{").unwrap();
    let settings = Settings { data: Some(file.clone()), ..Settings::default() };
    assert!(StandIn::start(settings).await.is_err());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "{", "and is left alone");
}

#[tokio::test]
async fn without_a_file_nothing_is_kept() {
    let before = StandIn::start(Settings::default()).await.unwrap();
    let customer = customer(&before).await;
    drop(before);
    let after = StandIn::start(Settings::default()).await.unwrap();
    let path = format!("/v1/customers/{customer}");
    assert_eq!(call(&after, Method::GET, &path, "").await.status(), 404);
}
