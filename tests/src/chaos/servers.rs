//! What Parley calls, with a proxy before every server.
//!
//! The servers live in this process, so that they outlive every kill, as those of AWS do.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use local::{
    dynamodb::{Data, Embedded},
    gemini,
    queues::{self, DEAD_LETTER_QUEUE, QUEUE},
    sqs::{self, Sqs},
    testing,
    valkey::Valkey,
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Clock, SystemClock},
};
use tokio::net::TcpListener;

use super::{fault::Target, proxy::Proxy, tables::Tables};
use crate::{model, random_digits, stripe};

/// Every server, and the proxies before them. They stop when this is dropped.
pub struct Servers {
    /// The tables, read past the proxy.
    pub tables: Tables,
    /// The model.
    pub model: gemini::StandIn,
    /// Payments. It delivers to nobody until it is told to.
    pub stripe: stripe::StandIn,
    proxies: BTreeMap<Target, Proxy>,
    held: Sqs,
    sqs: aws_sdk_sqs::Client,
    /// The URLs of the queue and its dead-letter queue.
    queue_urls: [String; 2],
    _dynamodb: Embedded,
    _valkey: Option<(Valkey, String)>,
}

impl Servers {
    /// All of them, in good weather. The cache is left out where none is installed. What is received
    /// from the queue and not deleted comes again after `visibility_timeout` seconds.
    pub async fn start(visibility_timeout: u32) -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let (held, queue_server) = serve_queues().await;
        let model = gemini::StandIn::start(0).await.unwrap();
        let stripe = stripe::StandIn::start(local::stripe::Settings::default()).await.unwrap();
        let valkey = testing::valkey().await;
        let mut proxies = BTreeMap::from([
            (Target::DynamoDb, Proxy::http(dynamodb.url()).await),
            (Target::Sqs, Proxy::http(&queue_server).await),
            (Target::Gemini, Proxy::http(model.url()).await),
            (Target::Stripe, Proxy::http(stripe.url()).await),
        ]);
        if let Some((_, url)) = &valkey {
            proxies.insert(Target::Valkey, Proxy::valkey(url).await);
        }
        let aws = dynamodb.env(Env::default()).with("AWS_ENDPOINT_URL_SQS", &queue_server);
        let aws = Aws::from_env(&aws).unwrap();
        let sqs = aws_sdk_sqs::Client::new(&aws.config("SQS"));
        let queue_urls = queues::create(&sqs, visibility_timeout).await.unwrap();
        Self {
            tables: Tables::new(&aws),
            model,
            stripe,
            proxies,
            held,
            sqs,
            queue_urls,
            _dynamodb: dynamodb,
            _valkey: valkey,
        }
    }

    /// The environment of a process that calls all of them by way of the proxies, and keeps its keys in
    /// `data`.
    #[must_use]
    pub fn env(&self, data: &Path) -> BTreeMap<String, String> {
        let url = |target| self.proxies.get(&target).map_or("off", Proxy::url);
        let [queue, dead] = &self.queue_urls;
        [
            ("PORT", "0"),
            ("PARLEY_DATA", data.to_str().unwrap()),
            ("LOG_FORMAT", "json"),
            ("AWS_ENDPOINT_URL", url(Target::DynamoDb)),
            ("AWS_ENDPOINT_URL_SQS", url(Target::Sqs)),
            ("MESSAGE_QUEUE_URL", queue),
            ("DEAD_LETTER_QUEUE_URL", dead),
            ("VALKEY_URL", url(Target::Valkey)),
            ("GEMINI_BASE_URL", url(Target::Gemini)),
            ("GEMINI_API_KEY", model::KEY),
            ("STRIPE_BASE_URL", url(Target::Stripe)),
            ("STRIPE_SECRET_KEY", stripe::KEY),
            ("STRIPE_WEBHOOK_SECRET", self.stripe.webhook_secret()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// The proxies, by what is behind them.
    #[must_use]
    pub fn proxies(&self) -> &BTreeMap<Target, Proxy> {
        &self.proxies
    }

    /// The proxy before a server.
    ///
    /// # Panics
    /// It is the cache, and none is installed.
    #[must_use]
    pub fn proxy(&self, target: Target) -> &Proxy {
        &self.proxies[&target]
    }

    /// From now on, nothing fails.
    pub fn calm(&self) {
        for proxy in self.proxies.values() {
            proxy.calm();
        }
    }

    /// How many jobs are in the queue, and in the dead-letter queue.
    #[must_use]
    pub fn jobs(&self) -> (usize, usize) {
        let count = |name| {
            let depth = self.held.depth(name).unwrap();
            depth.visible + depth.in_flight + depth.delayed
        };
        (count(QUEUE), count(DEAD_LETTER_QUEUE))
    }

    /// Puts something into the queue, as a job of this room.
    pub async fn enqueue(&self, room: &str, body: &str) {
        let send = self.sqs.send_message().queue_url(&self.queue_urls[0]);
        let send = send.message_group_id(room).message_deduplication_id(random_digits(12));
        let send = send.message_body(body);
        send.send().await.unwrap();
    }
}

async fn serve_queues() -> (Sqs, String) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let queues = Sqs::new(clock);
    tokio::spawn(sqs::serve(listener, queues.clone(), std::future::pending()));
    (queues, url)
}
