//! Events of every version of Stripe's API, each about a customer of ours: the tier follows what
//! Stripe says, and never what the event says.

use std::{fs, path::Path};

use serde_json::Value;
use shared::domain::Tier;

use crate::host::Host;

fn fixture(path: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    fs::read_to_string(folder.join(path)).unwrap()
}

/// The rows of `expected.json`, with the fixture of each.
fn fixtures() -> Vec<(Value, String)> {
    let rows: Vec<Value> = serde_json::from_str(&fixture("expected.json")).unwrap();
    rows.into_iter()
        .map(|row| {
            let body = fixture(row["file"].as_str().unwrap());
            (row, body)
        })
        .collect()
}

#[tokio::test]
async fn the_tier_follows_stripe_whatever_the_event_says() {
    let host = Host::start().await;
    let mut applied = 0;
    for (row, body) in fixtures() {
        let Some(customer) = row["customer"].as_str() else { continue };
        let (id, file) = (row["id"].as_str().unwrap(), &row["file"]);
        let buyer = host.buyer().await;
        let about_ours = body.replace(customer, &buyer.customer);

        // All of Stripe's own events are lost.
        host.stripe.pay(&buyer.session).unwrap();
        assert_eq!(host.post(&about_ours).await.status, 200, "{file}");
        assert_eq!(host.standing(&buyer).await, (Tier::Pro, "active".to_owned()), "{file}");

        host.stripe.cancel(&host.subscription_of(&buyer)).unwrap();
        assert_eq!(host.post(&about_ours).await.status, 200, "{file}");
        let known = host.known(&buyer.caller).await;
        assert_eq!(known.entitlement.tier, Tier::Pro, "{file}: the very same event again");

        let another = about_ours.replace(id, &format!("{id}again"));
        assert_eq!(host.post(&another).await.status, 200, "{file}");
        assert_eq!(host.standing(&buyer).await, (Tier::Basic, "canceled".to_owned()), "{file}");
        applied += 1;
    }
    assert!(applied > 20);
}

#[tokio::test]
async fn events_about_no_customer_are_left() {
    let host = Host::start().await;
    let before = host.items().await;
    for (row, body) in fixtures().into_iter().filter(|(row, _)| row["customer"].is_null()) {
        assert_eq!(host.post(&body).await.status, 200, "{}", row["file"]);
    }
    host.assert_untouched(&before).await;
}
