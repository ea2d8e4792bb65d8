//! A world to measure in: the functions' own routers and worker in this process, every server that they
//! call behind a proxy, and nothing else that calls any: no mapping that polls, no sweeper.

use std::sync::Arc;

use axum::Router;
use ed25519_dalek::{
    SigningKey,
    pkcs8::{EncodePrivateKey, spki::der::pem::LineEnding},
};
use gemini_worker::Worker;
use jiff::{SignedDuration, Timestamp};
use local::{
    dynamodb::{Data, Embedded},
    gemini::{self, Behaviour, Respond},
    queues,
    sqs::{self, Sqs},
    stripe,
    testing::{self, Answer, ManualClock},
    valkey::Valkey,
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Clock as _, Ids},
    store::Store,
};
use tokio::net::TcpListener;

use super::{
    calls::{Calls, Server},
    proxy::Proxy,
    request::Request,
    row::Row,
};

/// When it begins. In the middle of a day: none ends while it is measured.
const START: &str = "2026-11-21T12:00:00Z";

/// Seconds until what is received and not deleted comes again. Nothing is received here.
const VISIBILITY_TIMEOUT: u32 = 150;

/// A question or an answer: 500 characters.
pub(super) fn text() -> String {
    "The answer is forty-two. ".repeat(20)
}

/// Which instance of the functions is asked.
#[derive(Clone, Copy)]
pub(super) enum Host {
    /// One with a cache.
    Cached,
    /// One with `VALKEY_URL=off`.
    Uncached,
}

pub(super) struct World {
    pub(super) clock: Arc<ManualClock>,
    pub(super) ids: Ids,
    /// The tables, past the proxy.
    pub(super) store: Store,
    /// The same for what no function does.
    pub(super) client: aws_sdk_dynamodb::Client,
    pub(super) stripe: stripe::StandIn,
    pub(super) worker: Worker,
    pub(super) env: Env,
    calls: Calls,
    cached: Router,
    uncached: Router,
    _proxies: [Proxy; 5],
    _model: gemini::StandIn,
    _dynamodb: Embedded,
    _valkey: Valkey,
}

impl World {
    pub(super) async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let (valkey, valkey_url) = testing::valkey().await.expect("scripts/tools.sh valkey");
        let model = gemini::StandIn::start(0).await.unwrap();
        model.on(Behaviour::new(Respond::text(text())));
        let settings = stripe::Settings { clock: clock.clone(), ..stripe::Settings::default() };
        let stripe = stripe::StandIn::start(settings).await.unwrap();
        let calls = Calls::new();
        let sqs = serve_queues(&clock).await;
        let proxies = [
            Proxy::start(Server::DynamoDb, dynamodb.url(), &calls).await,
            Proxy::start(Server::Sqs, &sqs, &calls).await,
            Proxy::start(Server::Valkey, &valkey_url, &calls).await,
            Proxy::start(Server::Gemini, model.url(), &calls).await,
            Proxy::start(Server::Stripe, stripe.url(), &calls).await,
        ];
        let past = dynamodb.env(Env::default()).with("AWS_ENDPOINT_URL_SQS", sqs);
        let aws = Aws::from_env(&past).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&aws.config("SQS"));
        let queues = queues::create(&sqs, VISIBILITY_TIMEOUT).await.unwrap();
        let env = environment(past.clone(), &proxies, queues, &stripe);
        let cached = router(&env, &clock).await;
        let uncached = router(&env.clone().with("VALKEY_URL", "off"), &clock).await;
        Self {
            store: Store::from_env(&past, &aws).unwrap(),
            client: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            worker: Worker::from_env(&env, clock.clone()).await.unwrap(),
            ids: Ids::default(),
            clock,
            stripe,
            env,
            calls,
            cached,
            uncached,
            _proxies: proxies,
            _model: model,
            _dynamodb: dynamodb,
            _valkey: valkey,
        }
    }

    /// A second later than the last time that this was asked.
    pub(super) fn now(&self) -> Timestamp {
        self.clock.advance(SignedDuration::from_secs(1));
        self.clock.now()
    }

    /// Makes a request that has to succeed, unmeasured.
    pub(super) async fn ask(&self, host: Host, request: Request) -> Answer {
        self.now();
        let router = match host {
            Host::Cached => self.cached.clone(),
            Host::Uncached => self.uncached.clone(),
        };
        let path = request.path().to_owned();
        let answer = Answer::of(router, request.build()).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer
    }

    /// Makes a request that has to succeed, and tells what it takes.
    pub(super) async fn measure(
        &self,
        name: &'static str,
        state: &'static str,
        host: Host,
        request: Request,
    ) -> (Row, Answer) {
        let (answer, calls) = self.calls.during(self.ask(host, request)).await;
        let row = Row { answer: Some(answer.body.len()), ..Row::new(name, state, calls) };
        (row, answer)
    }

    /// The same for what the worker does.
    pub(super) async fn measure_batch<T>(
        &self,
        state: &'static str,
        work: impl Future<Output = T>,
    ) -> (Row, T) {
        let (value, calls) = self.calls.during(work).await;
        (Row::new("The worker", state, calls), value)
    }
}

async fn serve_queues(clock: &Arc<ManualClock>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(sqs::serve(listener, Sqs::new(clock.clone()), std::future::pending()));
    url
}

/// The functions' environment, with the way to every server by its proxy.
fn environment(
    env: Env,
    proxies: &[Proxy; 5],
    queues: [String; 2],
    stripe: &stripe::StandIn,
) -> Env {
    let [dynamodb, sqs, valkey, model, payments] = proxies;
    let [queue, dead] = queues;
    let key = SigningKey::from_bytes(&[7; 32]).to_pkcs8_pem(LineEnding::LF).unwrap();
    env.with("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.url())
        .with("AWS_ENDPOINT_URL_SQS", sqs.url())
        .with("MESSAGE_QUEUE_URL", queue)
        .with("DEAD_LETTER_QUEUE_URL", dead)
        .with("VALKEY_URL", valkey.url())
        .with("GEMINI_BASE_URL", model.url())
        .with("GEMINI_API_KEY", "key")
        .with("STRIPE_BASE_URL", payments.url())
        .with("STRIPE_SECRET_KEY", "sk_test_of_a_bench")
        .with("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret())
        .with("STRIPE_PRICE_ID", stripe::DEFAULT_PRICE)
        .with("FRONTEND_URL", "https://chat.example.com")
        .with("JWT_PUBLIC_KEYS", auth::public_keys_of(&key).unwrap())
        .with("JWT_PRIVATE_KEY", key.to_string())
        .with("OTP_PEPPER", "a pepper of thirty-two bytes, or more")
        .with("OTP_DELIVERY", "response")
}

/// The functions as `local` mounts them.
async fn router(env: &Env, clock: &Arc<ManualClock>) -> Router {
    let clock = || clock.clone();
    let app = Router::new()
        .merge(auth::router(auth::State::from_env(env, clock()).await.unwrap()))
        .merge(user::router(user::State::from_env(env, clock()).await.unwrap()))
        .merge(chatroom::router(chatroom::State::from_env(env, clock()).await.unwrap()))
        .merge(subscription::router(subscription::State::from_env(env, clock()).await.unwrap()))
        .merge(stripe_webhook::router(stripe_webhook::State::from_env(env, clock()).await.unwrap()))
        .merge(admin::router(admin::State::from_env(env, clock()).unwrap()));
    shared::http::service(app)
}
