//! The host: everything started in order, mounted on one server, and stopped in order.

use std::{fs, net::SocketAddr, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware::map_response,
    response::Response,
    serve::ListenerExt,
};
use gemini_worker::Worker;
use reconciler::Reconciler;
use shared::{aws::Aws, config::Env, domain::SystemClock};
use sweeper::Sweeper;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tower_http::cors::{Any, CorsLayer};

use crate::{
    DataDir, Error, Settings, cloud::Cloud, gemini, mapping::Mapping, operator::map::LocalMap,
    schedule, secrets, stripe, valkey::Valkey,
};

/// How long a stop waits for what is under way: a model that hangs may take minutes, and its message
/// is pending in the table all the same.
const FINISH: Duration = Duration::from_secs(5);

/// A running Parley.
pub struct Host {
    address: SocketAddr,
    summary: Summary,
    stopping: watch::Sender<bool>,
    server: JoinHandle<()>,
    mapping: Mapping,
    schedule: JoinHandle<()>,
    cloud: Cloud,
    _valkey: Valkey,
    _gemini: Option<gemini::StandIn>,
    _stripe: Option<stripe::StandIn>,
    /// By which `parley` finds it.
    _map: Option<LocalMap>,
}

/// What runs, and what of it is real; for a person.
#[derive(Debug, Clone)]
pub struct Summary {
    /// DynamoDB.
    pub dynamodb: String,
    /// SQS.
    pub sqs: String,
    /// The cache.
    pub cache: String,
    /// The model.
    pub gemini: String,
    /// Payments.
    pub stripe: String,
    /// Where data is kept.
    pub data: String,
    /// How one-time codes reach people.
    pub otp: String,
}

impl Host {
    /// Starts everything; it serves when this returns.
    ///
    /// # Errors
    /// The port is taken, the data can't be read, or a setting is unusable.
    pub async fn start(settings: Settings) -> Result<Self, Error> {
        let Settings { port, data, env } = settings;
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .map_err(|error| format!("port {port} can't be used: {error}"))?;
        let address = listener.local_addr()?;
        if let DataDir::Folder(folder) = &data {
            fs::create_dir_all(folder)?;
        }
        let (cloud, valkey, gemini, stripe) = tokio::try_join!(
            Cloud::start(env.clone(), &data),
            Valkey::start(&env),
            model(&env),
            payments(&env, &data),
        )?;
        let env = valkey.env(cloud.env.clone()).or("OTP_DELIVERY", "response").or("STAGE", "local");
        let env = match &gemini {
            Some(gemini) => env.with("GEMINI_BASE_URL", gemini.url()).or("GEMINI_API_KEY", "local"),
            None => env.or("GEMINI_API_KEY", "local"),
        };
        let env = match &stripe {
            Some(stripe) => {
                stripe.deliver_to(&format!("http://{address}/webhook/stripe"));
                env.with("STRIPE_BASE_URL", stripe.url())
            }
            None => env,
        };
        let env = match env.get("STRIPE_BASE_URL") {
            // Without TLS it is a stand-in, this one or another.
            Some(url) if url.starts_with("http://") => env
                .or("STRIPE_SECRET_KEY", "sk_test_local")
                .or("STRIPE_WEBHOOK_SECRET", stripe::DEFAULT_SECRET)
                .or("STRIPE_PRICE_ID", stripe::DEFAULT_PRICE),
            // Stripe itself: what is anybody's to know would be no secret.
            _ => env,
        };
        let env = env.or("FRONTEND_URL", format!("http://localhost:{}", address.port()));
        let env = secrets::with_secrets(env, &data)?;

        let (stopping, stop) = watch::channel(false);
        // Boxed: the starts of all functions are a large future.
        let app = Box::pin(mount(&env)).await?.layer(cors(&env)?).layer(map_response(closing));
        let server = serve(listener, app, stop.clone());
        let mapping = Mapping::start(
            aws_sdk_sqs::Client::new(&Aws::from_env(&env)?.config("SQS")),
            env.require("MESSAGE_QUEUE_URL")?.to_owned(),
            Worker::from_env(&env, Arc::new(SystemClock)).await?,
            stop.clone(),
        );
        let schedule = schedule::start(
            Sweeper::from_env(&env, Arc::new(SystemClock))?,
            cloud.has_lost_its_queue(),
            Reconciler::from_env(&env, Arc::new(SystemClock)).await?,
            &env,
            stop,
        )?;
        let map = LocalMap::write(&env, &data, &format!("http://{address}"))?;
        let [dynamodb, sqs] = cloud.describe();
        let summary = Summary {
            dynamodb,
            sqs,
            cache: valkey.describe(),
            gemini: describe_model(&env, gemini.as_ref()),
            stripe: describe_payments(&env, stripe.as_ref()),
            data: describe_data(&data),
            otp: describe_codes(&env),
        };
        Ok(Self {
            address,
            summary,
            stopping,
            server,
            mapping,
            schedule,
            cloud,
            _valkey: valkey,
            _gemini: gemini,
            _stripe: stripe,
            _map: map,
        })
    }

    /// Where it serves.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What runs.
    #[must_use]
    pub fn summary(&self) -> &Summary {
        &self.summary
    }

    /// Stops taking requests, finishes those under way and the batches of the worker, then stops the
    /// rest.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        let finished = async {
            self.server.await.ok();
            self.mapping.stopped().await;
            self.schedule.await.ok();
            self.cloud.stop().await;
        };
        if tokio::time::timeout(FINISH, finished).await.is_err() {
            tracing::warn!("not all was finished: the next start takes up what is pending");
        }
    }
}

/// The functions' own routers on one server, with the layers that each of them has in Lambda.
async fn mount(env: &Env) -> Result<Router, Error> {
    let clock = || Arc::new(SystemClock);
    let app = Router::new()
        .merge(auth::router(auth::State::from_env(env, clock()).await?))
        .merge(user::router(user::State::from_env(env, clock()).await?))
        .merge(chatroom::router(chatroom::State::from_env(env, clock()).await?))
        .merge(subscription::router(subscription::State::from_env(env, clock()).await?))
        .merge(stripe_webhook::router(stripe_webhook::State::from_env(env, clock()).await?))
        .merge(admin::router(admin::State::from_env(env, clock())?))
        .merge(docs::router());
    Ok(shared::http::service(app))
}

/// A body that was refused unread stands in the way of the connection's next request: the client is told
/// to make another one (RFC 9110, section 15.5.14).
async fn closing(mut answer: Response) -> Response {
    if answer.status() == StatusCode::PAYLOAD_TOO_LARGE {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// API Gateway's part: it answers preflights and names the origins.
fn cors(env: &Env) -> Result<CorsLayer, Error> {
    let origin = env.require("FRONTEND_URL")?;
    Ok(CorsLayer::new()
        .allow_origin(origin.trim_end_matches('/').parse::<HeaderValue>()?)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, IDEMPOTENCY_KEY])
        .expose_headers(Any))
}

fn serve(listener: TcpListener, app: Router, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    tokio::spawn(async move {
        let stopped = async move {
            stop.wait_for(|stopping| *stopping).await.ok();
        };
        // An answer in two packets must not wait for the first one's acknowledgement.
        let listener = listener.tap_io(|connection| {
            connection.set_nodelay(true).ok();
        });
        if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
            tracing::error!(%error, "the server stopped");
        }
    })
}

/// A stand-in for Gemini, where there is neither a key nor another address.
async fn model(env: &Env) -> Result<Option<gemini::StandIn>, Error> {
    if env.get("GEMINI_API_KEY").or(env.get("GEMINI_BASE_URL")).is_some() {
        return Ok(None);
    }
    Ok(Some(gemini::StandIn::start(0).await?))
}

/// A stand-in for Stripe, where there is neither a key nor another address. It keeps its side of what
/// is in the tables, and so is kept beside them.
async fn payments(env: &Env, data: &DataDir) -> Result<Option<stripe::StandIn>, Error> {
    if env.get("STRIPE_SECRET_KEY").or(env.get("STRIPE_BASE_URL")).is_some() {
        return Ok(None);
    }
    let data = match data {
        DataDir::Memory => None,
        DataDir::Folder(folder) => Some(folder.join("stripe.json")),
    };
    let webhook_secret = env.get("STRIPE_WEBHOOK_SECRET").unwrap_or(stripe::DEFAULT_SECRET);
    let settings = stripe::Settings {
        data,
        webhook_secret: webhook_secret.to_owned(),
        ..stripe::Settings::default()
    };
    Ok(Some(stripe::StandIn::start(settings).await?))
}

fn describe_data(data: &DataDir) -> String {
    match data {
        DataDir::Memory => "in memory, gone with this process".to_owned(),
        DataDir::Folder(folder) => folder.display().to_string(),
    }
}

fn describe_codes(env: &Env) -> String {
    match env.get("OTP_DELIVERY") {
        Some("response") => "in the answer of /auth/send-otp (development)".to_owned(),
        other => other.unwrap_or_default().to_owned(),
    }
}

fn describe_model(env: &Env, stand_in: Option<&gemini::StandIn>) -> String {
    let model = env.gemini_model();
    match stand_in {
        Some(stand_in) => {
            format!("stand-in at {} (set GEMINI_API_KEY for the real one)", stand_in.url())
        }
        None => format!("{model} at {}", env.get("GEMINI_BASE_URL").unwrap_or("Google")),
    }
}

fn describe_payments(env: &Env, stand_in: Option<&stripe::StandIn>) -> String {
    match stand_in {
        Some(stand_in) => {
            format!("stand-in at {} (set STRIPE_SECRET_KEY for the real one)", stand_in.url())
        }
        None => env.get("STRIPE_BASE_URL").unwrap_or("Stripe").to_owned(),
    }
}
