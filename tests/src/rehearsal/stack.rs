//! A stack of the template in the emulator.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    api,
    aws::{ACCOUNT, Aws, REGION, elements, pairs},
};
use crate::{PATIENCE, eventually, random_digits};

/// Where the template of `sam deploy` is kept, for the tests: a bucket and an object.
const PACKAGED: &str = "/parley-rehearsal/packaged-template";

/// A stack: its resources by the names that the template gives them.
#[derive(Debug, Clone)]
pub struct Stack {
    /// The emulator.
    pub aws: Aws,
    /// The stack's name.
    pub name: String,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
    resources: BTreeMap<String, String>,
}

impl Stack {
    /// The stack of that name, which is there already.
    pub async fn find(aws: Aws, name: &str) -> Self {
        let described = aws.query("cloudformation", "DescribeStacks", &[("StackName", name)]).await;
        let resources =
            aws.query("cloudformation", "DescribeStackResources", &[("StackName", name)]).await;
        Self {
            name: name.to_owned(),
            parameters: pairs(&described, "ParameterKey", "ParameterValue"),
            resources: pairs(&resources, "LogicalResourceId", "PhysicalResourceId"),
            aws,
        }
    }

    /// Another stack of this one's template, as `sam deploy` has packaged it, with these parameters in
    /// place of this one's.
    pub async fn again(&self, name: &str, changed: &BTreeMap<String, String>) -> Self {
        let mut parameters = self.parameters.clone();
        parameters.extend(changed.clone());
        let mut input = vec![
            ("StackName".to_owned(), name.to_owned()),
            ("TemplateURL".to_owned(), format!("{}{PACKAGED}", self.aws.endpoint())),
            ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
            ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
        ];
        for (index, (key, value)) in parameters.into_iter().enumerate() {
            let member = format!("Parameters.member.{}", index + 1);
            input.push((format!("{member}.ParameterKey"), key));
            input.push((format!("{member}.ParameterValue"), value));
        }
        let input: Vec<_> =
            input.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        self.aws.query("cloudformation", "CreateStack", &input).await;
        let name = [("StackName", name)];
        eventually("the stack is made", PATIENCE, async || {
            let described = self.aws.query("cloudformation", "DescribeStacks", &name).await;
            let status = elements(&described, "StackStatus").remove(0);
            assert!(
                ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"].contains(&&*status),
                "the stack was not made: {described}"
            );
            (status == "CREATE_COMPLETE").then_some(())
        })
        .await;
        let stack = Self::find(self.aws.clone(), name[0].1).await;
        stack.complete().await;
        stack
    }

    /// Makes the packaged template available to [`Self::again`]: it is too long to be sent along.
    pub async fn publish(&self) {
        let (bucket, _) = PACKAGED.rsplit_once('/').expect("an object lies in a bucket");
        self.aws.put(bucket, String::new()).await;
        self.aws.put(PACKAGED, self.template("Original").await).await;
    }

    /// Does what the emulator leaves undone of a deployment: see `docs/testing.md`.
    pub async fn complete(&self) {
        let template: Value = serde_json::from_str(&self.template("Processed").await).unwrap();
        api::import(self, &template["Resources"]["HttpApi"]["Properties"]["Body"]).await;
        let name = &self.name;
        let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-messages.fifo");
        for (role, resource) in template["Resources"].as_object().unwrap() {
            if resource["Type"] != "AWS::IAM::Role" {
                continue;
            }
            let may = |action: &str| resource.to_string().contains(&format!("\"{action}\""));
            if may("ssm:GetParameters") {
                // It reads no names in a call, and so holds it against the resource `*`.
                self.allow(role, "ssm:GetParameters", "*").await;
            }
            if may("sqs:ChangeMessageVisibility") {
                // In AWS the call for many is authorised as the one for one.
                self.allow(role, "sqs:ChangeMessageVisibilityBatch", &queue).await;
            }
        }
    }

    /// What the emulator's evaluation of IAM policies needs beyond AWS's.
    async fn allow(&self, role: &str, action: &str, resource: &str) {
        let policy = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": action, "Resource": resource,
        }});
        let input = [
            ("RoleName", self.id(role)),
            ("PolicyName", &format!("emulator-{}", action.replace(':', "-"))),
            ("PolicyDocument", &policy.to_string()),
        ];
        self.aws.query("iam", "PutRolePolicy", &input).await;
    }

    /// Takes the policy that the template gives a function's role: its name is the function's.
    pub async fn deny_all(&self, role: &str, policy: &str) {
        let input = [("RoleName", self.id(role)), ("PolicyName", policy)];
        self.aws.query("iam", "DeleteRolePolicy", &input).await;
    }

    /// The template, `Original` or `Processed`.
    async fn template(&self, stage: &str) -> String {
        let input = [("StackName", &*self.name), ("TemplateStage", stage)];
        let got = self.aws.query("cloudformation", "GetTemplate", &input).await;
        elements(&got, "TemplateBody").remove(0)
    }

    /// Deletes it, with its functions' processes.
    pub async fn delete(&self) {
        self.aws.query("cloudformation", "DeleteStack", &[("StackName", &self.name)]).await;
    }

    /// The physical id of a resource.
    #[must_use]
    pub fn id(&self, resource: &str) -> &str {
        self.resources.get(resource).unwrap_or_else(|| panic!("the stack has no {resource}"))
    }

    /// The ARN of a function.
    #[must_use]
    pub fn function_arn(&self, function: &str) -> String {
        format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}", self.id(function))
    }

    /// Puts a secret of the stack's.
    pub async fn put_secret(&self, name: &str, value: &str) {
        put_parameter(&self.aws, &self.name, name, value, "SecureString").await;
    }

    /// Turns the mapping between queue and worker on or off.
    pub async fn map_queue(&self, on: bool) {
        let mapping = self.id("GeminiWorkerFunctionMessages");
        let path = format!("/2015-03-31/event-source-mappings/{mapping}");
        self.aws.rest("lambda", Method::PUT, &path, &json!({"Enabled": on})).await;
    }

    /// Sets attributes of a queue.
    pub async fn set_queue(&self, queue: &str, attributes: &Value) {
        let input = json!({"QueueUrl": self.id(queue), "Attributes": attributes});
        self.aws.json("sqs", "AmazonSQS.SetQueueAttributes", &input).await;
    }

    /// How many messages a queue holds, those under way included.
    pub async fn depth(&self, queue: &str) -> u64 {
        let names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"];
        let input = json!({"QueueUrl": self.id(queue), "AttributeNames": names});
        let got = self.aws.json("sqs", "AmazonSQS.GetQueueAttributes", &input).await;
        let number = |name| got["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
        names.into_iter().map(number).sum()
    }

    /// What the functions have printed since `from` (Unix milliseconds), one function after the other.
    pub async fn logs(&self, from: i64) -> String {
        let mut lines = String::new();
        for group in self.resources.keys().filter(|name| name.ends_with("Logs")) {
            lines += &self.log(group, from).await;
        }
        lines
    }

    /// What is in a log group since `from` (Unix milliseconds).
    pub async fn log(&self, group: &str, from: i64) -> String {
        let mut lines = String::new();
        let mut input = json!({"logGroupName": self.id(group), "startTime": from});
        loop {
            let got = self.aws.json("logs", "Logs_20140328.FilterLogEvents", &input).await;
            for event in got["events"].as_array().unwrap() {
                lines.push_str(event["message"].as_str().unwrap());
                lines.push('\n');
            }
            match &got["nextToken"] {
                Value::Null => return lines,
                token => input["nextToken"] = token.clone(),
            }
        }
    }

    /// Sends a message to a queue, in a group of its own or of another.
    pub async fn send(&self, queue: &str, group: &str, body: &str) {
        let input = json!({
            "QueueUrl": self.id(queue), "MessageBody": body, "MessageGroupId": group,
            "MessageDeduplicationId": random_digits(20),
        });
        self.aws.json("sqs", "AmazonSQS.SendMessage", &input).await;
    }

    /// Receives a message, if there is one, and deletes it; its group and its body.
    pub async fn take(&self, queue: &str) -> Option<(String, String)> {
        let input = json!({"QueueUrl": self.id(queue), "AttributeNames": ["All"]});
        let got = self.aws.json("sqs", "AmazonSQS.ReceiveMessage", &input).await;
        let message = got["Messages"].get(0)?;
        let input = json!({"QueueUrl": self.id(queue), "ReceiptHandle": message["ReceiptHandle"]});
        self.aws.json("sqs", "AmazonSQS.DeleteMessage", &input).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Some((text(&message["Attributes"]["MessageGroupId"]), text(&message["Body"])))
    }
}

/// Puts a parameter that a stack expects to be there before it is made.
pub async fn put_parameter(aws: &Aws, stack: &str, name: &str, value: &str, kind: &str) {
    let input = json!({
        "Name": format!("/{stack}/{name}"), "Value": value, "Type": kind, "Overwrite": true,
    });
    aws.json("ssm", "AmazonSSM.PutParameter", &input).await;
}
