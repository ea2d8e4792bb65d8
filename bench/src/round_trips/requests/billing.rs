//! Pro.

use super::{Host::Uncached, Person, Request, Row, World};

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let person = Person::new(world).await;
    let subscribe = || Request::post("/subscribe/pro").by(&person.token);
    let status = || Request::get("/subscription/status").by(&person.token);
    let (first, answer) =
        world.measure("POST /subscribe/pro", "the first time", Uncached, subscribe()).await;
    let (again, _) =
        world.measure("POST /subscribe/pro", "again at once", Uncached, subscribe()).await;
    let events = person.pays(answer.json()["session_id"].as_str().unwrap());
    let mut rows = vec![first, again];
    rows.extend(deliveries(world, &events).await);
    rows.push(world.measure("GET /subscription/status", "Pro", Uncached, status()).await.0);
    rows
}

async fn deliveries(world: &World, events: &[super::super::person::Event]) -> Vec<Row> {
    const WEBHOOK: &str = "POST /webhook/stripe";
    let find = |kind: &str| events.iter().find(|event| event.kind == kind).unwrap();
    let (paid, invoice) = (find("checkout.session.completed"), find("invoice.paid"));
    let mut rows = Vec::new();
    for (state, event) in
        [("a paid checkout", paid), ("one more event of it", invoice), ("the same again", invoice)]
    {
        rows.push(world.measure(WEBHOOK, state, Uncached, event.delivery(world)).await.0);
    }
    rows
}
