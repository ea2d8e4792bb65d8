//! The calls of AWS's own APIs that deploying and watching a stack take, in the protocols of their
//! services. They go to the emulator, which checks the signatures of the functions' roles but not
//! those of the account's root: so there is none here, only the name of the key.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Method, header};
use serde_json::Value;

/// The region and the account of all rehearsals.
pub const REGION: &str = "us-east-1";
/// The account.
pub const ACCOUNT: &str = "123456789012";
/// The key of the account's root, and its secret.
pub const ROOT: &str = "rehearsal";

const TIMEOUT: Duration = Duration::from_secs(130);

/// A client of the emulator. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Aws {
    endpoint: String,
    http: reqwest::Client,
}

impl Aws {
    /// A client of the emulator at `endpoint`.
    #[must_use]
    pub fn new(endpoint: String) -> Self {
        crate::api::install_tls();
        let http = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().tls_certs_only([]);
        Self { endpoint, http: http.build().unwrap() }
    }

    /// Where the emulator is.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Whether the emulator serves.
    pub async fn is_up(&self) -> bool {
        let answer = self.http.get(format!("{}/_ministack/health", self.endpoint)).send().await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// A call in the query protocol (CloudFormation, IAM): the answer's XML.
    pub async fn query(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", action).append_pair("Version", version(service));
        form.extend_pairs(parameters);
        let media_type = "application/x-www-form-urlencoded";
        let request = self
            .request(service, Method::POST, "/")
            .header(header::CONTENT_TYPE, media_type)
            .body(form.finish());
        answer(action, request).await
    }

    /// A call in the JSON protocol (SSM, SQS, CloudWatch Logs); `target` as in `X-Amz-Target`.
    pub async fn json(&self, service: &str, target: &str, input: &Value) -> Value {
        let request = self
            .request(service, Method::POST, "/")
            .header(header::CONTENT_TYPE, "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .body(input.to_string());
        parse(&answer(target, request).await)
    }

    /// A call of a REST API (Lambda, API Gateway).
    pub async fn rest(&self, service: &str, method: Method, path: &str, input: &Value) -> Value {
        let request = self
            .request(service, method, path)
            .header(header::CONTENT_TYPE, "application/json")
            .body(input.to_string());
        parse(&answer(path, request).await)
    }

    /// Puts a bucket, or an object into one (S3).
    pub async fn put(&self, path: &str, content: String) {
        answer(path, self.request("s3", Method::PUT, path).body(content)).await;
    }

    /// Invokes a function and waits for what it gives.
    pub async fn invoke(&self, function: &str, event: &Value) -> Value {
        let path = format!("/2015-03-31/functions/{function}/invocations");
        self.rest("lambda", Method::POST, &path, event).await
    }

    fn request(&self, service: &str, method: Method, path: &str) -> reqwest::RequestBuilder {
        let scope = format!("{ROOT}/20260101/{REGION}/{service}/aws4_request");
        let nobody_checks =
            format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none");
        let url = format!("{}{path}", self.endpoint);
        self.http.request(method, url).header(header::AUTHORIZATION, nobody_checks)
    }
}

async fn answer(what: &str, request: reqwest::RequestBuilder) -> String {
    let response = request.send().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let status = response.status();
    let body = response.text().await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert!(status.is_success(), "{what}: {status} {body}");
    body
}

fn parse(body: &str) -> Value {
    serde_json::from_str(body).unwrap_or_default()
}

fn version(service: &str) -> &'static str {
    match service {
        "cloudformation" => "2010-05-15",
        "iam" => "2010-05-08",
        other => panic!("{other} does not speak the query protocol here"),
    }
}

/// The texts of all elements with this name, in order; the answers have no attributes.
#[must_use]
pub fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let pieces = xml.split(&open).skip(1);
    pieces.filter_map(|piece| Some(unescaped(piece.split_once(&close)?.0))).collect()
}

/// The values of a list of keys and values, by their keys.
#[must_use]
pub fn pairs(xml: &str, key: &str, value: &str) -> BTreeMap<String, String> {
    elements(xml, key).into_iter().zip(elements(xml, value)).collect()
}

fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#x27;", "'"),
        ("&apos;", "'"),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_read_in_order_and_without_their_escapes() {
        let xml = "<a><k>x</k><v>1 &lt; 2 &amp;amp; 3</v></a><a><k>y</k><v>two</v></a>";
        assert_eq!(elements(xml, "k"), ["x", "y"]);
        assert_eq!(pairs(xml, "k", "v")["x"], "1 < 2 &amp; 3");
    }
}
