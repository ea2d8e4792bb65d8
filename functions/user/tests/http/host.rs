//! The function with its router and a DynamoDB of its own.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use jiff::Timestamp;
use local::{
    dynamodb::{Data, Embedded},
    testing::{self, Answer, Issuer, ManualClock},
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, ChatroomId, Clock as _, Ids, Limits, MobileNumber,
        text::{Email, FullName, RoomName},
    },
    store::{Created, NewChatroom, Signup, Store},
};

/// When the tests begin.
pub(crate) const START: &str = "2026-11-21T10:00:00.123Z";
pub(crate) const NUMBER: &str = "+14155550123";

pub(crate) struct Host {
    pub(crate) store: Store,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) ids: Ids,
    pub(crate) limits: Limits,
    router: Router,
    client: aws_sdk_dynamodb::Client,
    issuer: Issuer,
    env: Env,
    dynamodb: Embedded,
}

impl Host {
    pub(crate) async fn start() -> Self {
        Self::start_with(Env::default()).await
    }

    pub(crate) async fn start_with(env: Env) -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let issuer = Issuer::default();
        let env = dynamodb.env(env).with("JWT_PUBLIC_KEYS", issuer.public_keys());
        let clock = Arc::new(ManualClock::new(START.parse().unwrap()));
        let aws = Aws::from_env(&env).unwrap();
        Self {
            store: Store::from_env(&env, &aws).unwrap(),
            router: router(&env, &clock).await,
            clock,
            ids: Ids::default(),
            limits: env.limits().unwrap(),
            client: aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")),
            issuer,
            env,
            dynamodb,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }

    pub(crate) fn dynamodb_url(&self) -> &str {
        self.dynamodb.url()
    }

    /// The same host, but for the function: that asks the DynamoDB at `url`.
    pub(crate) async fn behind(self, url: String) -> Self {
        let env = self.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", url);
        Self { router: router(&env, &self.clock).await, ..self }
    }

    /// Opens an account with `NUMBER` and all the personal facts there are.
    pub(crate) async fn ada(&self) -> Caller {
        let full_name = FullName::try_from("Ada Lovelace".to_owned()).unwrap();
        let email = Email::try_from("ada@example.org".to_owned()).unwrap();
        self.open(NUMBER, Some(&full_name), Some(&email)).await
    }

    /// Opens an account without any.
    pub(crate) async fn stranger(&self) -> Caller {
        self.open("+442079460000", None, None).await
    }

    async fn open(
        &self,
        number: &str,
        full_name: Option<&FullName>,
        email: Option<&Email>,
    ) -> Caller {
        let number = MobileNumber::parse(number).unwrap();
        let signup = Signup { full_name, email, ..testing::signup(&number, self.now()) };
        testing::open_account(&self.store, &self.ids, &signup).await
    }

    pub(crate) async fn make_pro(&self, caller: &Caller) {
        self.set("tier = :value", caller, AttributeValue::S("pro".to_owned())).await;
    }

    /// Writes to the caller's profile, past the store.
    pub(crate) async fn set(&self, what: &str, caller: &Caller, value: AttributeValue) {
        self.client
            .update_item()
            .table_name("users")
            .key("pk", AttributeValue::S(format!("user#{}", caller.user_id)))
            .key("sk", AttributeValue::S("profile".to_owned()))
            .update_expression(format!("SET {what}"))
            .expression_attribute_values(":value", value)
            .send()
            .await
            .unwrap();
    }

    pub(crate) async fn room(&self, caller: &Caller) -> ChatroomId {
        let id = self.ids.next(self.now());
        let room = NewChatroom { id, name: RoomName::default(), claim: None };
        let created = self.store.create_chatroom(caller, &room).await.unwrap();
        assert!(matches!(created, Created::Done), "{created:?}");
        id
    }

    /// Ends all sessions of the caller's account but `keep`.
    pub(crate) async fn end_sessions(&self, caller: &Caller, keep: shared::domain::SessionId) {
        let account = self.store.account(caller.user_id, self.now()).await.unwrap().unwrap();
        assert!(self.store.set_password(&account, "$argon2id$", keep).await.unwrap());
    }

    /// An access token as `auth` signs it.
    pub(crate) fn token(&self, caller: &Caller) -> String {
        self.issuer.token(caller, self.now())
    }

    pub(crate) async fn get(&self, path: &str, caller: &Caller) -> Answer {
        self.ask(Method::GET, path, caller, Body::empty()).await
    }

    pub(crate) async fn delete_me(&self, caller: &Caller) -> Answer {
        self.ask(Method::DELETE, "/user/me", caller, Body::empty()).await
    }

    pub(crate) async fn patch_me(&self, caller: &Caller, body: impl Into<Body>) -> Answer {
        self.ask(Method::PATCH, "/user/me", caller, body.into()).await
    }

    async fn ask(&self, method: Method, path: &str, caller: &Caller, body: Body) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token(caller)))
            .header(header::CONTENT_TYPE, "application/json");
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::of(self.router(), request).await
    }
}

async fn router(env: &Env, clock: &Arc<ManualClock>) -> Router {
    let state = user::State::from_env(env, Arc::<ManualClock>::clone(clock)).await.unwrap();
    shared::http::service(user::router(state))
}
