//! The embedded DynamoDB: its wire protocol and semantics on SQLite, and Parley's tables in it.

use std::path::PathBuf;

use aws_sdk_dynamodb::{
    Client,
    operation::create_table::CreateTableError,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
        LocalSecondaryIndex, Projection, ProjectionType, ScalarAttributeType,
        TimeToLiveSpecification,
    },
};
use shared::config::Env;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{Error, direct::DynamoDb};

/// Where the items are kept.
#[derive(Debug, Clone)]
pub enum Data {
    /// In memory, gone with the process.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// A running DynamoDB. Dropping it stops its server; clients that go the short way have it as long as they
/// are there.
#[derive(Debug)]
pub struct Embedded {
    url: String,
    direct: DynamoDb,
    stop: Option<oneshot::Sender<()>>,
    served: JoinHandle<()>,
}

impl Embedded {
    /// Starts one on a free port of loopback, with Parley's tables.
    pub async fn start(data: Data) -> Result<Self, Error> {
        let database = open(data).map_err(|error| error.to_string())?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let direct = DynamoDb(database.clone());
        let served = tokio::spawn(async move {
            let stopped = async {
                stopped.await.ok();
            };
            if let Err(error) =
                dynoxide::server::serve_with_shutdown(listener, database, stopped).await
            {
                tracing::error!(%error, "the embedded DynamoDB stopped");
            }
        });
        let embedded = Self { url, direct, stop: Some(stop), served };
        let aws = shared::aws::Aws::from_env(&embedded.env(Env::default()))?;
        create_tables(&Client::new(&aws.config("DYNAMODB"))).await?;
        Ok(embedded)
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// `env` with what a function needs to find it: endpoint, region, credentials, tables.
    #[must_use]
    pub fn env(&self, env: Env) -> Env {
        with_tables(with_credentials(env)).with("AWS_ENDPOINT_URL_DYNAMODB", &self.url)
    }

    /// The short way there, for clients in this process.
    pub(crate) fn direct(&self) -> DynamoDb {
        self.direct.clone()
    }

    /// Stops it, after the requests under way.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        (&mut self.served).await.ok();
    }
}

/// What is written survives this process, killed or not, but not for certain the machine's loss of power:
/// SQLite does not wait for the disk at every transaction, only now and then (`synchronous = NORMAL`,
/// <https://sqlite.org/pragma.html#pragma_synchronous>). A wait takes milliseconds, in which a worker
/// thread and the whole database stand still.
fn open(data: Data) -> dynoxide::Result<dynoxide::Database> {
    let Data::File(path) = data else { return dynoxide::Database::memory() };
    let database = dynoxide::Database::new(&path.to_string_lossy())?;
    // Named for what it is meant to undo, it sets that, and SQLite's own defaults besides.
    database.disable_bulk_loading()?;
    Ok(database)
}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
    }
}

/// `env` with a region and credentials, which no server on loopback checks.
#[must_use]
pub fn with_credentials(env: Env) -> Env {
    env.or("AWS_REGION", "us-east-1")
        .or("AWS_ACCESS_KEY_ID", "local")
        .or("AWS_SECRET_ACCESS_KEY", "local")
}

/// `env` with the tables' names.
#[must_use]
pub fn with_tables(env: Env) -> Env {
    env.or("USERS_TABLE", "users")
        .or("CHATROOMS_TABLE", "chatrooms")
        .or("MESSAGES_TABLE", "messages")
}

/// One table, as `template.yaml` declares it too; a test holds the two together.
#[derive(Debug)]
pub struct Table {
    /// Its name in `local`.
    pub name: &'static str,
    /// Partition key and sort key, both strings.
    pub key: [&'static str; 2],
    /// Indexes: name, partition key and sort key.
    pub indexes: &'static [Index],
    /// The attribute that expires items, if any does.
    pub ttl: Option<&'static str>,
}

/// One index of a table.
#[derive(Debug)]
pub struct Index {
    /// Its name.
    pub name: &'static str,
    /// Partition key and sort key.
    pub key: [&'static str; 2],
    /// A local index orders the table's own partitions and is read consistently; a global one has a
    /// number for its partition key.
    pub local: bool,
    /// What it holds besides the keys.
    pub projection: &'static [&'static str],
}

/// Parley's tables.
pub const TABLES: [Table; 3] = [
    Table {
        name: "users",
        key: ["pk", "sk"],
        indexes: &[
            Index { name: "purge", key: ["purge_shard", "pk"], local: false, projection: &[] },
            Index {
                name: "billing",
                key: ["billing_shard", "billing_due"],
                local: false,
                projection: &[],
            },
        ],
        ttl: Some("expires_at"),
    },
    Table {
        name: "chatrooms",
        key: ["user_id", "chatroom_id"],
        indexes: &[
            Index {
                name: "activity",
                key: ["user_id", "activity"],
                local: true,
                projection: &["name", "updated_at", "last_message_at"],
            },
            Index {
                name: "purge",
                key: ["purge_shard", "chatroom_id"],
                local: false,
                projection: &[],
            },
        ],
        ttl: None,
    },
    Table {
        name: "messages",
        key: ["chatroom_id", "message_id"],
        indexes: &[Index {
            name: "pending",
            key: ["pending_shard", "message_id"],
            local: false,
            projection: &["user_id"],
        }],
        ttl: None,
    },
];

/// Makes Parley's tables where they are missing.
pub async fn create_tables(client: &Client) -> Result<(), Error> {
    for table in &TABLES {
        create_table(client, table).await?;
    }
    Ok(())
}

async fn create_table(client: &Client, table: &Table) -> Result<(), Error> {
    let keys = table.indexes.iter().flat_map(|index| index.key).chain(table.key);
    let mut attributes: Vec<_> = keys.collect();
    attributes.sort_unstable();
    attributes.dedup();
    let attributes = attributes.into_iter().map(attribute).collect::<Result<Vec<_>, _>>()?;
    let mut request = client
        .create_table()
        .table_name(table.name)
        .billing_mode(BillingMode::PayPerRequest)
        .set_attribute_definitions(Some(attributes))
        .set_key_schema(Some(key_schema(table.key)?));
    for index in table.indexes {
        request = if index.local {
            request.local_secondary_indexes(
                LocalSecondaryIndex::builder()
                    .index_name(index.name)
                    .set_key_schema(Some(key_schema(index.key)?))
                    .projection(projection(index))
                    .build()?,
            )
        } else {
            request.global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(index.name)
                    .set_key_schema(Some(key_schema(index.key)?))
                    .projection(projection(index))
                    .build()?,
            )
        };
    }
    match request.send().await {
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(CreateTableError::is_resource_in_use_exception) =>
        {
            return Ok(());
        }
        Err(error) => return Err(Box::new(error)),
    }
    if let Some(ttl) = table.ttl {
        let ttl = TimeToLiveSpecification::builder().attribute_name(ttl).enabled(true).build()?;
        client
            .update_time_to_live()
            .table_name(table.name)
            .time_to_live_specification(ttl)
            .send()
            .await?;
    }
    Ok(())
}

fn attribute(name: &str) -> Result<AttributeDefinition, Error> {
    let kind =
        if name.ends_with("_shard") { ScalarAttributeType::N } else { ScalarAttributeType::S };
    Ok(AttributeDefinition::builder().attribute_name(name).attribute_type(kind).build()?)
}

fn key_schema(key: [&str; 2]) -> Result<Vec<KeySchemaElement>, Error> {
    [(key[0], KeyType::Hash), (key[1], KeyType::Range)]
        .into_iter()
        .map(|(name, kind)| {
            Ok(KeySchemaElement::builder().attribute_name(name).key_type(kind).build()?)
        })
        .collect()
}

fn projection(index: &Index) -> Projection {
    let projection = Projection::builder();
    match index.projection {
        [] => projection.projection_type(ProjectionType::KeysOnly),
        names => projection
            .projection_type(ProjectionType::Include)
            .set_non_key_attributes(Some(names.iter().map(ToString::to_string).collect())),
    }
    .build()
}
