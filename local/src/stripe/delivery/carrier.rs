//! Carries one event to one target, as often as it takes.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, watch};

use super::{
    super::{
        account::{Attempt, Event},
        store::Store,
    },
    post::Post,
    settings::WebhookSettings,
};

/// How many requests are under way at a time.
const PLACES: usize = 32;

const MAX_TRIES: u32 = 12;
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(super) struct Carrier {
    store: Arc<Store>,
    post: Post,
    settings: watch::Sender<WebhookSettings>,
    places: Semaphore,
}

impl Carrier {
    /// Of the events in `store`, signed with `secrets`.
    pub(super) fn new(store: Arc<Store>, secrets: &str) -> Result<Self, crate::Error> {
        Ok(Self {
            store,
            post: Post::new(secrets)?,
            settings: watch::Sender::default(),
            places: Semaphore::new(PLACES),
        })
    }

    pub(super) fn set(&self, settings: WebhookSettings) {
        self.settings.send_replace(settings);
    }

    pub(super) fn settings(&self) -> WebhookSettings {
        self.settings.borrow().clone()
    }

    /// Tries until the event is taken, or was taken or dropped meanwhile, or it is too often.
    pub(super) async fn insist(&self, event: &Event, url: &str, tries: u32) {
        for tries in tries..MAX_TRIES {
            if tries > 0 {
                tokio::time::sleep(wait_after(tries)).await;
            }
            let settings = self.released().await;
            if !self.is_due(event)
                || settings.drops(&event.kind)
                || self.attempt(event, url).await.is_success()
            {
                return;
            }
        }
        tracing::warn!(event.id, event.kind, url, "a webhook was given up");
    }

    /// The settings, as soon as nothing is held.
    async fn released(&self) -> WebhookSettings {
        let mut settings = self.settings.subscribe();
        let released = settings.wait_for(|settings| !settings.hold).await;
        released.map_or_else(|_| WebhookSettings::default(), |settings| settings.clone())
    }

    /// Sends an event once, and writes down what came of it.
    pub(super) async fn attempt(&self, event: &Event, url: &str) -> Attempt {
        // The semaphore is never closed; were it, the bound would be gone, and nothing else.
        let _place = self.places.acquire().await.ok();
        let at = self.store.now();
        let status = self.post.send(url, &event.body, at).await;
        let attempt = Attempt { at, url: url.to_owned(), status };
        self.store.note(|account| account.events.attempted(&event.id, attempt.clone()));
        attempt
    }

    fn is_due(&self, event: &Event) -> bool {
        self.store.read(|account| account.events.get(&event.id).is_some_and(|event| event.due))
    }
}

/// How long to wait after so many tries.
fn wait_after(tries: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(tries - 1)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_from_half_a_second_to_half_a_minute() {
        let waits: Vec<_> = (1..9).map(|tries| wait_after(tries).as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    }
}
