//! Time-outs: a function says that it has failed before it is cut off, and before whoever waits for
//! it gives up.

use std::time::Duration;

use shared::aws::OPERATION;

use crate::{agree, set, stack::Stack, support::Template};

/// How long API Gateway waits for a function
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>).
const GATEWAY: Duration = Duration::from_secs(30);

#[test]
fn every_function_outlives_one_call_of_aws_and_no_caller_gives_up_first() {
    for (name, function) in Template::read().functions() {
        let timeout = timeout(name);
        assert!(timeout > OPERATION, "{name} is cut off in the midst of a call of DynamoDB");
        let mut events = function["Events"].as_object().unwrap().values();
        if events.any(|event| event["Type"] == "HttpApi") {
            assert!(timeout < GATEWAY, "{name}: the API answers 503 before the function does");
        }
    }
}

/// What bounds itself as a whole, and by how much.
const BOUND: [(&str, Duration); 5] = [
    ("user", user::DELETION),
    ("subscription", subscription::REQUEST.saturating_add(subscription::REMEMBERING)),
    ("stripe-webhook", stripe_webhook::DELIVERY),
    // A call that is under way at the bound is given up at once; what is left is the report.
    ("sweeper", sweeper::PURGE_UNTIL),
    ("reconciler", reconciler::UNTIL),
];

/// What has no bound of the whole, and why it needs none.
const UNBOUND: [(&str, &str); 5] = [
    ("auth", "a few calls of DynamoDB and one of the SMS service, each with its own bound"),
    ("chatroom", "a few calls of DynamoDB and SQS, each with its own bound"),
    ("admin", "asks all parts at once, for two seconds at most"),
    ("docs", "calls nobody"),
    ("gemini-worker", "its longest call has a test of its own, below"),
];

#[test]
fn every_function_bounds_itself_or_says_why_not() {
    let known = BOUND.iter().map(|(name, _)| *name).chain(UNBOUND.iter().map(|(name, _)| *name));
    let template = Template::read();
    let functions = template.functions().into_iter().map(|(name, _)| name);
    agree("what is bound", &set(functions), "the two lists", &set(known));
}

#[test]
fn what_bounds_itself_ends_before_it_is_cut_off() {
    for (function, bound) in BOUND {
        let timeout = timeout(function);
        let spare = timeout.saturating_sub(bound);
        assert!(spare >= Duration::from_secs(2), "{function}: {bound:?} of {timeout:?}");
    }
}

#[test]
fn the_worker_has_time_for_the_longest_call_of_the_model_and_what_comes_after() {
    let template = Template::read();
    let longest = template.0["Parameters"]["GeminiTimeoutSeconds"]["MaxValue"].as_u64().unwrap();
    let longest = Duration::from_secs(longest) + gemini_worker::MARGIN;
    assert!(timeout("gemini-worker") >= longest, "GeminiTimeoutSeconds may be too long");
}

#[test]
fn a_schedule_does_not_overtake_itself() {
    for function in ["sweeper", "reconciler"] {
        assert!(timeout(function) <= local::deployed::EVERY, "{function}");
    }
}

/// A function's time-out: its own, or that of all.
fn timeout(function: &str) -> Duration {
    let stack = Stack::staging();
    let functions = stack.template().functions();
    let (_, properties) = functions.iter().find(|(name, _)| *name == function).unwrap();
    let of_all = &stack.template().0["Globals"]["Function"]["Timeout"];
    let seconds = properties["Timeout"].as_u64().or(of_all.as_u64());
    Duration::from_secs(seconds.unwrap())
}
