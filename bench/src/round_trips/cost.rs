//! What a million messages cost at AWS: US$, list prices of us-east-1 without the free tier, functions on
//! arm64. The model, logs, traces and data transfer are apart.

use ::tests::deployed::Deployment;
use serde::Serialize;

use super::{SEND, Server, find, row::Row, worker::BATCH};
use crate::figures::count;

/// A million requests to an HTTP API, up to 512 KB each (<https://aws.amazon.com/api-gateway/pricing/>).
const API_REQUESTS: f64 = 1.00;

/// A million invocations (<https://aws.amazon.com/lambda/pricing/>).
const INVOCATIONS: f64 = 0.20;

/// A GB of memory for a second, on arm64 (<https://aws.amazon.com/lambda/pricing/>).
const GB_SECOND: f64 = 0.000_013_333_4;

/// A million write units, on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
const WRITE_UNITS: f64 = 0.625;

/// A million read units, on demand (<https://aws.amazon.com/dynamodb/pricing/on-demand/>).
const READ_UNITS: f64 = 0.125;

/// A million requests to a FIFO queue, up to 64 KB each (<https://aws.amazon.com/sqs/pricing/>).
const FIFO_REQUESTS: f64 = 0.50;

/// How long the chatroom function takes for a message, assumed, milliseconds: a transaction, and then a
/// call of SQS, of some 10 ms each.
pub(super) const SENDING: f64 = 20.0;

/// How long it takes for a page or a message, assumed, milliseconds: one call in sequence.
pub(super) const READING: f64 = 10.0;

/// How long the model takes for an answer, assumed, milliseconds.
pub(super) const MODEL: f64 = 2_500.0;

/// How long the worker takes besides, for a whole batch, assumed, milliseconds: a read, and in the end a
/// transaction, of some 10 ms each, and its own work.
pub(super) const WRITING: f64 = 30.0;

/// Requests to the queue for a batch: to receive it, and to delete it.
const QUEUE_REQUESTS: f64 = 2.0;

/// What a million messages cost, of a Pro user and without a cache.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Costs {
    /// To accept a message, and then to answer it.
    pub items: Vec<Cost>,
    /// What a million messages of Basic users cost more.
    pub basic: f64,
    /// A million looks at a message, to see whether it is answered.
    pub look: f64,
    /// A million looks for new messages that find none.
    pub poll: f64,
}

/// One item, US$ for a million messages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Cost {
    /// What is paid.
    pub what: String,
    /// In quiet times: the worker gets each message on its own.
    pub quiet: f64,
    /// Under load: the worker gets ten at a time.
    pub loaded: f64,
}

impl Costs {
    pub(super) fn of(requests: &[Row], worker: &[Row; 2]) -> Self {
        let sending = |state| find(requests, SEND, state);
        let pro = sending("Pro, no cache");
        let [look, since] = [
            ("GET /chatroom/{id}/messages/{id}", ""),
            ("GET /chatroom/{id}/messages", "after the newest: none"),
        ]
        .map(|(request, state)| request_cost(find(requests, request, state), READING));
        Self {
            items: accepting(pro).into_iter().chain(answering(worker)).collect(),
            basic: request_cost(sending("Basic, no cache"), SENDING) - request_cost(pro, SENDING),
            look,
            poll: since,
        }
    }

    /// The sum in quiet times.
    #[must_use]
    pub fn quiet(&self) -> f64 {
        self.items.iter().map(|cost| cost.quiet).sum()
    }

    /// The sum under load.
    #[must_use]
    pub fn loaded(&self) -> f64 {
        self.items.iter().map(|cost| cost.loaded).sum()
    }
}

fn accepting(row: &Row) -> Vec<Cost> {
    let memory = memory_of("chatroom");
    let queue = count(row.calls(Server::Sqs)) * FIFO_REQUESTS;
    [
        ("POST: API Gateway".to_owned(), API_REQUESTS),
        ("POST: an invocation".to_owned(), INVOCATIONS),
        (format!("POST: {SENDING} ms of {memory} MB"), lambda(memory, SENDING)),
        (format!("POST: {}", units(row, 1)), dynamodb(row)),
        ("POST: SQS, one request".to_owned(), queue),
    ]
    .map(|(what, cost)| Cost { what, quiet: cost, loaded: cost })
    .into()
}

fn answering([quiet, loaded]: &[Row; 2]) -> Vec<Cost> {
    let memory = memory_of("gemini-worker");
    let per_batch =
        |what: String, cost: f64| Cost { what, quiet: cost, loaded: cost / count(BATCH) };
    vec![
        per_batch("Worker: SQS, two requests a batch".to_owned(), QUEUE_REQUESTS * FIFO_REQUESTS),
        per_batch("Worker: an invocation a batch".to_owned(), INVOCATIONS),
        per_batch(
            format!("Worker: {MODEL} ms of {memory} MB a batch, waiting for the model"),
            lambda(memory, MODEL),
        ),
        per_batch(format!("Worker: {WRITING} ms more of them"), lambda(memory, WRITING)),
        Cost {
            what: format!("Worker: {}", units(loaded, BATCH)),
            quiet: dynamodb(quiet),
            loaded: dynamodb(loaded) / count(BATCH),
        },
    ]
}

/// A million requests that take so many milliseconds, with what they ask of DynamoDB.
fn request_cost(row: &Row, millis: f64) -> f64 {
    let running = lambda(memory_of("chatroom"), millis);
    API_REQUESTS + INVOCATIONS + running + dynamodb(row)
}

/// What the template gives a function, MB.
fn memory_of(function: &str) -> u32 {
    Deployment::read().memory(function)
}

/// A million times so many milliseconds of so many MB.
fn lambda(memory: u32, millis: f64) -> f64 {
    f64::from(memory) / 1_024.0 * millis / 1_000.0 * 1e6 * GB_SECOND
}

fn dynamodb(row: &Row) -> f64 {
    row.read_units * READ_UNITS + row.write_units * WRITE_UNITS
}

/// What `row`, which is of so many messages, takes for one.
fn units(row: &Row, messages: usize) -> String {
    let of_one = |units: f64| units / count(messages);
    let (reads, writes) = (of_one(row.read_units), of_one(row.write_units));
    match reads {
        0.0 => format!("DynamoDB, {writes} write units"),
        _ => format!("DynamoDB, {reads} read and {writes} write units"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether two prices are the same to the hundredth of a cent.
    fn same(a: f64, b: f64) -> bool {
        (a - b).abs() < 0.000_1
    }

    fn row(state: &'static str, read_units: f64, write_units: f64) -> Row {
        Row { read_units, write_units, ..Row::new("a test's", state, Vec::new()) }
    }

    #[test]
    fn a_millisecond_of_128_mb_costs_what_the_vendor_says() {
        assert!(same(lambda(128, 1.0), 0.001_666_7));
        assert!(same(lambda(256, 1_000.0), 3.333_35));
    }

    #[test]
    fn units_have_their_prices() {
        assert!(same(dynamodb(&row("", 3.0, 9.0)), 0.375 + 5.625));
    }

    #[test]
    fn a_batch_is_shared_by_its_messages() {
        let costs = answering(&[row("", 3.0, 9.0), row("", 30.0, 90.0)]);
        let units = costs.last().unwrap();
        assert!(same(units.quiet, 6.0) && same(units.loaded, 6.0), "{units:?}");
        for cost in &costs[..costs.len() - 1] {
            assert!(same(cost.quiet, 10.0 * cost.loaded), "{cost:?}");
        }
    }
}
