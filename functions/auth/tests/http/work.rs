//! What a handler does for a number must not depend on whose it is: the calls of DynamoDB and the
//! Argon2id computations are counted, not timed. (`login.rs` holds the clock against it once.)

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::SignedDuration;
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde_json::{Value, json};
use tracing::{Event, Subscriber, subscriber::DefaultGuard};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry};

use crate::{Answer, App, NUMBER, PASSWORD, UNKNOWN, app::Tokens};

/// Counts the Argon2id computations of this thread.
#[derive(Clone, Default)]
struct Hashes(Arc<AtomicUsize>);

impl Hashes {
    fn begin() -> (Self, DefaultGuard) {
        let hashes = Self::default();
        let guard = tracing::subscriber::set_default(registry().with(hashes.clone()));
        (hashes, guard)
    }

    /// Since this was last asked.
    fn taken(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl<S: Subscriber> Layer<S> for Hashes {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "auth::password" {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Whose a number is. An attacker would like to know.
#[derive(Debug, Clone, Copy)]
enum Whose {
    AUserWithAPassword,
    AUserWithout,
    NobodyVerifiedIt,
    AnAccountThatWasDeleted,
    Nobody,
}

const ALL: [Whose; 5] = [
    Whose::AUserWithAPassword,
    Whose::AUserWithout,
    Whose::NobodyVerifiedIt,
    Whose::AnAccountThatWasDeleted,
    Whose::Nobody,
];

impl Whose {
    async fn prepare(self, app: &App, number: &str) {
        let signup = |password: Value| json!({"mobile_number": number, "password": password});
        match self {
            Self::AUserWithAPassword => {
                app.post("/auth/signup", &signup(json!(PASSWORD))).await.expect(201);
                verified(app, number).await;
                app.login(number, PASSWORD).await.expect(200);
            }
            Self::AUserWithout => {
                app.post("/auth/signup", &signup(json!(null))).await.expect(201);
                verified(app, number).await;
            }
            Self::NobodyVerifiedIt => {
                app.post("/auth/signup", &signup(json!(PASSWORD))).await.expect(201);
            }
            Self::AnAccountThatWasDeleted => {
                app.post("/auth/signup", &signup(json!(PASSWORD))).await.expect(201);
                let user = verified(app, number).await;
                app.delete_account(&user.access).await;
            }
            Self::Nobody => {}
        }
    }
}

async fn verified(app: &App, number: &str) -> Tokens {
    let code = app.code(number).await;
    app.verify(number, &code).await.tokens()
}

/// What an attacker sees of an answer.
fn seen(answer: &Answer) -> String {
    let mut body = answer.json();
    for own in ["request_id", "otp"] {
        if let Some(value) = body.get_mut(own) {
            *value = json!(value.as_str().unwrap_or_default().len());
        }
    }
    let mut headers = answer.headers.clone();
    headers.remove("x-request-id");
    format!("{} {headers:?} {body}", answer.status)
}

/// Everything that can be asked about a number without being let in, and a code that is wrong.
async fn ask_everything(app: &App, number: &str, mut note: impl FnMut(&'static str, Answer)) {
    let number_only = json!({"mobile_number": number});
    note("verify without a code", app.verify(number, "000000").await);
    note("reset without a code", app.reset(number, "000000", PASSWORD).await);
    let sent = app.ask_for_code(number).await;
    let wrong = crate::wrong(&sent.str("otp"));
    note("send", sent);
    note("send again", app.ask_for_code(number).await);
    for _ in 0..6 {
        note("verify", app.verify(number, &wrong).await);
    }
    let sent = app.post("/auth/forgot-password", &number_only).await;
    let wrong = crate::wrong(&sent.str("otp"));
    note("forgot", sent);
    note("forgot again", app.post("/auth/forgot-password", &number_only).await);
    for _ in 0..6 {
        note("reset", app.reset(number, &wrong, PASSWORD).await);
    }
    for _ in 0..2 {
        note("login", app.login(number, "a wrong password").await);
    }
}

#[tokio::test]
async fn whose_a_number_is_changes_neither_the_answer_nor_the_calls_nor_the_hashes() {
    const OF_EACH: usize = 3;
    let app = App::start().await;
    let mut numbers = Vec::new();
    for (nth, whose) in ALL.into_iter().cycle().take(ALL.len() * OF_EACH).enumerate() {
        let number = format!("+141555526{nth:02}");
        whose.prepare(&app, &number).await;
        numbers.push((whose, number));
    }
    app.pass(SignedDuration::from_hours(2));
    numbers.shuffle(&mut StdRng::seed_from_u64(7));

    let (hashes, _guard) = Hashes::begin();
    let mut first: Option<(Whose, Vec<_>)> = None;
    let mut hashed = BTreeMap::new();
    for (whose, number) in numbers {
        let mut trace = Vec::new();
        app.wire.work();
        ask_everything(&app, &number, |what, answer| {
            let computed = hashes.taken();
            *hashed.entry(what).or_insert(0) += computed;
            trace.push((what, seen(&answer), app.wire.work(), computed));
        })
        .await;
        let (like, expected) = first.get_or_insert_with(|| (whose, trace.clone()));
        for (one, other) in trace.iter().zip(&*expected) {
            assert_eq!(one, other, "{whose:?} and {like:?} can be told apart");
        }
    }
    // The counters count: every login is worth one hash, and nothing else is.
    let logins = 2 * OF_EACH * ALL.len();
    assert_eq!(hashed.remove("login"), Some(logins));
    assert!(hashed.values().all(|count| *count == 0), "{hashed:?}");
    let (_, trace) = first.unwrap();
    assert!(trace.iter().all(|(_, _, calls, _)| !calls.is_empty()), "{trace:#?}");
}

#[tokio::test]
async fn no_password_is_looked_at_before_it_is_counted() {
    let app = App::start().await;
    app.user_with_password().await;
    let (hashes, _guard) = Hashes::begin();
    let mut held = app.wire.hold("UpdateItem");
    let (held_up, ()) = tokio::join!(app.login(NUMBER, PASSWORD), async {
        held.arrived().await;
        // Time enough to read whose the number is, and for all that of another login.
        app.login(UNKNOWN, PASSWORD).await.expect(401);
        assert_eq!(hashes.taken(), 1, "that of the other login");
        held.release();
    });
    held_up.expect(200);
    assert_eq!(hashes.taken(), 1);
}

#[tokio::test]
async fn a_password_that_is_one_too_many_is_not_looked_at_at_all() {
    let app = App::start().await;
    app.user_with_password().await;
    let (hashes, _guard) = Hashes::begin();
    for number in [NUMBER, UNKNOWN] {
        for _ in 0..10 {
            app.login(number, "a wrong password").await.refused(401, "invalid_credentials");
        }
        assert_eq!(hashes.taken(), 10);
        app.login(number, PASSWORD).await.refused(429, "too_many_attempts");
        assert_eq!(hashes.taken(), 0);
    }
}
