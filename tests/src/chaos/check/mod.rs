//! What has to hold when the storm is over, whatever broke: seen from outside, and in the tables.
//!
//! The model in `tests/tests/protocol` holds the same of every interleaving of a small world.

mod snapshot;

use std::{
    any::Any,
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
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

/// How long it may take until all is purged and told: a job waits up to a minute for its next delivery,
/// so does a user whom Stripe could not be asked about, and Stripe's stand-in waits up to 30 s between
/// two deliveries. A busy machine takes longer.
pub(super) const SETTLED_WITHIN: Duration = Duration::from_mins(4);

/// How long a message may be pending when nothing fails any more: the sweeper gives up after
/// `GIVE_UP_AFTER_SECONDS`, 30 here, and a busy machine takes longer.
const PENDING_WITHIN: Duration = Duration::from_mins(1);

/// What has to hold after every run. An invariant that was held against nothing was not checked.
const INVARIANTS: [&str; 17] = [
    ONE_REPLY,
    ITS_QUESTIONS,
    NOTHING_ELSE,
    IN_ORDER,
    SETTLED,
    UNITS,
    FAILURES,
    LIMIT,
    LIST,
    TIER,
    LEFT,
    ROOM_PURGED,
    ACCOUNT_PURGED,
    PENDING,
    DRAINED,
    LOGS,
    TROUBLE,
];
const ONE_REPLY: &str = "an accepted message has exactly one reply, or one clear failure";
const ITS_QUESTIONS: &str = "a reply is its question's";
const NOTHING_ELSE: &str = "nothing is there that nobody sent, or twice";
const IN_ORDER: &str = "a room is answered in order";
const SETTLED: &str = "its owner sees an accepted message settled";
const UNITS: &str = "units used are what was answered";
const FAILURES: &str = "what failed is given back, and counted as failed";
const LIMIT: &str = "the daily limit holds for whoever has reached it";
const LIST: &str = "the list shows all rooms, and no other, wherever it is asked for";
const TIER: &str = "the tier is what Stripe says, shown and stored";
const LEFT: &str = "who has left pays no more";
const ROOM_PURGED: &str = "a deleted room is purged";
const ACCOUNT_PURGED: &str = "a deleted account is purged";
const PENDING: &str = "no message is pending for longer than the sweeper allows";
const DRAINED: &str = "nothing stays under way";
const LOGS: &str = "nothing panics, no answer is a 500, and no secret is in the log";
const TROUBLE: &str = "every server was in trouble";

/// All that was found out.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// How often each invariant held.
    pub(super) held: BTreeMap<&'static str, usize>,
    /// How many questions came to which end.
    pub(super) ends: BTreeMap<String, u64>,
    /// What did not hold.
    pub(super) violations: Vec<String>,
    /// What was under way for longest after the storm.
    pub(super) last: String,
}

impl Findings {
    fn check(&mut self, invariant: &'static str, holds: bool, what: impl FnOnce() -> String) {
        if holds {
            *self.held.entry(invariant).or_default() += 1;
        } else {
            self.violations.push(format!("{invariant}: {}", what()));
        }
    }

    /// What a panic says is what is wrong.
    pub(super) fn panicked(&mut self, when: &str, panic: &(dyn Any + Send)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref().copied()).unwrap_or("a panic");
        self.violations.push(format!("{when}: {text}"));
    }

    /// A run in which nothing happened shows nothing.
    fn are_about_something(&mut self) {
        for invariant in INVARIANTS {
            let held = self.held.entry(invariant).or_default();
            if *held == 0 && !self.violations.iter().any(|told| told.starts_with(invariant)) {
                self.violations.push(format!("{invariant}: held against nothing"));
            }
        }
        if self.ends.get("answered").is_none_or(|count| *count == 0) {
            self.violations.push("no question was answered".to_owned());
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
            from_outside(actor, findings).await;
            snapshot.messages_are_settled(book, findings);
            snapshot.quota_is_exact(book, findings);
        }
        tier_is_stripes(world, &snapshot, actor, findings).await;
    }
    logs_are_clean(world, findings);
    for (target, proxy) in world.proxies() {
        findings.check(TROUBLE, !proxy.injected().is_empty(), || target.to_string());
    }
    findings.are_about_something();
}

/// Until nothing is pending, queued, waiting to be purged, or to be delivered by Stripe.
async fn settle(world: &World, findings: &mut Findings) {
    let calm = Instant::now();
    let mut in_time = false;
    loop {
        let snapshot = Snapshot::take(world).await;
        let took = calm.elapsed();
        let pending: Vec<_> = snapshot.pending().collect();
        // Nothing has been accepted since the calm: what is pending is at least as old.
        if !in_time && (pending.is_empty() || took > PENDING_WITHIN) {
            in_time = true;
            findings.check(PENDING, pending.is_empty(), || format!("{pending:?}"));
        }
        let left = left(world, &snapshot, pending.len());
        if left.is_empty() || took > SETTLED_WITHIN {
            findings.check(DRAINED, left.is_empty(), || left.join(", "));
            return;
        }
        findings.last = format!("{} after {} s", left.join(", "), took.as_secs());
        sleep(Duration::from_millis(500)).await;
    }
}

fn left(world: &World, snapshot: &Snapshot, pending: usize) -> Vec<String> {
    let (jobs, dead) = world.jobs();
    let events = world.stripe.events();
    let has = |items: &[Value], attribute: &str| {
        items.iter().filter(|item| !item[attribute].is_null()).count()
    };
    [
        ("pending messages", pending),
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
async fn from_outside(actor: &Actor, findings: &mut Findings) {
    let (book, client) = (&actor.book, actor.client());
    // Each of the Parleys may have a mind of its own about what is cached.
    for client in client.at_each().chain(client.at_each()) {
        let list = client.insist(&Method::GET, "/chatroom?limit=100", |request| request).await;
        let is_true = catch_unwind(AssertUnwindSafe(|| shows_all_rooms(book, &list)));
        findings.check(LIST, is_true.is_ok(), || format!("{}: {list}", book.name));
    }
    for (id, room) in book.open_rooms() {
        for asked in &room.asked {
            let path = format!("/chatroom/{id}/messages/{}", asked.id);
            let question = client.insist(&Method::GET, &path, |request| request).await;
            let body = question.json();
            let is_settled = ["answered", "failed"].map(|status| body["status"] == status);
            let is_settled = question.status() == 200 && is_settled.contains(&true);
            findings.check(SETTLED, is_settled, || question.to_string());
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
        if !statuses.is_empty() {
            let ended = statuses.iter().all(|status| status == "canceled");
            findings.check(LEFT, ended, || format!("{}: {statuses:?}", book.name));
        }
        return;
    }
    let expected = if statuses.iter().any(pays) { "pro" } else { "basic" };
    let request = |request| request;
    let shown = actor.client().insist(&Method::GET, "/subscribe/status", request).await;
    let profile = snapshot.user_item(&book.user_id, "profile").unwrap_or(&Value::Null);
    // Who has never paid has none.
    let stored = profile["tier"].as_str().unwrap_or("basic");
    findings.check(TIER, shown.json()["tier"] == expected && stored == expected, || {
        format!("{}: {shown} (stored {stored:?}), and Stripe: {statuses:?}", book.name)
    });
}

fn logs_are_clean(world: &World, findings: &mut Findings) {
    let logs = world.logs();
    let broken: Vec<_> = logs.lines().filter(|line| is_broken(line)).take(5).collect();
    findings.check(LOGS, broken.is_empty(), || broken.join("\n"));
    let fit = catch_unwind(AssertUnwindSafe(|| world.assert_fit_to_print(&logs)));
    match fit {
        Ok(()) => findings.check(LOGS, true, String::new),
        Err(panic) => findings.panicked(LOGS, &*panic),
    }
}

/// Whether a line of the log tells of what may never be, whatever breaks around Parley.
fn is_broken(line: &str) -> bool {
    let Ok(told) = serde_json::from_str::<Value>(line) else { return line.contains("panicked") };
    let message = told["message"].as_str().unwrap_or_default();
    told["http.status"] == 500 || message.contains("panicked") || line.contains("can't be read")
}

fn text_of(item: &Value, attribute: &str) -> Option<String> {
    item[attribute].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_tells_of_a_bug_is_seen() {
        let request = |status: u16| {
            format!(
                r#"{{"level":"INFO","message":"request","http.route":"/user/me","http.status":{status}}}"#
            )
        };
        assert!(is_broken(&request(500)));
        assert!(is_broken(r#"{"level":"ERROR","message":"panicked","panic.location":"a.rs:1"}"#));
        assert!(is_broken("thread 'main' panicked at a.rs:1:"));
        assert!(is_broken(r#"{"level":"ERROR","message":"a job that can't be read"}"#));
        for status in [200, 404, 503] {
            assert!(!is_broken(&request(status)));
        }
    }

    #[test]
    fn what_was_held_against_nothing_is_a_violation() {
        let mut findings = Findings::default();
        for invariant in INVARIANTS {
            findings.check(invariant, true, String::new);
        }
        findings.ends.insert("answered".to_owned(), 0);
        findings.are_about_something();
        assert_eq!(findings.violations, ["no question was answered"]);
        findings.violations.clear();
        findings.ends.insert("answered".to_owned(), 1);
        findings.are_about_something();
        assert_eq!(findings.violations, [""; 0]);
        findings.held.remove(TROUBLE);
        findings.are_about_something();
        assert_eq!(findings.violations, [format!("{TROUBLE}: held against nothing")]);
    }
}
