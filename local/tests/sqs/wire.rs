//! The bytes of SQS's JSON protocol, which the SDK hides.

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use local::sqs::{Sqs, router};
use serde_json::{Value, json};
use tower::ServiceExt;

/// What `action` answers to `body`.
async fn call(sqs: &Sqs, path: &str, action: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
    let request = Request::post(path)
        .header("host", "sqs.test:4100")
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("AmazonSQS.{action}"))
        .body(Body::from(body.to_owned()))
        .unwrap();
    let response = router(sqs.clone()).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn an_error_has_the_names_of_both_protocols() {
    let body = r#"{"QueueUrl":"http://sqs.test:4100/000000000000/none"}"#;
    let (status, headers, body) = call(&Sqs::default(), "/", "PurgeQueue", body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
    assert_eq!(headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    let message = "The specified queue does not exist.";
    assert_eq!(
        body,
        json!({ "__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": message })
    );
}

#[tokio::test]
async fn results_have_the_names_of_the_api() {
    let sqs = Sqs::default();
    let (status, headers, body) = call(&sqs, "/", "CreateQueue", r#"{"QueueName":"jobs"}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert!(headers.contains_key("x-amzn-requestid"));
    let url = "http://sqs.test:4100/000000000000/jobs";
    assert_eq!(body, json!({ "QueueUrl": url }));

    // Some SDKs post to the URL of the queue.
    let request = json!({ "QueueUrl": url, "MessageBody": "hello" }).to_string();
    let (_, _, sent) = call(&sqs, "/000000000000/jobs", "SendMessage", &request).await;
    assert_eq!(sent["MD5OfMessageBody"], "5d41402abc4b2a76b9719d911017c592");
    let request = json!({ "QueueUrl": url }).to_string();
    let (_, _, received) = call(&sqs, "/", "ReceiveMessage", &request).await;
    let message = &received["Messages"][0];
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["MD5OfBody"], sent["MD5OfMessageBody"]);
    assert_eq!(message["Body"], "hello");
    let (_, _, nothing) = call(&sqs, "/", "ReceiveMessage", &request).await;
    assert_eq!(nothing, json!({}));
}

#[tokio::test]
async fn what_is_not_a_request_is_refused() {
    let sqs = Sqs::default();
    let cases = [
        ("PurgeQueue", "{", "SerializationException"),
        ("PurgeQueue", r#"{"QueueUrl":7}"#, "SerializationException"),
        ("PurgeQueue", "", "MissingRequiredParameterException"),
        ("Dance", "{}", "UnknownOperationException"),
    ];
    for (action, body, expected) in cases {
        let (status, _, answer) = call(&sqs, "/", action, body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert_eq!(answer["__type"], format!("com.amazon.coral.service#{expected}"), "{body}");
    }
}
