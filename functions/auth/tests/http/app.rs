//! The function, with a DynamoDB and a clock of its own.

use std::{collections::HashMap, sync::Arc};

use auth::State;
use aws_sdk_dynamodb::{Client, types::AttributeValue};
use axum::{
    Router,
    body::Body,
    http::{Method, Request, header},
};
use jiff::{SignedDuration, Timestamp};
use local::{
    dynamodb::{Data, Embedded},
    testing::ManualClock,
};
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Caller, Clock as _, Role},
    store::Store,
    token::Verifier,
};
use tower::ServiceExt as _;

use crate::{Answer, Wire};

pub(crate) const NUMBER: &str = "+14155552671";
pub(crate) const UNKNOWN: &str = "+14155552672";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// RFC 8410, section 10.3.
pub(crate) const PRIVATE_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";

pub(crate) struct App {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) wire: Wire,
    router: Router,
    database: Embedded,
}

/// What signing in gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

impl App {
    pub(crate) async fn start() -> Self {
        Self::start_with(|env| env).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(Env) -> Env) -> Self {
        let database = Embedded::start(Data::Memory).await.unwrap();
        let wire = Wire::to(database.url()).await;
        let clock: Timestamp = "2026-11-21T10:00:00Z".parse().unwrap();
        let clock = Arc::new(ManualClock::new(clock));
        let env = database
            .env(Env::default())
            .with("AWS_ENDPOINT_URL_DYNAMODB", &wire.url)
            .with("JWT_PRIVATE_KEY", PRIVATE_KEY)
            .with("JWT_PUBLIC_KEYS", auth::public_keys_of(PRIVATE_KEY).unwrap())
            .with("OTP_PEPPER", "a pepper of no fewer than 32 bytes")
            .with("OTP_DELIVERY", "response");
        let state = State::from_env(&change(env), Arc::clone(&clock) as _).await.unwrap();
        Self { clock, wire, router: shared::http::service(auth::router(state)), database }
    }

    /// As it runs in Lambda and in `local`.
    pub(crate) fn service(&self) -> Router {
        self.router.clone()
    }

    /// Everything in the table of users, as one text.
    pub(crate) async fn stored(&self) -> String {
        format!("{:?}", self.items().await)
    }

    /// Everything in the table of users.
    pub(crate) async fn items(&self) -> Vec<HashMap<String, AttributeValue>> {
        let aws = Aws::from_env(&self.database.env(Env::default())).unwrap();
        let client = Client::new(&aws.config("DYNAMODB"));
        client.scan().table_name("users").send().await.unwrap().items.unwrap()
    }

    /// Deletes the account whose token this is, as the user function does.
    pub(crate) async fn delete_account(&self, access_token: &str) {
        let claims = self.verifier().verify(access_token).unwrap();
        let caller = Caller {
            user_id: claims.sub,
            session_id: claims.sid,
            generation: claims.generation,
            tier_hint: claims.tier,
            role_hint: claims.role,
        };
        let now = self.clock.now();
        let account = self.store().account(caller.user_id, now).await.unwrap().unwrap();
        assert!(self.store().delete_account(&caller, &account.user, now).await.unwrap());
    }

    /// Gives the user whose token this is a role, or takes it away.
    pub(crate) async fn set_role(&self, access_token: &str, role: Option<Role>) {
        let user = self.verifier().verify(access_token).unwrap().sub;
        assert!(self.store().set_role(user, role).await.unwrap());
    }

    fn store(&self) -> Store {
        let env = self.database.env(Env::default());
        Store::from_env(&env, &Aws::from_env(&env).unwrap()).unwrap()
    }

    fn verifier(&self) -> Verifier {
        let keys = auth::public_keys_of(PRIVATE_KEY).unwrap();
        let env = Env::default().with("JWT_PUBLIC_KEYS", keys);
        Verifier::from_env(&env, self.clock.clone()).unwrap()
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        self.clock.advance(time);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self.router.clone().oneshot(request).await.unwrap();
        Answer::read(&method, &path, response).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(request(path, None, body)).await
    }

    pub(crate) async fn post_as(&self, access_token: &str, path: &str, body: &Value) -> Answer {
        self.send(request(path, Some(access_token), body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        let request = Request::builder().method(Method::GET).uri(path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// `POST /auth/signup` of [`NUMBER`] with whatever else `body` holds.
    pub(crate) async fn signup(&self, mut body: Value) -> Answer {
        body["mobile_number"] = json!(NUMBER);
        self.post("/auth/signup", &body).await
    }

    pub(crate) async fn ask_for_code(&self, number: &str) -> Answer {
        self.post("/auth/send-otp", &json!({"mobile_number": number})).await
    }

    /// A code to sign in with.
    pub(crate) async fn code(&self, number: &str) -> String {
        self.ask_for_code(number).await.expect(200).str("otp")
    }

    /// A code to set a password with.
    pub(crate) async fn reset_code(&self, number: &str) -> String {
        let body = json!({"mobile_number": number});
        self.post("/auth/forgot-password", &body).await.expect(200).str("otp")
    }

    pub(crate) async fn verify(&self, number: &str, otp: &str) -> Answer {
        self.post("/auth/verify-otp", &json!({"mobile_number": number, "otp": otp})).await
    }

    pub(crate) async fn login(&self, number: &str, password: &str) -> Answer {
        self.post("/auth/login", &json!({"mobile_number": number, "password": password})).await
    }

    pub(crate) async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/auth/refresh", &json!({"refresh_token": refresh_token})).await
    }

    pub(crate) async fn reset(&self, number: &str, otp: &str, password: &str) -> Answer {
        let body = json!({"mobile_number": number, "otp": otp, "new_password": password});
        self.post("/auth/reset-password", &body).await
    }

    pub(crate) async fn change_password(&self, tokens: &Tokens, body: Value) -> Answer {
        self.post_as(&tokens.access, "/auth/change-password", &body).await
    }

    /// Signs in [`NUMBER`] with a code.
    pub(crate) async fn sign_in(&self) -> Tokens {
        let code = self.code(NUMBER).await;
        self.verify(NUMBER, &code).await.tokens()
    }

    /// A user: [`NUMBER`], verified.
    pub(crate) async fn user(&self) -> Tokens {
        self.signup(json!({})).await.expect(201);
        self.sign_in().await
    }

    /// A user with a password: [`NUMBER`] and [`PASSWORD`].
    pub(crate) async fn user_with_password(&self) -> Tokens {
        let tokens = self.user().await;
        self.change_password(&tokens, json!({"new_password": PASSWORD})).await.expect(200);
        tokens
    }
}

impl Answer {
    /// The tokens of a sign-in that succeeded.
    #[track_caller]
    pub(crate) fn tokens(self) -> Tokens {
        let answer = self.expect(200);
        Tokens { access: answer.str("access_token"), refresh: answer.str("refresh_token") }
    }
}

fn request(path: &str, access_token: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = access_token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    request.body(Body::from(body.to_string())).unwrap()
}

/// Another code than this one.
pub(crate) fn wrong(code: &str) -> String {
    let code: u32 = code.parse().unwrap();
    format!("{:06}", (code + 1) % 1_000_000)
}
