//! What stands in for AWS: a DynamoDB and an SQS of our own, or those at `AWS_ENDPOINT_URL`.

use std::sync::Arc;

use shared::{aws::Aws, config::Env, domain::SystemClock};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    DataDir, Error,
    direct::Queues,
    dynamodb::{self, Data, Embedded},
    queues,
    sqs::{self, Sqs},
};

/// The queue's visibility timeout.
pub const VISIBILITY_TIMEOUT_SECONDS: u32 = 150;

/// A DynamoDB and an SQS with Parley's tables and queues.
pub(crate) struct Cloud {
    dynamodb: Option<Embedded>,
    sqs: Option<EmbeddedSqs>,
    /// The functions' environment, with the way there.
    pub(crate) env: Env,
}

struct EmbeddedSqs {
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Cloud {
    /// Starts both, unless `AWS_ENDPOINT_URL` names others, and makes what is missing in them.
    pub(crate) async fn start(env: Env, data: &DataDir) -> Result<Self, Error> {
        let env = dynamodb::with_tables(dynamodb::with_credentials(env));
        if env.get("AWS_ENDPOINT_URL").is_some() {
            let aws = Aws::from_env(&env)?;
            dynamodb::create_tables(&aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB")))
                .await?;
            let env = with_queues(env, &aws).await?;
            return Ok(Self { dynamodb: None, sqs: None, env });
        }
        let embedded = Embedded::start(file(data)).await?;
        let (sqs, url, queues) = EmbeddedSqs::start().await?;
        let env = embedded
            .env(env)
            .with_server(authority(embedded.url()), Arc::new(embedded.direct()))
            .with_server(authority(&url), Arc::new(queues))
            .with("AWS_ENDPOINT_URL_SQS", url);
        let env = with_queues(env.clone(), &Aws::from_env(&env)?).await?;
        Ok(Self { dynamodb: Some(embedded), sqs: Some(sqs), env })
    }

    /// Whether the queue was empty when this process started, because it lives in it.
    pub(crate) fn has_lost_its_queue(&self) -> bool {
        self.sqs.is_some()
    }

    /// For a person.
    pub(crate) fn describe(&self) -> [String; 2] {
        match (&self.dynamodb, self.env.get("AWS_ENDPOINT_URL")) {
            (Some(embedded), _) => [
                format!("embedded, at {}", embedded.url()),
                format!(
                    "embedded, in memory, at {}",
                    self.env.get("AWS_ENDPOINT_URL_SQS").unwrap_or_default()
                ),
            ],
            (None, url) => [(); 2].map(|()| format!("at {}", url.unwrap_or_default())),
        }
    }

    /// Stops what was started.
    pub(crate) async fn stop(self) {
        if let Some(sqs) = self.sqs {
            sqs.stop.send(()).ok();
            sqs.served.await.ok();
        }
        if let Some(dynamodb) = self.dynamodb {
            dynamodb.stop().await;
        }
    }
}

impl EmbeddedSqs {
    /// It, where it is, and the short way there.
    async fn start() -> Result<(Self, String, Queues), Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel::<()>();
        let queues = Sqs::new(Arc::new(SystemClock));
        let direct = Queues::new(queues.clone(), authority(&url));
        let served = tokio::spawn(async move {
            let stopped = async {
                stopped.await.ok();
            };
            if let Err(error) = sqs::serve(listener, queues, stopped).await {
                tracing::error!(%error, "the embedded SQS stopped");
            }
        });
        Ok((Self { stop, served }, url, direct))
    }
}

/// Host and port of an `http://` URL.
fn authority(url: &str) -> &str {
    url.trim_start_matches("http://")
}

fn file(data: &DataDir) -> Data {
    match data {
        DataDir::Memory => Data::Memory,
        DataDir::Folder(folder) => Data::File(folder.join("dynamodb.sqlite")),
    }
}

/// Makes the queue and its dead-letter queue where they are missing.
async fn with_queues(env: Env, aws: &Aws) -> Result<Env, Error> {
    // Two queues of one's own: both have to be named.
    if env.get("MESSAGE_QUEUE_URL").is_some() {
        return Ok(env);
    }
    let client = aws_sdk_sqs::Client::new(&aws.config("SQS"));
    let [url, dead] = queues::create(&client, VISIBILITY_TIMEOUT_SECONDS).await?;
    Ok(env.with("MESSAGE_QUEUE_URL", url).with("DEAD_LETTER_QUEUE_URL", dead))
}
