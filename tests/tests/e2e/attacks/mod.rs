//! Attacks, mounted as a stranger would: by requests alone. Every answer has to be a refusal that says
//! nothing (the harness holds each against the rules for all, and fails on any 5xx), and the server has
//! to go on as if nothing had been.
//!
//! What needs a clock, or a look at what was computed, is in the functions' own tests. The threat model
//! (`docs/threat-model.md`) names the test of each attack.

mod bodies;
mod enumeration;
mod headers;
mod ids;
mod log_lines;
mod mass_assignment;
mod nul;
mod raw;
mod sessions;
mod tokens;

use serde_json::Value;
use tests::{Parley, User};

/// The server goes on: somebody else signs in, asks, and is answered.
async fn goes_on(parley: &Parley) {
    let user = parley.user().await;
    let room = user.create_room("After the attack").await;
    user.ask_and_wait(&room, "Is anybody there?").await;
}

/// A body whose member `field` is this text of JSON.
fn with(field: &str, json: &str) -> String {
    format!("{{\"{field}\":{json}}}")
}

/// Who somebody is and what they have, to be held against what it was before the attack.
async fn everything_of(user: &User) -> Vec<Value> {
    let mut all = vec![user.get("/user/me").await.expect(200).json()];
    for room in user.rooms().await {
        all.push(user.get(&format!("/chatroom/{room}")).await.expect(200).json());
    }
    all.push(user.get("/subscribe/status").await.expect(200).json());
    all
}
