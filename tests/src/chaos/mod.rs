//! The storm: many users, two Parleys, and everything between them and their servers going wrong.
//!
//! ```text
//! actor ──► client ──► Parley ──► proxy ──► DynamoDB, SQS, Valkey, Gemini, Stripe
//!   │                  killed,    refuses, delays, cuts, throttles,
//!   │                  restarted  swallows answers: as the plan says
//!   └─ book ──────────────────────────────────► check, when the storm is over
//! ```
//!
//! - [`plan`]: what goes wrong and when, all of it from a seed. [`fault`]: how a call goes wrong.
//! - [`proxy`]: makes it go wrong. Tests of single faults use it by itself.
//! - [`Servers`]: what Parley calls, behind proxies. [`Instance`]: a Parley, killed and started again.
//!   The tests of single faults have a world of these, too.
//! - `world`: all of them in a storm. `actor`: a user, with a [`book`](self) of what Parley has promised
//!   them. `client`: sends a request until it is answered.
//! - `check`: what has to hold afterwards, from outside and in the tables.
//!
//! The protocol behind all this is modelled, and all its small worlds are tried, in
//! `tests/tests/protocol`.

mod actor;
mod book;
mod check;
mod client;
pub mod fault;
mod instance;
pub mod plan;
pub mod proxy;
mod report;
mod servers;
mod tables;
mod world;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use tokio::{task::JoinSet, time::Instant};

use crate::{Api, clock::clear_of_midnight_for};

use actor::{Actor, Secrets};
use check::Findings;
use client::Client;
pub use instance::Instance;
use plan::Plan;
pub use report::Report;
pub use servers::Servers;
pub use tables::Tables;
use world::{PROCESSES, World};

/// So many users are needed for all that is checked to happen.
pub const FEWEST_USERS: usize = actor::FEWEST;

/// One run: starts a world, lets it storm, waits until all is settled, and checks.
pub async fn run(seed: u64, length: Duration, users: usize) -> Report {
    // The day's messages are counted at its end.
    clear_of_midnight_for(length + client::PATIENCE + check::SETTLED_WITHIN).await;
    let plan = Plan::new(seed, length, PROCESSES);
    let began = Instant::now();
    let world = Arc::new(World::start(plan).await);
    let client = Client::new(world.parleys.clone(), world.plan.client_dice_of(users));
    let actors = sign_in(&world, &client, users).await;
    let mut findings = Findings::default();
    let end = Instant::now() + length;
    let mut lives = JoinSet::new();
    for actor in actors {
        lives.spawn(actor.live(Arc::clone(&world), end));
    }
    // Whatever it finds, there is a report, and the logs are kept.
    if let Err(panic) = AssertUnwindSafe(world.storm()).catch_unwind().await {
        findings.panicked("the storm", &*panic);
    }
    world.calm();
    let calm = Instant::now();
    let mut actors = Vec::new();
    while let Some(life) = lives.join_next().await {
        match life {
            Ok(actor) => actors.push(actor),
            // It had no book to show any more: what it saw is what is wrong.
            Err(error) => findings.panicked("during the storm", &*error.into_panic()),
        }
    }
    let checked = AssertUnwindSafe(check::check(&world, &actors, &mut findings));
    if let Err(panic) = checked.catch_unwind().await {
        findings.panicked("during the check", &*panic);
    }
    let settled = calm.elapsed();
    let mut report = Report::new(&world, &client, &actors, findings);
    report.took = [began.elapsed(), settled];
    let Ok(world) = Arc::try_unwrap(world) else { panic!("the world is still in use") };
    report.logs = world.end(!report.violations.is_empty()).await;
    report
}

/// All users, one after the other, as long as the weather is good.
async fn sign_in(world: &World, client: &Client, users: usize) -> Vec<Actor> {
    let secrets = Secrets::default();
    let mut actors = Vec::new();
    for number in 0..users {
        let api: &Api = &world.parleys[number % PROCESSES].api;
        let user = api.user().await;
        let client = client.of(user.token.clone(), world.plan.client_dice_of(number));
        let dice = world.plan.dice_of(number);
        actors.push(Actor::new(number, user, client, dice, Arc::clone(&secrets)).await);
    }
    actors
}
