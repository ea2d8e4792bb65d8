//! The way in from API Gateway.

use axum::Router;
use lambda_http::{Error, LambdaEvent, request::LambdaRequest};

use super::layers::service;

/// Serves `router` as a Lambda function.
///
/// # Errors
/// The runtime can't go on.
pub async fn run(router: Router) -> Result<(), Error> {
    let adapter = lambda_http::Adapter::from(service(router));
    let tidied = lambda_http::tower::ServiceBuilder::new().map_request(tidied).service(adapter);
    lambda_http::lambda_runtime::run(tidied).await
}

/// `event` such that a request can be made of it: `lambda_http` puts an address together of what the
/// client sent, and panics where that is none (RFC 3986). API Gateway hands a query on as it came.
#[must_use]
pub fn tidied(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV2(request) = &mut event.payload {
        request.raw_query_string = request.raw_query_string.take().map(|query| encoded(&query));
        // The scheme of that address; nobody asks for it.
        request.headers.remove("x-forwarded-proto");
    }
    event
}

/// `query` with everything percent-encoded that a query does not hold (RFC 3986, section 3.4).
fn encoded(query: &str) -> String {
    use std::fmt::Write as _;
    let mut encoded = String::with_capacity(query.len());
    for byte in query.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte) {
            encoded.push(byte.into());
        } else {
            // Writing to a string does not fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_query_stays_as_it_is() {
        for query in ["", "limit=10&cursor=QQ", "a=%20b&c=/?:@-._~!$'()*+,;", "a=%zz"] {
            assert_eq!(encoded(query), query);
        }
    }

    #[test]
    fn what_is_none_becomes_one() {
        assert_eq!(encoded("a=\"b c\"<\\>"), "a=%22b%20c%22%3C%5C%3E");
        assert_eq!(encoded("é\u{7f}\u{0}#"), "%C3%A9%7F%00%23");
    }
}
