//! DynamoDB can't be reached.

use axum::body::Body;
use futures_util::future::join_all;
use local::testing::Answer;
use tokio::net::TcpListener;

use crate::host::{Host, opened};

#[tokio::test]
async fn without_dynamodb_everything_is_a_503_and_stripe_is_left_alone() {
    let host = Host::start().await;
    let ada = host.person().await;
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let instance = host.instance("AWS_ENDPOINT_URL_DYNAMODB", &format!("http://{port}")).await;
    let endpoints = [
        ("POST", "/subscribe/pro"),
        ("POST", "/subscribe/portal"),
        ("GET", "/subscribe/status"),
        ("GET", "/subscription/status"),
    ];
    let answers = join_all(endpoints.map(|(method, path)| {
        let request = host.request(&ada, method.parse().unwrap(), path);
        Answer::of(instance.clone(), request.body(Body::empty()).unwrap())
    }));
    for answer in answers.await {
        let problem = answer.assert_problem(503, "unavailable");
        assert!(answer.headers.contains_key("retry-after"));
        assert!(!problem.to_string().contains("DynamoDB"), "{problem}");
    }
    assert_eq!(host.calls(), Vec::<String>::new());
    opened(&host.subscribe(&ada).await);
}
