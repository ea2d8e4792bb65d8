//! The function with its router, and everything that it looks at.

use std::sync::Arc;

use admin::{Inspector, State};
use aws_sdk_sqs::types::QueueAttributeName;
use axum::{
    Router,
    body::Body,
    http::{Request, header},
};
use jiff::Timestamp;
use local::{
    dynamodb::{Data, Embedded},
    gemini::StandIn,
    sqs::{self, Sqs},
    testing::{self, Answer, Issuer, ManualClock},
};
use serde_json::Value;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::{Caller, Clock as _, Ids, Role},
    store::Store,
};
use tokio::net::TcpListener;

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00.250Z";
pub(crate) const PATH: &str = "/admin/status";
/// No answer may show it.
const KEY: &str = "a-key-for-gemini";

pub(crate) struct Host {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Ids,
    pub(crate) env: Env,
    pub(crate) sqs: aws_sdk_sqs::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    issuer: Issuer,
    embedded: Embedded,
    _model: StandIn,
}

impl Host {
    pub(crate) async fn start() -> Self {
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let embedded = Embedded::start(Data::Memory).await.unwrap();
        let model = StandIn::start(0).await.unwrap();
        let issuer = Issuer::default();
        let queues = serve(sqs::router(Sqs::new(clock.clone()))).await;
        let env = embedded
            .env(Env::default())
            .with("JWT_PUBLIC_KEYS", issuer.public_keys())
            .with("AWS_ENDPOINT_URL_SQS", queues)
            .with("GEMINI_BASE_URL", model.url())
            .with("GEMINI_API_KEY", KEY)
            .with("STAGE", "test");
        let aws = Aws::from_env(&env).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&aws.config("SQS"));
        let env = env
            .with("MESSAGE_QUEUE_URL", queue(&sqs, "messages.fifo").await)
            .with("DEAD_LETTER_QUEUE_URL", queue(&sqs, "messages-dlq.fifo").await);
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            ids: Ids::default(),
            dynamodb: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            clock,
            env,
            sqs,
            issuer,
            embedded,
            _model: model,
        }
    }

    pub(crate) fn dynamodb_url(&self) -> &str {
        self.embedded.url()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn router(&self) -> Router {
        self.router_of(&self.env)
    }

    /// An instance of the function in another environment.
    pub(crate) fn router_of(&self, env: &Env) -> Router {
        let state = State::from_env(env, self.clock.clone()).unwrap();
        shared::http::service(admin::router(state))
    }

    pub(crate) fn try_state(&self, env: &Env) -> Result<State, ConfigError> {
        State::from_env(env, self.clock.clone())
    }

    /// Somebody whose number is verified.
    pub(crate) async fn user(&self) -> Caller {
        let number = testing::any_number();
        let signup = testing::signup(&number, self.now());
        let caller = testing::open_account(&self.store, &self.ids, &signup).await;
        testing::verify(&self.dynamodb, caller.user_id).await;
        caller
    }

    /// Somebody with the role, who signed in after it was given.
    pub(crate) async fn operator(&self) -> Caller {
        let caller = self.user().await;
        assert!(self.store.set_role(caller.user_id, Some(Role::Operator)).await.unwrap());
        Caller { role_hint: Some(Role::Operator), ..caller }
    }

    pub(crate) fn token(&self, caller: &Caller) -> String {
        self.issuer.token(caller, self.now())
    }

    /// What `caller` is answered.
    pub(crate) async fn ask(&self, router: Router, caller: &Caller) -> Answer {
        let authorization = format!("Bearer {}", self.token(caller));
        let request = Request::get(PATH).header(header::AUTHORIZATION, authorization);
        Answer::of(router, request.body(Body::empty()).unwrap()).await
    }

    /// What an operator sees.
    pub(crate) async fn status(&self) -> Value {
        self.status_in(&self.env).await
    }

    /// What an operator sees of another environment.
    pub(crate) async fn status_in(&self, env: &Env) -> Value {
        let answer = self.ask(self.router_of(env), &self.operator().await).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        harmless(answer.json())
    }

    /// What the operator's command line sees of another environment.
    pub(crate) async fn look_at(&self, env: &Env) -> Value {
        let inspector = Inspector::from_env(env, self.clock.clone()).unwrap();
        harmless(serde_json::to_value(inspector.status().await).unwrap())
    }
}

/// Nothing that is said holds a key or an address.
fn harmless(status: Value) -> Value {
    let text = status.to_string();
    assert!(!text.contains(KEY) && !text.contains("http"), "{text}");
    status
}

/// Serves `router` on loopback; its URL. Gone with the test's runtime.
pub(crate) async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    url
}

async fn queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let queue = client.create_queue().queue_name(name);
    let queue = queue.attributes(QueueAttributeName::FifoQueue, "true");
    queue.send().await.unwrap().queue_url.unwrap()
}
