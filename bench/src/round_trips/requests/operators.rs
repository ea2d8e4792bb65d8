//! The operators' view.

use shared::domain::Role;

use super::{Host::Cached, Person, Request, Row, World};

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let mut person = Person::new(world).await;
    let given = world.store.set_role(person.caller().user_id, Some(Role::Operator)).await;
    assert!(given.unwrap());
    person.refresh().await;
    let status = || Request::get("/admin/status").by(&person.token);
    // The first look connects to the cache.
    world.ask(Cached, status()).await;
    vec![world.measure("GET /admin/status", "cache", Cached, status()).await.0]
}
