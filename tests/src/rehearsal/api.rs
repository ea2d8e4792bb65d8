//! The HTTP API's definition. CloudFormation imports the OpenAPI document that SAM makes of the
//! functions' events; the emulator makes the API and leaves the document unread. So what it says is
//! done here, through API Gateway's own API.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::stack::Stack;

/// Makes the integrations and routes of `body`, and sets its CORS configuration.
pub(super) async fn import(stack: &Stack, body: &Value) {
    let api = format!("/v2/apis/{}", stack.id("HttpApi"));
    let call = async |method, path: &str, input: &Value| {
        stack.aws.rest("apigateway", method, &format!("{api}{path}"), input).await
    };
    let mut cors = body["x-amazon-apigateway-cors"].clone();
    // The emulator's processed template has the parameter's default here.
    assert_eq!(cors["allowOrigins"].as_array().map(Vec::len), Some(1), "one origin: {cors}");
    cors["allowOrigins"] = json!([stack.parameters["FrontendUrl"]]);
    call(Method::PATCH, "", &json!({"corsConfiguration": cors})).await;

    let mut targets = BTreeMap::new();
    for (path, methods) in body["paths"].as_object().expect("the document has paths") {
        for (method, operation) in methods.as_object().unwrap() {
            let integration = &operation["x-amazon-apigateway-integration"];
            let function = function(integration);
            if !targets.contains_key(function) {
                let input = json!({
                    "integrationType": "AWS_PROXY",
                    "integrationMethod": integration["httpMethod"],
                    "integrationUri": stack.function_arn(function),
                    "payloadFormatVersion": integration["payloadFormatVersion"],
                });
                let made = call(Method::POST, "/integrations", &input).await;
                targets.insert(function, made["integrationId"].as_str().unwrap().to_owned());
            }
            let route = json!({
                "routeKey": format!("{} {path}", method.to_uppercase()),
                "target": format!("integrations/{}", targets[function]),
            });
            call(Method::POST, "/routes", &route).await;
        }
    }
}

/// The function that an integration calls: its address is `…/functions/${<function>.Arn}/invocations`.
fn function(integration: &Value) -> &str {
    let address = integration["uri"]["Fn::Sub"].as_str().unwrap_or_default();
    let function =
        address.split_once("/functions/${").and_then(|(_, name)| name.split_once(".Arn}"));
    function.unwrap_or_else(|| panic!("no function is integrated: {integration}")).0
}
