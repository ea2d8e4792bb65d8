use std::{fmt::Debug, sync::Arc};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AttributeValue, Put, PutRequest, ReturnValue, ReturnValuesOnConditionCheckFailure,
        TransactWriteItem, Update, WriteRequest,
    },
};
use regex::Regex;
use shared::{aws::Aws, config::Env, domain::SystemClock};

use super::*;
use crate::{
    dynamodb::{Data, Embedded, with_credentials},
    sqs::Sqs,
};

/// Where nobody is, or can ever be (RFC 6761, section 6.4).
const NOWHERE: &str = "embedded.invalid";

fn client(env: &Env) -> Client {
    Client::new(&Aws::from_env(env).unwrap().config("DYNAMODB"))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// What came of a call, all but the request's id: its words, because maps are in no order.
fn outcome<T: Debug, E: ProvideErrorMetadata + Debug>(
    result: Result<T, SdkError<E>>,
) -> Vec<String> {
    let shown = match &result {
        Ok(answer) => format!("{answer:?}"),
        Err(SdkError::ServiceError(refused)) => format!("refused {:?}", refused.err()),
        Err(error) => panic!("{error:?}"),
    };
    let id = Regex::new(r"_request_id: \w+(\(.*?\))?|extras: \w+(\(.*?\))?").unwrap();
    let shown = id.replace_all(&shown, "");
    let words = shown.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty());
    let mut words: Vec<_> = words.map(str::to_owned).collect();
    words[1..].sort_unstable();
    words
}

/// Everyday calls, those that are refused among them; then what is seldom or wrong.
async fn everyday(client: &Client) -> Vec<Vec<String>> {
    let put = |id: &str| {
        let request = client.put_item().table_name("messages");
        request.item("chatroom_id", text("r")).item("message_id", text(id)).item("n", text(id))
    };
    let key = |id: &str| {
        let names = [("chatroom_id", "r"), ("message_id", id)];
        Some(names.map(|(name, value)| (name.to_owned(), text(value))).into())
    };
    let absent = "attribute_not_exists(chatroom_id)";
    let old = ReturnValuesOnConditionCheckFailure::AllOld;
    let transaction = |id: &str| {
        let put = Put::builder().table_name("messages").condition_expression(absent);
        let put = put.item("chatroom_id", text("r")).item("message_id", text(id));
        let put = put.return_values_on_condition_check_failure(old.clone()).build().unwrap();
        let update = Update::builder().table_name("messages").update_expression("SET seen = :yes");
        let update = update
            .set_key(key("1"))
            .expression_attribute_values(":yes", AttributeValue::Bool(true));
        client
            .transact_write_items()
            .transact_items(TransactWriteItem::builder().put(put).build())
            .transact_items(TransactWriteItem::builder().update(update.build().unwrap()).build())
    };
    let batch = PutRequest::builder().item("chatroom_id", text("r")).item("message_id", text("9"));
    let batch = WriteRequest::builder().put_request(batch.build().unwrap()).build();
    let get = client.get_item().table_name("messages").set_key(key("1"));
    let query = client.query().table_name("messages").key_condition_expression("chatroom_id = :r");
    let query = query.expression_attribute_values(":r", text("r")).limit(2);
    let update = client.update_item().table_name("messages").set_key(key("1"));
    let update =
        update.update_expression("ADD #n :one REMOVE n").return_values(ReturnValue::AllNew);
    let update = update.expression_attribute_names("#n", "count");
    let update = update.expression_attribute_values(":one", AttributeValue::N("1".to_owned()));
    let delete = client.delete_item().table_name("messages").set_key(key("2"));
    vec![
        outcome(put("1").send().await),
        outcome(put("2").condition_expression(absent).send().await),
        outcome(
            put("2")
                .condition_expression(absent)
                .return_values_on_condition_check_failure(old.clone())
                .send()
                .await,
        ),
        outcome(transaction("3").send().await),
        outcome(transaction("3").send().await),
        outcome(update.send().await),
        outcome(client.batch_write_item().request_items("messages", vec![batch]).send().await),
        outcome(get.send().await),
        outcome(query.send().await),
        outcome(delete.send().await),
    ]
}

async fn seldom(client: &Client) -> Vec<Vec<String>> {
    let table = client.get_item().table_name("none").key("pk", text("x"));
    let no_key = client.get_item().table_name("messages").key("chatroom_id", text("r"));
    let wrong = client.query().table_name("messages").key_condition_expression("chatroom_id >");
    vec![
        outcome(client.list_tables().send().await),
        outcome(table.send().await),
        outcome(no_key.send().await),
        outcome(wrong.send().await),
    ]
}

#[tokio::test]
async fn everyday_requests_need_no_connection() {
    let embedded = Embedded::start(Data::Memory).await.unwrap();
    let env = embedded
        .env(Env::default())
        .with("AWS_ENDPOINT_URL_DYNAMODB", format!("http://{NOWHERE}"))
        .with_server(NOWHERE, Arc::new(embedded.direct()));
    let outcomes = everyday(&client(&env)).await;
    let refused = |outcome: &&Vec<String>| outcome[0] == "refused";
    assert_eq!(outcomes.iter().filter(refused).count(), 2, "{outcomes:#?}");
}

#[tokio::test]
async fn the_short_way_and_the_long_way_lead_to_the_same_answers() {
    let [one, other] = [(); 2].map(|()| Embedded::start(Data::Memory));
    let (one, other) = (one.await.unwrap(), other.await.unwrap());
    let long = client(&one.env(Env::default()));
    let authority = other.url().trim_start_matches("http://");
    let env = other.env(Env::default()).with_server(authority, Arc::new(other.direct()));
    let short = client(&env);
    assert_eq!(everyday(&short).await, everyday(&long).await);
    assert_eq!(seldom(&short).await, seldom(&long).await);
}

#[tokio::test]
async fn messages_are_sent_and_received_without_a_connection() {
    let queues = Queues::new(Sqs::new(Arc::new(SystemClock)), NOWHERE);
    let env = with_credentials(Env::default())
        .with("AWS_ENDPOINT_URL_SQS", format!("http://{NOWHERE}"))
        .with_server(NOWHERE, Arc::new(queues));
    let client = aws_sdk_sqs::Client::new(&Aws::from_env(&env).unwrap().config("SQS"));
    let queue = client.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    assert_eq!(queue, format!("http://{NOWHERE}/000000000000/q"));
    client.send_message().queue_url(&queue).message_body("hello").send().await.unwrap();
    let received = client.receive_message().queue_url(&queue).send().await.unwrap();
    assert_eq!(received.messages()[0].body(), Some("hello"));
    let nothing = client.receive_message().queue_url(format!("{queue}ue")).send().await;
    assert!(nothing.unwrap_err().into_service_error().is_queue_does_not_exist());
}
