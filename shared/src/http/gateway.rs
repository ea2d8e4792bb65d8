//! The way from API Gateway into a router: `lambda_http`, with what it would panic at taken out of the
//! event first. The gateway hands on what a client sends: a panic would be a client's to cause.

use axum::{Router, http::header};
use lambda_http::{
    Adapter, Error, LambdaEvent, Service, request::LambdaRequest, tower::ServiceExt,
};

use super::layers::service;

/// An event of API Gateway.
type GatewayEvent = LambdaEvent<LambdaRequest>;

/// Serves `router` as this Lambda: with the layers, for as long as the process lives.
pub async fn run(router: Router) -> Result<(), Error> {
    lambda_http::lambda_runtime::run(behind_gateway(service(router))).await
}

/// `router`, called with events of API Gateway.
pub fn behind_gateway(
    router: Router,
) -> impl Service<
    GatewayEvent,
    Response: serde::Serialize + Send,
    Error = std::convert::Infallible,
    Future: Send,
> + Clone {
    Adapter::from(router).map_request(harmless)
}

/// `lambda_http` makes a URL of the client's protocol and host, and of the query as it stands; where that
/// is none, it panics. No handler asks for protocol or host.
fn harmless(mut event: GatewayEvent) -> GatewayEvent {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.headers.remove("x-forwarded-proto");
        request.headers.remove(header::HOST);
        request.request_context.domain_name = None;
        request.raw_query_string = request.raw_query_string.as_deref().map(escaped);
        if let Some(path) = &mut request.raw_path
            && !path.starts_with('/')
        {
            path.insert(0, '/');
        }
    }
    event
}

/// A query with what no URI may hold percent-encoded (RFC 3986, section 3.4).
fn escaped(query: &str) -> String {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
    let escaped = query.bytes().map(|byte| {
        if is_fit(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    escaped.collect()
}

#[cfg(test)]
mod tests {
    use axum::{extract::RawQuery, routing::get};
    use lambda_http::Context;
    use serde_json::{Value, json};

    use super::*;

    /// What `GET /echo` with these headers and this query is told: the query, as it arrived.
    async fn echo(headers: Value, domain: &str, query: &str) -> Value {
        told("/echo", headers, domain, query).await
    }

    async fn told(path: &str, headers: Value, domain: &str, query: &str) -> Value {
        let payload = serde_json::from_value(json!({
            "version": "2.0", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": {
                "domainName": domain, "stage": "$default",
                "http": {"method": "GET", "path": path},
            },
            "isBase64Encoded": false,
        }));
        let event = LambdaEvent::new(payload.unwrap(), Context::default());
        let echo = get(async |RawQuery(query): RawQuery| query.unwrap_or_default());
        let router = Router::new().route("/echo", echo);
        serde_json::to_value(behind_gateway(router).oneshot(event).await.unwrap()).unwrap()
    }

    #[tokio::test]
    async fn whatever_protocol_and_host_a_client_claims_it_is_answered() {
        for proto in ["https", "", "https,http", "ftp", "a b", ":"] {
            for host in ["a.example", "", "a b", "[", "a.example:99999", "user@", "#"] {
                let headers = json!({"x-forwarded-proto": proto, "host": host});
                assert_eq!(echo(headers, host, "a=b").await["body"], "a=b", "{proto:?} {host:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_query_arrives_whatever_is_in_it() {
        for (sent, arrives) in [
            ("limit=5&cursor=a-b_c", "limit=5&cursor=a-b_c"),
            ("a=%20%2F+b", "a=%20%2F+b"),
            ("a=<b>&c=\"d\"", "a=%3Cb%3E&c=%22d%22"),
            ("a b\n#é", "a%20b%0A%23%C3%A9"),
            ("%", "%"),
        ] {
            let answer = echo(json!({"host": "a.example"}), "a.example", sent).await;
            assert_eq!(answer["body"], arrives, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_path_is_found_or_not() {
        for path in ["", "echo", ":99999", "//", "/é <", "/[", "/\\", "/?#"] {
            let answer = told(path, json!({}), "a.example", "").await;
            assert!([200, 404].contains(&answer["statusCode"].as_u64().unwrap()), "{path:?}");
        }
    }
}
