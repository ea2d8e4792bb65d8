//! A deployment of the template on loopback: its tables, queues, secrets and neighbours, and the
//! people in it.

use std::{collections::BTreeMap, ops::Deref, sync::Arc};

use aws_sdk_sqs::types::QueueAttributeName;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use ed25519_dalek::{
    SigningKey,
    pkcs8::{EncodePrivateKey as _, spki::der::pem::LineEnding},
};
use local::{
    gemini,
    sqs::{self, Sqs},
    stripe,
    testing::{self, Issuer, Payments},
};
use serde_json::{Value, json};
use shared::{
    aws::Aws,
    domain::{
        Caller, ChatroomId, Limits, MessageId, MobileNumber, Role, SystemClock, UserId,
        text::{Content, RoomName},
    },
    store::{Created, NewChatroom, NewMessage, Sent},
};
use tokio::net::TcpListener;

use super::{
    ssm,
    template::{Deployment, Function},
};
use crate::now;

/// The stack's name: that of staging in `samconfig.toml`.
const STACK: &str = "parley-staging";
const REGION: &str = "eu-central-1";

/// Everything that the functions of one deployment stand on.
pub struct World {
    /// The model.
    pub model: gemini::StandIn,
    queues: aws_sdk_sqs::Client,
    message_queue: String,
    payments: Payments,
    deployment: Deployment,
    /// What Lambda sets for every function.
    surroundings: BTreeMap<String, String>,
    secrets: BTreeMap<String, String>,
}

impl Deref for World {
    type Target = Payments;

    fn deref(&self) -> &Payments {
        &self.payments
    }
}

impl World {
    /// One that begins now, with codes in answers, as staging has it.
    pub async fn start() -> Self {
        Self::start_with(&[("OtpDelivery", "response")]).await
    }

    /// One that is deployed with these parameters.
    pub async fn start_with(parameters: &[(&str, &str)]) -> Self {
        let payments = Payments::start(&now().to_string()).await;
        let model = gemini::StandIn::start(0).await.unwrap();
        let (sqs_url, queues) = serve_sqs(&payments).await;
        let message_queue = create_queue(&queues, "messages.fifo").await;
        let dead_letters = create_queue(&queues, "messages-dead-letter.fifo").await;
        let signing_key = SigningKey::from_bytes(&rand::random());
        let pem = signing_key.to_pkcs8_pem(LineEnding::LF).unwrap().to_string();
        let secrets = secrets(&pem, payments.stripe.webhook_secret());
        let env = payments.env();
        let dynamodb_url = env.get("AWS_ENDPOINT_URL_DYNAMODB").unwrap();
        let ssm_url = ssm::serve(secrets.clone()).await;
        let surroundings = surroundings(dynamodb_url, &sqs_url, &ssm_url);
        let mut deployment = Deployment::read();
        let public_keys = format!("/{STACK}/jwt-public-keys");
        deployment.stored = [(public_keys.clone(), both_keys(&Issuer::default(), &pem))].into();
        let neighbours = [
            ("JwtPublicKeysParameter", &*public_keys),
            ("StripePriceId", stripe::DEFAULT_PRICE),
            ("StripeBaseUrl", payments.stripe.url()),
            ("GeminiBaseUrl", model.url()),
        ];
        deployment.parameters = texts(neighbours.iter().chain(parameters));
        deployment.resources = texts(&[
            ("AWS::StackName", STACK),
            ("AWS::Region", REGION),
            ("AWS::Partition", "aws"),
            ("AWS::AccountId", "123456789012"),
            ("UsersTable", env.get("USERS_TABLE").unwrap()),
            ("ChatroomsTable", env.get("CHATROOMS_TABLE").unwrap()),
            ("MessagesTable", env.get("MESSAGES_TABLE").unwrap()),
            ("MessageQueue", &message_queue),
            ("DeadLetterQueue", &dead_letters),
        ]);
        Self { model, queues, message_queue, payments, deployment, surroundings, secrets }
    }

    /// All functions of the template.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        self.deployment.functions()
    }

    /// The function of this name, as the template deploys it.
    #[must_use]
    pub fn function(&self, name: &str) -> Function {
        let function = self.functions().into_iter().find(|function| function.name == name);
        function.unwrap()
    }

    /// What Lambda sets for every function, and that AWS is elsewhere.
    #[must_use]
    pub fn surroundings(&self) -> &BTreeMap<String, String> {
        &self.surroundings
    }

    /// What SSM holds, which nothing may print.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.secrets.values().map(String::as_str)
    }

    /// The jobs in the queue, in order; it is empty afterwards.
    pub async fn queued(&self) -> Vec<Value> {
        let received = self.queues.receive_message().queue_url(&self.message_queue);
        let received = received.max_number_of_messages(10).send().await.unwrap();
        let bodies = received.messages().iter().map(|message| message.body().unwrap());
        bodies.map(|body| serde_json::from_str(body).unwrap()).collect()
    }
}

/// People.
impl World {
    /// An account of this id.
    pub async fn user(&self, id: UserId) -> Caller {
        let number = testing::any_number();
        self.store.open_account(id, &testing::signup(&number, self.now())).await.unwrap();
        Caller { user_id: id, ..self.person().await }
    }

    /// An account with this number.
    pub async fn user_with(&self, number: &str) {
        let number = MobileNumber::parse(number).unwrap();
        let signup = testing::signup(&number, self.now());
        testing::open_account(&self.store, &shared::domain::Ids::default(), &signup).await;
    }

    /// Somebody new who is an operator, and signed in as one.
    pub async fn operator(&self) -> Caller {
        let caller = self.person().await;
        let aws = Aws::from_env(&self.payments.env()).unwrap();
        let dynamodb = aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB"));
        testing::verify(&dynamodb, caller.user_id).await;
        let role_hint = Some(Role::Operator);
        assert!(self.store.set_role(caller.user_id, role_hint).await.unwrap());
        Caller { role_hint, ..caller }
    }

    /// A room of this id.
    pub async fn room(&self, caller: &Caller, id: ChatroomId) {
        let room = NewChatroom { id, name: RoomName::default(), claim: None };
        let created = self.store.create_chatroom(caller, &room).await.unwrap();
        assert!(matches!(created, Created::Done), "{created:?}");
    }

    /// A question of this id that was accepted and is pending, and not in the queue.
    pub async fn ask(&self, caller: &Caller, chatroom_id: ChatroomId, id: MessageId) {
        let limits = Limits { basic_daily_messages: 0, basic_per_minute: 0, pro_per_minute: 0 };
        let content = Content::try_from("Which is the largest moon?".to_owned()).unwrap();
        let message = NewMessage { id, chatroom_id, content: &content, claim: None };
        let sent = self.store.accept(caller, &message, &limits).await.unwrap();
        assert!(matches!(sent, Sent::Accepted), "{sent:?}");
    }
}

/// What Lambda sets for every function, and that AWS is elsewhere.
fn surroundings(dynamodb: &str, sqs: &str, ssm: &str) -> BTreeMap<String, String> {
    texts(&[
        ("PATH", "/usr/bin:/bin"),
        ("AWS_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", "id"),
        ("AWS_SECRET_ACCESS_KEY", "key"),
        ("AWS_SESSION_TOKEN", "token"),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_SQS", sqs),
        ("AWS_ENDPOINT_URL_SSM", ssm),
    ])
}

/// What the SSM parameters hold that the functions read at their start.
fn secrets(private_key: &str, webhook_secret: &str) -> BTreeMap<String, String> {
    let pepper = BASE64_STANDARD.encode(rand::random::<[u8; 32]>());
    let secrets = [
        ("jwt-private-key", private_key),
        ("otp-pepper", &pepper),
        ("gemini-api-key", "the-key-of-a-test"),
        ("stripe-secret-key", "sk_test_of_a_test"),
        ("stripe-webhook-secret", webhook_secret),
    ];
    secrets.map(|(name, value)| (format!("/{STACK}/{name}"), value.to_owned())).into()
}

/// The set of two keys, as during a rotation: those of the tests' own tokens, and of `auth`'s.
fn both_keys(issuer: &Issuer, pem: &str) -> String {
    let keys = |set: &str| serde_json::from_str::<Value>(set).unwrap()["keys"][0].clone();
    json!({"keys": [keys(issuer.public_keys()), keys(&auth::public_keys_of(pem).unwrap())]})
        .to_string()
}

fn texts<'a>(texts: impl IntoIterator<Item = &'a (&'a str, &'a str)>) -> BTreeMap<String, String> {
    texts.into_iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn serve_sqs(payments: &Payments) -> (String, aws_sdk_sqs::Client) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let queues = Sqs::new(Arc::new(SystemClock));
    tokio::spawn(sqs::serve(listener, queues, std::future::pending()));
    let aws = Aws::from_env(&payments.env().with("AWS_ENDPOINT_URL_SQS", &url)).unwrap();
    (url, aws_sdk_sqs::Client::new(&aws.config("SQS")))
}

async fn create_queue(queues: &aws_sdk_sqs::Client, name: &str) -> String {
    let queue = queues.create_queue().queue_name(name);
    let made = queue.attributes(QueueAttributeName::FifoQueue, "true").send().await.unwrap();
    made.queue_url.unwrap()
}
