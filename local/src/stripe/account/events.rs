//! Events: what happened, with a snapshot of the object that it happened to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

use super::super::{ids, version::ApiVersion};

/// How many events are kept that nobody waits for any more.
const MAX_SETTLED: usize = 2_000;

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// Such as `evt_1…`.
    pub id: String,
    /// Such as `customer.subscription.updated`.
    pub kind: String,
    /// The id of the object that it is about, if that has one.
    pub object_id: Option<String>,
    /// When.
    pub created: Timestamp,
    /// What is delivered, byte for byte.
    pub body: String,
    /// Whether it has yet to be delivered: neither answered with a 2xx, nor dropped, nor given up.
    pub due: bool,
    /// Every attempt to deliver it, the oldest first.
    pub deliveries: Vec<Attempt>,
}

/// An event that a change made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Made {
    /// Such as `evt_1…`.
    pub id: String,
    /// Such as `invoice.paid`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// An attempt to deliver an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// Where it went.
    pub url: String,
    /// The HTTP status of the answer; none if there was no answer.
    pub status: Option<u16>,
}

impl Attempt {
    /// The receiver took the event.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// The request that brought an event about; nothing if no request of the integration did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cause {
    pub(crate) request: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// All events, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct EventLog {
    /// Of these only the due ones outlive the process.
    #[serde(serialize_with = "only_due")]
    events: Vec<Event>,
    /// How many there ever were.
    count: u64,
    #[serde(skip)]
    cause: Cause,
}

impl EventLog {
    pub(crate) fn all(&self) -> &[Event] {
        &self.events
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Event> {
        self.events.iter().find(|event| event.id == id)
    }

    /// What comes next comes of this.
    pub(super) fn because_of(&mut self, cause: Cause) {
        self.cause = cause;
    }

    /// Remembers where the log is now, for [`Self::made_since`].
    pub(super) fn mark(&self) -> u64 {
        self.count
    }

    /// The events made since `mark`.
    pub(super) fn made_since(&self, mark: u64) -> Vec<Made> {
        let new = usize::try_from(self.count - mark).unwrap_or(usize::MAX);
        let first = self.events.len().saturating_sub(new);
        self.events[first..]
            .iter()
            .map(|event| Made { id: event.id.clone(), kind: event.kind.clone() })
            .collect()
    }

    pub(super) fn record(
        &mut self,
        kind: &str,
        object: Value,
        previous: Option<Value>,
        version: ApiVersion,
        now: Timestamp,
    ) -> Made {
        let id = ids::new("evt_1");
        let object_id = object["id"].as_str().map(str::to_owned);
        let mut data = json!({"object": object});
        if let Some(previous) = previous {
            data["previous_attributes"] = previous;
        }
        let body = json!({
            "id": id,
            "object": "event",
            "api_version": version.as_str(),
            "created": now.as_second(),
            "data": data,
            "livemode": false,
            "pending_webhooks": 1,
            "request": {
                "id": self.cause.request,
                "idempotency_key": self.cause.idempotency_key,
            },
            "type": kind,
        });
        let made = Made { id: id.clone(), kind: kind.to_owned() };
        self.count += 1;
        self.events.push(Event {
            id,
            kind: kind.to_owned(),
            object_id,
            created: now,
            // Stripe's are indented too.
            body: format!("{body:#}"),
            due: true,
            deliveries: Vec::new(),
        });
        made
    }

    /// Writes down an attempt to deliver the event `id`.
    pub(crate) fn attempted(&mut self, id: &str, attempt: Attempt) {
        if let Some(event) = self.find(id) {
            event.deliveries.push(attempt);
        }
    }

    /// The event `id` need not be delivered any more.
    pub(crate) fn settled(&mut self, id: &str) {
        if let Some(event) = self.find(id) {
            event.due = false;
        }
        self.forget_oldest();
    }

    fn find(&mut self, id: &str) -> Option<&mut Event> {
        self.events.iter_mut().rev().find(|event| event.id == id)
    }

    fn forget_oldest(&mut self) {
        let settled = self.events.iter().filter(|event| !event.due).count();
        let mut surplus = settled.saturating_sub(MAX_SETTLED);
        self.events.retain(|event| {
            let forget = surplus > 0 && !event.due;
            surplus -= usize::from(forget);
            !forget
        });
    }
}

fn only_due<S: Serializer>(events: &[Event], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(events.iter().filter(|event| event.due))
}
