//! Who may take a role, and who may use a resource besides: nobody but Lambda the first, and nobody
//! at all the second. `policies` holds what the roles themselves allow.

use serde_json::{Value, json};

use crate::{stack::Stack, support::Template};

/// Resources that hold a policy about others than the roles of the functions, and none of them gives
/// anybody more than a function's role does.
const RESOURCE_POLICIES: [&str; 2] = ["AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy"];

#[test]
fn only_lambda_takes_a_role() {
    for (role, properties) in Template::read().resources("AWS::IAM::Role") {
        let trust = &properties["AssumeRolePolicyDocument"]["Statement"];
        let lambda = json!([{
            "Effect": "Allow",
            "Principal": { "Service": "lambda.amazonaws.com" },
            "Action": "sts:AssumeRole",
        }]);
        assert_eq!(*trust, lambda, "{role}");
    }
}

#[test]
fn nothing_but_the_roles_and_the_tracing_policy_grants_anything() {
    let template = Template::read();
    let resources = template.0["Resources"].as_object().unwrap();
    for (id, resource) in resources {
        let kind = resource["Type"].as_str().unwrap();
        let is_known = match kind {
            "AWS::IAM::Role" => id.ends_with("Role"),
            "AWS::IAM::ManagedPolicy" => id == "TracingPolicy",
            _ => RESOURCE_POLICIES.contains(&kind),
        };
        let grants = ["IAM", "Policy", "Permission"].iter().any(|word| kind.contains(word));
        assert!(!grants || is_known, "{id}, a {kind}, is looked at by no test");
    }
    for (function, properties) in template.functions() {
        for more in ["Policies", "FunctionUrlConfig", "VpcConfig", "Layers"] {
            assert!(properties.get(more).is_none(), "{function} has {more}");
        }
    }
}

/// A queue's policy only forbids; the topic's lets alarms be published, by CloudWatch, of this account.
#[test]
fn a_policy_of_a_resource_lets_nobody_in() {
    let stack = Stack::production();
    for kind in RESOURCE_POLICIES {
        for (id, properties) in stack.template().resources(kind) {
            for statement in properties["PolicyDocument"]["Statement"].as_array().unwrap() {
                if statement["Effect"] == "Deny" {
                    let over_plain_http = json!({ "Bool": { "aws:SecureTransport": "false" } });
                    assert_eq!(statement["Condition"], over_plain_http, "{id}");
                    continue;
                }
                assert_eq!(
                    statement["Principal"],
                    json!({ "Service": "cloudwatch.amazonaws.com" })
                );
                assert_eq!(statement["Action"], "sns:Publish", "{id}");
                let account = &statement["Condition"]["StringEquals"]["aws:SourceAccount"];
                assert_eq!(account["Ref"], "AWS::AccountId", "{id}");
            }
        }
    }
}

/// Everything about access that stands in the template by name is one of those above.
#[test]
fn no_statement_says_all_but() {
    fn names(value: &Value) -> Vec<&str> {
        match value {
            Value::Object(object) => {
                let own = object.keys().map(String::as_str);
                own.chain(object.values().flat_map(names)).collect()
            }
            Value::Array(items) => items.iter().flat_map(names).collect(),
            _ => Vec::new(),
        }
    }
    let template = Template::read();
    for inverted in ["NotAction", "NotResource", "NotPrincipal"] {
        assert!(!names(&template.0["Resources"]).contains(&inverted), "{inverted}");
    }
}
