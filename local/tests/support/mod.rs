//! What several of these tests read: `template.yaml` as data, and DynamoDB in its own wire format.

use std::{
    fs,
    path::{Path, PathBuf},
};

use axum::{
    body::{Body, to_bytes},
    http::Request,
};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;

/// The folder of the repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What the DynamoDB at `url` answers to a request.
pub(crate) async fn ask(url: &str, operation: &str, request: &Value) -> Value {
    let request = Request::post(url)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amz-target", format!("DynamoDB_20120810.{operation}"))
        .header("x-amz-date", "20261121T120000Z")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=local, SignedHeaders=-, Signature=-")
        .body(Body::from(request.to_string()))
        .unwrap();
    let http = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let answer = http.request(request).await.unwrap();
    let body = to_bytes(Body::new(answer.into_body()), usize::MAX).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// `template.yaml`, with CloudFormation's tags in their long form: `!Ref X` is `{"Ref": "X"}`,
/// `!GetAtt X.Arn` is `{"Fn::GetAtt": "X.Arn"}`.
pub(crate) struct Template(pub(crate) Value);

impl Template {
    pub(crate) fn read() -> Self {
        let text = fs::read_to_string(root().join("template.yaml")).unwrap();
        Self(long_form(serde_yaml_ng::from_str(&text).unwrap()))
    }

    /// The properties of the resource `id`; null where there is none.
    pub(crate) fn properties(&self, id: &str) -> &Value {
        &self.0["Resources"][id]["Properties"]
    }

    /// All resources of a type: their ids and properties.
    pub(crate) fn resources(&self, kind: &str) -> Vec<(&str, &Value)> {
        let all = self.0["Resources"].as_object().unwrap().iter();
        all.filter(|(_, resource)| resource["Type"] == kind)
            .map(|(id, resource)| (id.as_str(), &resource["Properties"]))
            .collect()
    }

    /// The functions: the names of their crates, and their properties.
    pub(crate) fn functions(&self) -> Vec<(&str, &Value)> {
        let functions = self.resources("AWS::Serverless::Function").into_iter();
        functions
            .map(|(_, function)| {
                let folder = function["CodeUri"].as_str().unwrap();
                (folder.strip_prefix("functions/").unwrap(), function)
            })
            .collect()
    }
}

/// CloudFormation's short form is a YAML tag, which `serde_yaml_ng` keeps as a tagged value.
fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => value.into(),
        Yaml::Number(number) => serde_json::to_value(number).unwrap(),
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        Yaml::Mapping(entries) => {
            let entry =
                |(key, value): (Yaml, Yaml)| (key.as_str().unwrap().to_owned(), long_form(value));
            Value::Object(entries.into_iter().map(entry).collect())
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = tag.trim_start_matches('!');
            let value = long_form(tagged.value);
            if name == "Ref" {
                json!({ "Ref": value })
            } else {
                json!({ format!("Fn::{name}"): value })
            }
        }
    }
}
