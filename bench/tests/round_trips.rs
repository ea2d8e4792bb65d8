//! Holds the round trips against what they are to be. `cargo test -p bench --test round_trips -- --nocapture`
//! prints them.

#![expect(clippy::print_stdout, reason = "they are worth a look")]

use std::collections::BTreeMap;

use bench::round_trips::{self, RoundTrips, Server};

#[tokio::test]
async fn no_request_makes_more_calls_than_it_is_to() {
    let figures = round_trips::measure().await;
    println!("{}", figures.section().markdown);
    signing_in_makes_no_more_calls_in_sequence(&figures);
    a_message_is_one_transaction_and_one_job(&figures);
    a_list_from_the_cache_touches_no_table(&figures);
    a_page_costs_the_same_in_a_long_room(&figures);
    the_worker_answers_in_three_steps_however_many_rooms(&figures);
}

fn signing_in_makes_no_more_calls_in_sequence(figures: &RoundTrips) {
    for (request, state, depth) in [
        ("POST /auth/signup", "a new number", 1),
        ("POST /auth/send-otp", "the first code", 1),
        ("POST /auth/verify-otp", "the first time", 3),
        ("POST /auth/verify-otp", "a verified number", 3),
        ("POST /auth/login", "the right password", 3),
        ("POST /auth/refresh", "", 1),
    ] {
        let row = figures.row(request, state);
        assert_eq!(row.depth(), depth, "{request}, {state}: {:?}", row.kinds());
    }
}

fn a_message_is_one_transaction_and_one_job(figures: &RoundTrips) {
    let row = figures.row("POST /chatroom/{id}/message", "Pro, no cache");
    assert_eq!(row.kinds(), ["DynamoDB TransactWriteItems", "SQS SendMessage"]);
    assert_eq!(row.depth(), 2);
    let row = figures.row("POST /chatroom/{id}/message", "Basic, no cache");
    assert_eq!(row.depth(), 2, "what the headers tell costs no time");
}

fn a_list_from_the_cache_touches_no_table(figures: &RoundTrips) {
    let hit = figures.row("GET /chatroom", "10 rooms, a hit");
    assert_eq!(hit.kinds(), ["Valkey EVAL"]);
    let uncached = figures.row("GET /chatroom", "10 rooms, no cache");
    assert_eq!(uncached.kinds(), ["DynamoDB Query"]);
}

fn a_page_costs_the_same_in_a_long_room(figures: &RoundTrips) {
    let page = |state| figures.row("GET /chatroom/{id}/messages", state);
    let (short, long) = (page("a page of 10, all there are"), page("a page of 10 of 1,000"));
    assert_eq!(short.steps, long.steps);
    // One message more is read, which tells that there is another page.
    assert!(long.read_units - short.read_units <= 1.0);
}

fn the_worker_answers_in_three_steps_however_many_rooms(figures: &RoundTrips) {
    let [one, ten] = &figures.worker;
    assert_eq!(one.depth(), 3, "{:?}", one.steps);
    assert_eq!(ten.depth(), 3, "{:?}", ten.steps);
    let calls = |server| (one.calls(server) * 10, ten.calls(server));
    let all = [Server::DynamoDb, Server::Gemini].map(|server| (server, calls(server)));
    for (server, (ten_times_one, ten)) in BTreeMap::from(all) {
        assert_eq!(ten_times_one, ten, "{server:?}");
    }
}
