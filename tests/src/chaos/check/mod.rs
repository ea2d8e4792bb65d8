//! What has to hold when the storm is over, whatever broke: seen from outside, and in the tables.
//!
//! The model in `tests/tests/protocol` holds the same of every interleaving of a small world.

mod snapshot;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{
    actor::{Actor, shows_all_rooms},
    world::World,
};
use snapshot::Snapshot;

/// How long it may take until all is settled, purged and told: a job waits up to a minute for its next
/// delivery, the sweeper gives up after 30 s here, and Stripe's stand-in waits up to 30 s between two
/// deliveries. A busy machine takes longer.
const SETTLED_WITHIN: Duration = Duration::from_mins(4);

/// All that was found out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How often each invariant was held against something.
    pub(super) checked: BTreeMap<&'static str, usize>,
    /// What did not hold.
    pub(super) violations: Vec<String>,
    /// What was under way for longest after the storm.
    pub(super) last: String,
}

impl Findings {
    fn check(&mut self, invariant: &'static str, holds: bool, what: impl FnOnce() -> String) {
        *self.checked.entry(invariant).or_default() += 1;
        if !holds {
            self.violations.push(format!("{invariant}: {}", what()));
        }
    }
}

/// Waits until nothing is under way any more, then holds everything against everything.
pub(super) async fn check(world: &World, actors: &[Actor], findings: &mut Findings) {
    settle(world, findings).await;
    let snapshot = Snapshot::take(world).await;
    for actor in actors {
        let book = &actor.book;
        if book.gone {
            snapshot.nothing_is_left_of(book, findings);
        } else {
            from_outside(world, actor, findings).await;
            snapshot.messages_are_settled(book, findings);
            snapshot.quota_is_exact(book, findings);
        }
        tier_is_stripes(world, &snapshot, actor, findings).await;
    }
    logs_are_clean(world, findings);
}

const DRAINED: &str = "nothing stays under way";

/// Until nothing is pending, queued, waiting to be purged, or to be delivered by Stripe.
async fn settle(world: &World, findings: &mut Findings) {
    let calm = Instant::now();
    loop {
        let left = left(world).await;
        let took = calm.elapsed();
        if left.is_empty() || took > SETTLED_WITHIN {
            findings.check(DRAINED, left.is_empty(), || left.join(", "));
            return;
        }
        findings.last = format!("{} after {} s", left.join(", "), took.as_secs());
        sleep(Duration::from_millis(500)).await;
    }
}

async fn left(world: &World) -> Vec<String> {
    let snapshot = Snapshot::take(world).await;
    let (jobs, dead) = world.jobs();
    let events = world.stripe.events();
    let has = |items: &[Value], attribute: &str| {
        items.iter().filter(|item| !item[attribute].is_null()).count()
    };
    let messages: Vec<_> = snapshot.messages.into_values().collect();
    [
        ("pending messages", has(&messages, "pending_shard")),
        ("jobs in the queue", jobs),
        ("jobs in the dead-letter queue", dead),
        ("rooms to be purged", has(&snapshot.chatrooms, "purge_shard")),
        ("accounts to be purged", has(&snapshot.users, "purge_shard")),
        ("events of Stripe to be delivered", events.iter().filter(|event| event.due).count()),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(what, count)| format!("{count} {what}"))
    .collect()
}

/// What the owner sees.
async fn from_outside(world: &World, actor: &Actor, findings: &mut Findings) {
    let (book, client) = (&actor.book, actor.client());
    let get = async |path: String| client.insist(&Method::GET, &path, |request| request).await;
    // Each of the Parleys may have a cached list of its own mind.
    for _ in 0..2 * world.parleys.len() {
        let list = get("/chatroom?limit=100".to_owned()).await;
        let is_true =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| shows_all_rooms(book, &list)));
        findings.check("the list shows all rooms, and no other", is_true.is_ok(), || {
            format!("{}: {list}", book.name)
        });
    }
    for (id, room) in book.open_rooms() {
        for asked in &room.asked {
            let question = get(format!("/chatroom/{id}/messages/{}", asked.id)).await;
            let body = question.json();
            let is_settled = ["answered", "failed"].map(|status| body["status"] == status);
            findings.check(
                "its owner sees an accepted message settled",
                question.status() == 200 && is_settled.contains(&true),
                || question.to_string(),
            );
        }
    }
}

/// A user is Pro if, and only if, Stripe says that they pay.
async fn tier_is_stripes(
    world: &World,
    snapshot: &Snapshot,
    actor: &Actor,
    findings: &mut Findings,
) {
    let book = &actor.book;
    let customers: BTreeSet<_> = book
        .paid
        .iter()
        .filter_map(|session| text_of(&world.stripe.session(session)?, "customer"))
        .collect();
    let all = customers.iter().flat_map(|customer| world.stripe.subscriptions_of(customer));
    let statuses: Vec<_> = all.filter_map(|known| text_of(&known, "status")).collect();
    let pays = |status: &String| ["active", "trialing", "past_due"].contains(&status.as_str());
    if book.gone {
        let ended = statuses.iter().all(|status| status == "canceled");
        return findings
            .check("who has left pays no more", ended, || format!("{}: {statuses:?}", book.name));
    }
    let expected = if statuses.iter().any(pays) { "pro" } else { "basic" };
    let request = |request| request;
    let shown = actor.client().insist(&Method::GET, "/subscribe/status", request).await;
    let stored = snapshot.user_item(&book.user_id, "profile").map(|item| &item["tier"]);
    findings.check("the tier is what Stripe says", shown.json()["tier"] == expected, || {
        format!("{}: {shown} (stored {stored:?}), and Stripe: {statuses:?}", book.name)
    });
}

fn logs_are_clean(world: &World, findings: &mut Findings) {
    let logs = world.logs();
    let broken: Vec<_> = logs
        .lines()
        .filter(|line| {
            ["panicked", "can't be read", "\"status\":500"].iter().any(|sign| line.contains(sign))
        })
        .take(5)
        .collect();
    findings.check("nothing panics, no answer is a 500", broken.is_empty(), || broken.join("\n"));
}

fn text_of(item: &Value, attribute: &str) -> Option<String> {
    item[attribute].as_str().map(str::to_owned)
}
