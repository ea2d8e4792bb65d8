//! A whole `local` of a test's own, people in it, and the Stripe that it asks.

use std::{sync::Arc, time::Duration};

use local::{
    Host, Settings,
    operator::deployment,
    stripe::{self, StandIn},
    testing::any_number,
};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    config::Env,
    domain::{
        Caller, ChatroomId, Ids, Limits, MessageId, MobileNumber, Tier, UserId, text::Content,
    },
    store::{NewMessage, Sent, Store},
};
use tempfile::TempDir;

/// What Stripe signs with. It must never be printed.
pub(crate) const WEBHOOK_SECRET: &str = "whsec_of_a_test_of_the_operator";
/// What Stripe is asked with. Nor must this.
pub(crate) const STRIPE_KEY: &str = "sk_test_of_a_test_of_the_operator";
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `local`. Its Stripe delivers nothing by itself.
pub(crate) struct World {
    pub(crate) host: Host,
    pub(crate) stripe: StandIn,
    pub(crate) folder: TempDir,
    pub(crate) http: Client,
}

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) number: MobileNumber,
    pub(crate) id: UserId,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl World {
    pub(crate) async fn start() -> Self {
        let settings =
            stripe::Settings { webhook_secret: WEBHOOK_SECRET.to_owned(), ..Default::default() };
        let stripe = StandIn::start(settings).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let env = Env::default()
            .with("PORT", "0")
            .with("PARLEY_DATA", folder.path().to_str().unwrap())
            .with("VALKEY_URL", "off")
            .with("STRIPE_BASE_URL", stripe.url())
            .with("STRIPE_SECRET_KEY", STRIPE_KEY)
            .with("STRIPE_WEBHOOK_SECRET", WEBHOOK_SECRET);
        let host = Box::pin(Host::start(Settings::from_env(env).unwrap())).await.unwrap();
        Self { host, stripe, folder, http: http() }
    }

    /// The environment of an operator's shell, who has set nothing but the folder.
    pub(crate) fn process(&self) -> Env {
        Env::default().with("PARLEY_DATA", self.folder.path().to_str().unwrap())
    }

    /// What a command is given.
    pub(crate) async fn env(&self) -> Env {
        deployment::find(None, self.process()).await.unwrap()
    }

    pub(crate) async fn store(&self) -> Store {
        let env = self.env().await;
        Store::from_env(&env, &Aws::from_env(&env).unwrap()).unwrap()
    }

    /// What the API answers: its status, and its body.
    pub(crate) async fn api(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Value,
    ) -> (u16, Value) {
        let url = format!("http://{}{path}", self.host.address());
        let request = self.http.request(method, url).bearer_auth(token);
        let answer = request.json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Signs somebody up, who has not yet shown that the number is theirs.
    pub(crate) async fn sign_up(&self) -> MobileNumber {
        let number = any_number();
        let body = json!({ "mobile_number": number.as_str() });
        let (status, answer) = self.api(Method::POST, "/auth/signup", "", body).await;
        assert!(status < 300, "{answer}");
        number
    }

    /// Somebody new, signed in.
    pub(crate) async fn person(&self) -> Person {
        let number = self.sign_up().await;
        let body = json!({ "mobile_number": number.as_str() });
        let (_, sent) = self.api(Method::POST, "/auth/send-otp", "", body).await;
        let body = json!({ "mobile_number": number.as_str(), "otp": sent["otp"] });
        let (_, pair) = self.api(Method::POST, "/auth/verify-otp", "", body).await;
        let text = |name: &str| pair[name].as_str().unwrap().to_owned();
        let (token, refresh_token) = (text("access_token"), text("refresh_token"));
        let (_, me) = self.api(Method::GET, "/user/me", &token, Value::Null).await;
        let id = me["id"].as_str().unwrap().parse().unwrap();
        Person { number, id, token, refresh_token }
    }

    /// A message that was accepted, and never queued.
    pub(crate) async fn pending(&self, person: &Person) -> (ChatroomId, MessageId) {
        let body = json!({ "name": "Physics" });
        let (_, room) = self.api(Method::POST, "/chatroom", &person.token, body).await;
        let chatroom_id = room["id"].as_str().unwrap().parse().unwrap();
        let content = Content::try_from("Why is the sky blue?".to_owned()).unwrap();
        let ids = Ids::default();
        let now = shared::domain::Clock::now(&shared::domain::SystemClock);
        let message = NewMessage { id: ids.next(now), chatroom_id, content: &content, claim: None };
        let caller = Caller {
            user_id: person.id,
            session_id: ids.next(now),
            generation: 0,
            tier_hint: Tier::Basic,
            role_hint: None,
        };
        let unlimited = Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 0 };
        let sent = self.store().await.accept(&caller, &message, &unlimited).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
        (chatroom_id, message.id)
    }

    /// Waits until a message has its reply.
    pub(crate) async fn until_answered(&self, person: &Person, room: ChatroomId, id: MessageId) {
        let path = format!("/chatroom/{room}/messages/{id}");
        let answered = async {
            while self.api(Method::GET, &path, &person.token, Value::Null).await.1["status"]
                != "answered"
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
    }

    /// Buys Pro: what Stripe then has to tell, of which nothing has been delivered.
    pub(crate) async fn buy_pro(&self, person: &Person) -> Vec<stripe::Made> {
        let path = "/subscribe/pro";
        let (status, page) = self.api(Method::POST, path, &person.token, json!({})).await;
        assert!(status < 300, "{page}");
        let url = page["checkout_url"].as_str().unwrap();
        self.stripe.pay(url.rsplit('/').next().unwrap()).unwrap().events
    }

    pub(crate) async fn tier(&self, person: &Person) -> Value {
        let path = "/subscribe/status";
        self.api(Method::GET, path, &person.token, Value::Null).await.1["tier"].take()
    }
}

/// An HTTP client. It never uses TLS, but reqwest is built to want a provider for it.
fn http() -> Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let builder = Client::builder().tls_backend_preconfigured(tls).no_proxy();
    builder.timeout(PATIENCE).build().unwrap()
}
