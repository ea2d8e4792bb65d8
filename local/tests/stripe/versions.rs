//! The shapes of an account that nobody upgraded.

use local::stripe::{ApiVersion, Settings, StandIn};
use serde_json::Value;

use crate::support::{customer, event, get, kinds, session};

#[tokio::test]
async fn in_2020_periods_and_subscriptions_stood_at_the_top() {
    let settings = Settings { version: ApiVersion::Legacy, ..Settings::default() };
    let stand_in = StandIn::start(settings).await.unwrap();
    let session = session(&stand_in, &customer(&stand_in).await).await;
    let paid = stand_in.pay(&session).unwrap();
    let id = paid.object["subscription"].as_str().unwrap();
    let path = format!("/v1/subscriptions/{id}");
    let subscription = get(&stand_in, &path, "").await;
    assert!(subscription["current_period_end"].as_i64() > subscription["created"].as_i64());
    assert_eq!(subscription["items"]["data"][0].get("current_period_end"), None);
    assert_eq!(paid.object["ui_mode"], "hosted");

    // The subscription was there before it was paid for.
    assert_eq!(kinds(&paid)[0], "customer.subscription.created");
    let created = event(&stand_in, &paid.events[0].id);
    assert_eq!(created["api_version"], "2020-08-27");
    assert_eq!(created["data"]["object"]["status"], "incomplete");
    let invoice = event(&stand_in, &paid.events[1].id)["data"]["object"].clone();
    assert_eq!(invoice["subscription"], id);
    assert_eq!(invoice["lines"]["data"][0]["subscription"], id);
    assert_eq!((invoice.get("parent"), &invoice["paid"]), (None, &Value::Bool(true)));
    let updated = event(&stand_in, &paid.events[3].id);
    assert_eq!(updated["data"]["previous_attributes"]["status"], "incomplete");
    assert_eq!(updated["data"]["object"]["status"], "active");
}
