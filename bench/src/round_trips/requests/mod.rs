//! Every request of the journey, one at a time, each in a state made for it.

mod auth;
mod billing;
mod messages;
mod operators;
mod rooms;
mod users;

use super::{
    person::Person,
    request::Request,
    row::Row,
    world::{Host, World},
};

/// A row for each.
pub(super) async fn rows(world: &World) -> Vec<Row> {
    warm_up(world).await;
    // As long as nothing is pending: where pending questions stand in their index is left to chance.
    let operators = operators::rows(world).await;
    let mut rows = auth::rows(world).await;
    rows.extend(users::rows(world).await);
    rows.extend(rooms::rows(world).await);
    rows.extend(messages::rows(world).await);
    rows.extend(billing::rows(world).await);
    rows.extend(operators);
    rows
}

/// A first call connects to the cache, which takes commands of its own.
async fn warm_up(world: &World) {
    let person = Person::new(world).await;
    world.ask(Host::Cached, Request::get("/chatroom").by(&person.token)).await;
}
