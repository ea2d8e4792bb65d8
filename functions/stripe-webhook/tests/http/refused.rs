//! What is no delivery of Stripe's: refused, with nothing read, asked or written.

use axum::{
    body::{Body, Bytes},
    http::{Method, Request},
};
use futures_util::stream;
use local::testing::Answer;

use crate::host::{Host, NOBODY, post};

/// An event about a real customer: it would be applied if it were signed.
async fn about_somebody(host: &Host) -> String {
    let buyer = host.buyer().await;
    let paid = host.stripe.pay(&buyer.session).unwrap();
    let events = host.stripe.events();
    events.into_iter().find(|event| event.id == paid.events[0].id).unwrap().body
}

#[tokio::test]
async fn what_stripe_has_not_signed_is_refused() {
    let host = Host::start().await;
    let body = about_somebody(&host).await;
    let good = host.signature(&body);
    let v1 = good.split_once("v1=").unwrap().1;
    let of_another = host.signature("{}");
    let forged = host.signature_by("whsec_of_somebody_else", &body);
    let only_v0 = good.replace("v1=", "v0=");
    let before = host.items().await;
    for signature in ["", "v1", v1, "t=,v1=", &of_another, &forged, &only_v0, &format!("v1={v1}")] {
        let answer = post(&host.router, signature, body.clone()).await;
        answer.assert_problem(400, "invalid_signature");
    }
    let unsigned = Request::post("/webhook/stripe").body(Body::from(body.clone())).unwrap();
    Answer::of(host.router.clone(), unsigned).await.assert_problem(400, "invalid_signature");
    let garbled = Request::post("/webhook/stripe")
        .header("stripe-signature", b"\xfft=1,v1=\xff".as_slice())
        .body(Body::from(body.clone()))
        .unwrap();
    Answer::of(host.router.clone(), garbled).await.assert_problem(400, "invalid_signature");
    host.assert_untouched(&before).await;
    assert_eq!(post(&host.router, &good, body).await.status, 200);
}

#[tokio::test]
async fn what_was_altered_on_its_way_is_refused() {
    let host = Host::start().await;
    let body = about_somebody(&host).await;
    let good = host.signature(&body);
    let before = host.items().await;
    let truncated = &body[..body.len() - 1];
    let renamed = body.replace("customer.subscription.created", "customer.subscription.deleted");
    let compact: serde_json::Value = serde_json::from_str(&body).unwrap();
    for altered in [truncated, &renamed, &compact.to_string(), &format!("{body}\n"), ""] {
        let answer = post(&host.router, &good, altered.to_owned()).await;
        answer.assert_problem(400, "invalid_signature");
    }
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_on_either_side() {
    let host = Host::start().await;
    let body = about_somebody(&host).await;
    let signed = host.now();
    let signature = host.signature(&body);
    let before = host.items().await;
    for seconds in [-301, 301, 86_400] {
        host.clock.set(signed + jiff::SignedDuration::from_secs(seconds));
        let answer = post(&host.router, &signature, body.clone()).await;
        answer.assert_problem(400, "invalid_signature");
    }
    host.assert_untouched(&before).await;
    for seconds in [-300, 300] {
        host.clock.set(signed + jiff::SignedDuration::from_secs(seconds));
        assert_eq!(post(&host.router, &signature, body.clone()).await.status, 200);
    }
}

#[tokio::test]
async fn a_megabyte_is_refused_whether_or_not_its_length_is_declared() {
    let host = Host::start().await;
    let body = format!("{{\"id\":\"evt_1\",\"type\":\"{}\"}}", "x".repeat(1024 * 1024));
    let signature = host.signature(&body);
    let before = host.items().await;
    let declared = post(&host.router, &signature, body.clone()).await;
    declared.assert_problem(413, "body_too_large");

    let chunks = body.as_bytes().chunks(8 * 1024).map(Bytes::copy_from_slice).map(Ok::<_, &str>);
    let streamed = Body::from_stream(stream::iter(chunks.collect::<Vec<_>>()));
    post(&host.router, &signature, streamed).await.assert_problem(413, "body_too_large");
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn the_largest_body_is_taken() {
    let host = Host::start().await;
    let event = |fill: usize| {
        let fill = "x".repeat(fill);
        format!("{{\"id\":\"evt_1\",\"type\":\"invoice.paid\",\"fill\":\"{fill}\"}}")
    };
    let largest = event(256 * 1024 - event(0).len());
    assert_eq!(host.post(&largest).await.status, 200);
    host.post(&format!("{largest} ")).await.assert_problem(413, "body_too_large");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused() {
    let host = Host::start().await;
    let body = about_somebody(&host).await;
    let before = host.items().await;
    let begun = Ok(Bytes::from(body[..100].to_owned()));
    let broken = Body::from_stream(stream::iter([begun, Err("the connection is gone")]));
    let answer = post(&host.router, &host.signature(&body), broken).await;
    answer.assert_problem(400, "unreadable_body");
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn what_is_signed_but_no_event_is_refused() {
    let host = Host::start().await;
    let before = host.items().await;
    let deep = "[".repeat(100_000);
    for body in [
        "",
        "event",
        "{\"id\":\"evt_1\"",
        &deep,
        "[]",
        "\"evt_1\"",
        "{}",
        r#"{"id":"evt_1"}"#,
        r#"{"type":"invoice.paid"}"#,
        r#"{"id":"evt_1","type":5}"#,
        r#"{"id":"evt_1#owner","type":"invoice.paid"}"#,
        r#"{"id":"evt_1","type":""}"#,
    ] {
        let answer = host.post(body).await;
        assert_eq!(answer.status, 400, "{}", &body[..body.len().min(60)]);
        answer.assert_problem(400, "invalid_event");
    }
    host.assert_untouched(&before).await;
}

#[tokio::test]
async fn a_forgery_costs_nothing_of_what_stands_behind() {
    let host = Host::start().await;
    let body = about_somebody(&host).await;
    let router = host.router_with("AWS_ENDPOINT_URL_DYNAMODB", NOBODY).await;
    let forged = host.signature_by("whsec_of_somebody_else", &body);
    post(&router, &forged, body).await.assert_problem(400, "invalid_signature");
}

#[tokio::test]
async fn there_is_nothing_but_the_two_paths_and_post() {
    let host = Host::start().await;
    for (method, path, status, code) in [
        (Method::GET, "/webhook/stripe", 405, "method_not_allowed"),
        (Method::PUT, "/subscribe/webhook", 405, "method_not_allowed"),
        (Method::POST, "/webhook", 404, "not_found"),
        (Method::POST, "/webhook/stripe/", 404, "not_found"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        Answer::of(host.router.clone(), request).await.assert_problem(status, code);
    }
}
