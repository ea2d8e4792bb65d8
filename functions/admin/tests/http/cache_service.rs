//! What ElastiCache says of the cache, in its own wire format: forms in, XML out
//! (<https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeServerlessCaches.html>).

use std::future::pending;

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode},
    response::IntoResponse,
    routing::post,
};
use serde_json::{Value, json};

use crate::host::{Host, serve};

/// An ElastiCache that answers this to who asks about the cache `parley`.
async fn elasticache(status: u16, body: String) -> String {
    let answer = async move |headers: HeaderMap, form: Bytes| {
        let mut form: Vec<_> = form.split(|byte| *byte == b'&').collect();
        form.sort_unstable();
        let expected: [&[u8]; 3] = [
            b"Action=DescribeServerlessCaches",
            b"ServerlessCacheName=parley",
            b"Version=2015-02-02",
        ];
        assert_eq!(form, expected);
        assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
        let signature = headers["authorization"].to_str().unwrap();
        assert!(signature.contains("/us-east-1/elasticache/aws4_request"), "{signature}");
        let status = StatusCode::from_u16(status).unwrap();
        (status, [("content-type", "text/xml")], body).into_response()
    };
    serve(Router::new().route("/", post(answer))).await
}

fn described(caches: &str) -> String {
    format!(
        r#"<DescribeServerlessCachesResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
          <DescribeServerlessCachesResult>
            <ServerlessCaches>{caches}</ServerlessCaches>
          </DescribeServerlessCachesResult>
          <ResponseMetadata><RequestId>c9f1b6ff</RequestId></ResponseMetadata>
        </DescribeServerlessCachesResponse>"#
    )
}

fn cache(status: &str) -> String {
    described(&format!(
        "<member>
           <ServerlessCacheName>parley</ServerlessCacheName>
           <CreateTime>2026-11-20T09:00:00.123Z</CreateTime>
           <Status>{status}</Status>
           <Engine>valkey</Engine>
           <MajorEngineVersion>9</MajorEngineVersion>
           <FullEngineVersion>9.0</FullEngineVersion>
           <Endpoint>
             <Address>parley-ab12cd.serverless.use1.cache.amazonaws.com</Address>
             <Port>6379</Port>
           </Endpoint>
           <ARN>arn:aws:elasticache:us-east-1:123456789012:serverlesscache:parley</ARN>
         </member>"
    ))
}

fn error(code: &str) -> String {
    format!(
        r#"<ErrorResponse xmlns="http://elasticache.amazonaws.com/doc/2015-02-02/">
          <Error><Type>Sender</Type><Code>{code}</Code><Message>No such cache.</Message></Error>
          <RequestId>c9f1b6ff</RequestId>
        </ErrorResponse>"#
    )
}

/// What is shown where ElastiCache is at `url`.
async fn shown(host: &Host, url: String) -> Value {
    let env = host
        .env
        .clone()
        .with("VALKEY_URL", "off")
        .with("VALKEY_IAM_USER", "parley")
        .with("VALKEY_IAM_CACHE", "parley")
        .with("AWS_ENDPOINT_URL_ELASTICACHE", url);
    let status = host.look_at(&env).await;
    let is_well = status["cache_service"]["status"] == "ok";
    let unwell = if is_well { json!([]) } else { json!(["cache_service"]) };
    assert_eq!(status["needs_attention"], unwell, "{status}");
    status["cache_service"].clone()
}

#[tokio::test]
async fn a_cache_that_serves_is_shown_with_its_endpoint_and_version() {
    let host = Host::start().await;
    for state in ["available", "AVAILABLE", "modifying"] {
        let url = elasticache(200, cache(state)).await;
        assert_eq!(
            shown(&host, url).await,
            json!({
                "status": "ok",
                "endpoint": "parley-ab12cd.serverless.use1.cache.amazonaws.com:6379",
                "engine": "valkey",
                "engine_version": "9.0",
            })
        );
    }
}

#[tokio::test]
async fn a_cache_that_does_not_serve_says_what_it_does_instead() {
    let host = Host::start().await;
    for state in ["creating", "deleting", "create-failed"] {
        let url = elasticache(200, cache(state)).await;
        let expected = json!({ "status": "not_ready", "state": state });
        assert_eq!(shown(&host, url).await, expected);
    }
}

#[tokio::test]
async fn a_cache_that_elasticache_does_not_know_is_missing() {
    let host = Host::start().await;
    for url in [
        elasticache(404, error("ServerlessCacheNotFoundFault")).await,
        elasticache(200, described("")).await,
    ] {
        assert_eq!(shown(&host, url).await, json!({ "status": "missing" }));
    }
}

#[tokio::test]
async fn an_elasticache_that_refuses_is_down_or_hangs_is_unreachable() {
    let host = Host::start().await;
    let hanging = Router::new().fallback(pending::<StatusCode>);
    for url in [
        elasticache(403, error("AccessDenied")).await,
        elasticache(200, "no XML".to_owned()).await,
        "http://127.0.0.1:1".to_owned(),
        serve(hanging).await,
    ] {
        assert_eq!(shown(&host, url).await, json!({ "status": "unreachable" }));
    }
}

#[tokio::test]
async fn where_the_cache_is_none_of_elasticaches_it_is_not_asked() {
    let host = Host::start().await;
    let asked = async || -> StatusCode { panic!("it was asked") };
    let url = serve(Router::new().fallback(asked)).await;
    let status = host.status_in(&host.env.clone().with("AWS_ENDPOINT_URL_ELASTICACHE", url)).await;
    assert_eq!(status.get("cache_service"), None);
}
