//! The figures as the document shows them.

use super::{
    Costs, RoundTrips,
    cost::{MODEL, READING, SENDING, WRITING},
    row::{Kind, Row},
};
use crate::document::Table;

/// What the sums are to be at the most, US$ for a million messages.
const GOALS: (f64, f64) = (9.0, 5.0);

pub(super) fn markdown(figures: &RoundTrips) -> String {
    let RoundTrips { requests, worker, costs } = figures;
    let sum = (costs.quiet(), costs.loaded());
    format!(
        "Calls joined by `+` are made side by side, those behind a `→` when all before it are answered. \
         What goes without a server's name is DynamoDB's; an `EVAL` is one command of the cache. Connections are there already. People have a name, an \
         address and a password, messages have 500 characters. A refused call has a cost, but DynamoDB does \
         not tell which; what else is to be known of the units is told in \
         [access-patterns.md](access-patterns.md). Bytes are those of the bodies, without the cache's.\n\n\
         {}\n### The worker\n\n\
         A question in a room with 10 messages, which the model answers with 500 characters.\n\n{}\n\
         ### What a million messages cost\n\n\
         US$, list prices of us-east-1 on arm64 (`bench/src/round_trips/cost.rs`), a Pro user's messages \
         without a cache; the model itself, logs, traces and data transfer are apart. Assumed: to accept a \
         message takes {SENDING} ms, the model {MODEL} ms, all else that the worker does for a batch \
         {WRITING} ms. In quiet times a batch is one message, under load ten, whose answers are waited for \
         at the same time.\n\n{}\n\
         The goals are {} in quiet times, which is {}, and {} under load, which is {}.\n\n\
         - A Basic user's messages cost {:.3} more, for what the headers tell of the day's quota.\n\
         - Looking for the reply is apart: a million `GET` of one message cost {:.3}, a million `GET` for \
         new messages that find none {:.3} ({READING} ms each).\n",
        table(requests),
        table(worker),
        cost_table(costs),
        GOALS.0,
        verdict(sum.0, GOALS.0),
        GOALS.1,
        verdict(sum.1, GOALS.1),
        costs.basic,
        costs.look,
        costs.poll,
    )
}

fn table(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        "Request",
        "State",
        "Calls",
        "In sequence:",
        "Read units:",
        "Write units:",
        "Sent:",
        "Received:",
        "Answer:",
    ]);
    for row in rows {
        let (sent, received) = row.bytes();
        table.row(&[
            row.request.to_owned(),
            row.state.to_owned(),
            calls(row),
            row.depth().to_string(),
            row.read_units.to_string(),
            row.write_units.to_string(),
            sent.to_string(),
            received.to_string(),
            row.answer.map_or("–".to_owned(), |bytes| bytes.to_string()),
        ]);
    }
    table.into_text()
}

fn calls(row: &Row) -> String {
    let step = |step: &Vec<Kind>| step.iter().map(call).collect::<Vec<_>>().join(" + ");
    row.steps.iter().map(step).collect::<Vec<_>>().join(" → ")
}

/// Most are of DynamoDB: those go without its name.
fn call(kind: &Kind) -> String {
    kind.text().replace("DynamoDB ", "")
}

fn cost_table(costs: &Costs) -> String {
    let mut table = Table::new(&["", "Quiet:", "Under load:"]);
    for cost in &costs.items {
        table.row(&[cost.what.clone(), dollars(cost.quiet), dollars(cost.loaded)]);
    }
    table.row(&["**Sum**".to_owned(), dollars(costs.quiet()), dollars(costs.loaded())]);
    table.into_text()
}

fn dollars(amount: f64) -> String {
    format!("{amount:.3}")
}

fn verdict(sum: f64, goal: f64) -> String {
    if sum <= goal { "met".to_owned() } else { format!("missed by {:.3}", sum - goal) }
}
