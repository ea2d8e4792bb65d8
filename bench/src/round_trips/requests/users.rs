//! One's own account.

use serde_json::json;

use super::{Host::Uncached, Person, Request, Row, World};

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let person = Person::new(world).await;
    person.room_with(2).await;
    let show = Request::get("/user/me").by(&person.token);
    let (show, _) = world.measure("GET /user/me", "", Uncached, show).await;
    let change = Request::patch("/user/me").by(&person.token);
    let change = change.json(&json!({ "full_name": "Augusta Ada King" }));
    let (change, _) = world.measure("PATCH /user/me", "a name", Uncached, change).await;
    let usage = Request::get("/user/me/usage").by(&person.token);
    let (usage, _) = world.measure("GET /user/me/usage", "one day of use", Uncached, usage).await;
    vec![show, change, usage]
}
