//! Whom a request calls, one after the other, and what that costs at AWS.
//!
//! The functions' routers and the worker run in this process, and every server that they call stands
//! behind a proxy that notes each call ([`world`], [`proxy`]). Each request is made on its own, in a
//! state made for it ([`requests`], [`worker`]); which of its calls wait for others, [`steps`] tells.
//! From these figures and the vendor's list prices follows what a million messages cost ([`cost`]).

mod calls;
mod cost;
mod person;
mod proxy;
mod request;
mod requests;
mod row;
mod steps;
mod tables;
mod worker;
mod world;

use serde::Serialize;

pub use calls::Server;
pub use cost::{Cost, Costs};
pub use row::{Kind, Row, Traffic};

use crate::document::Section;

/// To send a message.
const SEND: &str = "POST /chatroom/{id}/message";

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoundTrips {
    /// Each request of the journey.
    pub requests: Vec<Row>,
    /// The worker, for a batch of one message, and for a full one.
    pub worker: [Row; 2],
    /// What follows from them.
    pub costs: Costs,
}

/// Measures all of it, on a thread of its own.
pub async fn measure() -> RoundTrips {
    let all = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(Box::pin(measure_all()))
    };
    tokio::task::spawn_blocking(all).await.unwrap()
}

async fn measure_all() -> RoundTrips {
    let world = world::World::start().await;
    let requests = requests::rows(&world).await;
    let worker = worker::rows(&world).await;
    let costs = Costs::of(&requests, &worker);
    RoundTrips { requests, worker, costs }
}

impl RoundTrips {
    /// The row of `request` in `state`.
    ///
    /// # Panics
    /// There is none.
    #[must_use]
    pub fn row(&self, request: &str, state: &str) -> &Row {
        find(self.requests.iter().chain(&self.worker), request, state)
    }

    /// For the document.
    #[must_use]
    pub fn section(&self) -> Section {
        Section { name: "round-trips", markdown: tables::markdown(self) }
    }
}

fn find<'a>(rows: impl IntoIterator<Item = &'a Row>, request: &str, state: &str) -> &'a Row {
    let mut rows = rows.into_iter();
    let found = rows.find(|row| row.request == request && row.state == state);
    found.unwrap_or_else(|| panic!("{request}, {state} is not measured"))
}
