//! Webhooks: each event goes to every target until it is taken.
//!
//! A 2xx takes an event. Anything else, and no answer within 10 s, is tried again after half a second,
//! then a second, and so on up to 30 s, and given up after the twelfth time. Different events are
//! under way at the same time, in no order.

mod carrier;
mod post;
mod settings;
mod signature;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::future::join_all;
use serde::Serialize;
use tokio::task::JoinSet;

pub use settings::{Dropped, WebhookSettings};
pub(crate) use signature::Signer;

use super::{
    account::{Attempt, Event, Refusal},
    lock::lock,
    store::Store,
};
use carrier::Carrier;

/// Events closer together than this are reordered.
const QUIET: Duration = Duration::from_millis(200);

/// What came of delivering an event once, as told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivered {
    /// The event's id.
    pub id: String,
    /// The answers, one of each target.
    pub answers: Vec<Attempt>,
}

/// Delivers what is due.
pub(crate) struct Delivery {
    store: Arc<Store>,
    carrier: Carrier,
    targets: Mutex<Vec<String>>,
    /// Ids of the events that are being delivered.
    under_way: Mutex<HashSet<String>>,
}

impl Delivery {
    /// Of the events in `store`, signed with `secrets`.
    pub(crate) fn new(store: Arc<Store>, secrets: &str) -> Result<Self, crate::Error> {
        Ok(Self {
            carrier: Carrier::new(Arc::clone(&store), secrets)?,
            store,
            targets: Mutex::default(),
            under_way: Mutex::default(),
        })
    }

    /// Events go to `url` too from here on, those that are due already included.
    pub(crate) fn add_target(&self, url: &str) {
        let mut targets = lock(&self.targets);
        if !targets.iter().any(|known| known == url) {
            targets.push(url.to_owned());
        }
        drop(targets);
        self.store.nudge();
    }

    /// Does so from here on.
    pub(crate) fn set(&self, settings: WebhookSettings) {
        self.carrier.set(settings);
        self.store.nudge();
    }

    /// Delivers until it is dropped, which ends all that is under way.
    pub(crate) async fn run(self: Arc<Self>) {
        let mut tasks = JoinSet::new();
        // What an earlier run left is due at once.
        self.store.nudge();
        loop {
            self.store.changed().await;
            while tasks.try_join_next().is_some() {}
            let reorder = self.carrier.settings().reorder;
            if reorder {
                self.until_quiet().await;
            }
            let mut due = self.take_due();
            let this = Arc::clone(&self);
            if reorder {
                due.reverse();
                tasks.spawn(async move { this.deliver_in_order(due).await });
            } else {
                for event in due {
                    let this = Arc::clone(&this);
                    tasks.spawn(async move { this.deliver(event).await });
                }
            }
        }
    }

    /// Delivers these events once to every target, in this order, however things are set.
    ///
    /// # Errors
    /// An event is unknown, or there is nowhere to deliver to.
    pub(crate) async fn deliver_now(
        &self,
        ids: &[String],
        parallel: bool,
    ) -> Result<Vec<Delivered>, Refusal> {
        if lock(&self.targets).is_empty() {
            return Err(Refusal::Bad("there is no webhook target".to_owned()));
        }
        let events: Result<Vec<Event>, Refusal> = self.store.read(|account| {
            let find = |id: &String| account.events.get(id).cloned();
            ids.iter().map(|id| find(id).ok_or_else(|| Refusal::unknown("event", id))).collect()
        });
        let events = events?;
        if parallel {
            return Ok(join_all(events.iter().map(|event| self.deliver_once(event))).await);
        }
        let mut delivered = Vec::with_capacity(events.len());
        for event in &events {
            delivered.push(self.deliver_once(event).await);
        }
        Ok(delivered)
    }

    async fn deliver_once(&self, event: &Event) -> Delivered {
        let targets = lock(&self.targets).clone();
        let answers = join_all(targets.iter().map(|url| self.carrier.attempt(event, url))).await;
        if answers.iter().all(Attempt::is_success) {
            self.store.note(|account| account.events.settled(&event.id));
        }
        Delivered { id: event.id.clone(), answers }
    }

    /// Waits until nothing more has arisen for a while.
    async fn until_quiet(&self) {
        while tokio::time::timeout(QUIET, self.store.changed()).await.is_ok() {}
    }

    /// The events that are due and not under way yet. They are now.
    fn take_due(&self) -> Vec<Event> {
        let settings = self.carrier.settings();
        if settings.hold || lock(&self.targets).is_empty() {
            return Vec::new();
        }
        let mut under_way = lock(&self.under_way);
        let due: Vec<_> = self.store.read(|account| {
            let all = account.events.all().iter();
            all.filter(|event| event.due && !under_way.contains(&event.id)).cloned().collect()
        });
        let (dropped, due): (Vec<_>, Vec<_>) =
            due.into_iter().partition(|event| settings.drops(&event.kind));
        if !dropped.is_empty() {
            self.store.note(|account| {
                for event in &dropped {
                    account.events.settled(&event.id);
                }
            });
        }
        under_way.extend(due.iter().map(|event| event.id.clone()));
        due
    }

    /// The first attempt of each ends before that of the next begins.
    async fn deliver_in_order(&self, events: Vec<Event>) {
        let mut left = Vec::new();
        self.delay().await;
        for event in events {
            let targets = self.targets_of_copies();
            let first = join_all(targets.iter().map(|url| self.carrier.attempt(&event, url))).await;
            let missed: Vec<_> = targets
                .into_iter()
                .zip(&first)
                .filter(|(_, attempt)| !attempt.is_success())
                .map(|(url, _)| url)
                .collect();
            left.push((event, missed));
        }
        join_all(left.iter().map(|(event, targets)| async move {
            join_all(targets.iter().map(|url| self.carrier.insist(event, url, 1))).await;
            self.finish(event);
        }))
        .await;
    }

    async fn deliver(&self, event: Event) {
        self.delay().await;
        let targets = self.targets_of_copies();
        join_all(targets.iter().map(|url| self.carrier.insist(&event, url, 0))).await;
        self.finish(&event);
    }

    async fn delay(&self) {
        let delay_ms = self.carrier.settings().delay_ms;
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
    }

    /// All targets, each as often as an event is delivered to it.
    fn targets_of_copies(&self) -> Vec<String> {
        let copies = self.carrier.settings().copies as usize;
        let targets = lock(&self.targets);
        targets.iter().flat_map(|url| std::iter::repeat_n(url.clone(), copies)).collect()
    }

    fn finish(&self, event: &Event) {
        self.store.note(|account| account.events.settled(&event.id));
        lock(&self.under_way).remove(&event.id);
    }
}
