//! Policies: what a role allows is what its function does, and nothing else. Actions on tables are
//! measured, action by action, in `access_patterns`; here are all others.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    agree,
    environment::{Reads, all},
    functions::id,
    set,
    source::{of_file, of_function},
    stack::Stack,
};

/// The methods of `shared::queue::Queue` that call SQS, and the action that each takes.
const OF_THE_QUEUE: [(&str, &str); 4] = [
    ("warm_up", "sqs:GetQueueAttributes"),
    ("send", "sqs:SendMessage"),
    ("delay", "sqs:ChangeMessageVisibility"),
    ("depth", "sqs:GetQueueAttributes"),
];

/// What an event source mapping does in its function's name
/// (<https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html>).
const OF_A_MAPPING: [&str; 3] =
    ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];

#[tokio::test]
async fn every_role_allows_what_its_function_does_and_nothing_else() {
    let stack = Stack::production();
    for (function, reads) in all().await {
        let granted = granted(&stack, &function).into_iter();
        let granted = granted.filter(|grant| !grant.starts_with("dynamodb:")).collect();
        agree(&id(&function, "Role"), &granted, "the code", &needed(&stack, &function, &reads));
    }
}

#[tokio::test]
async fn a_function_is_told_of_the_tables_that_it_may_use_and_of_no_other() {
    let stack = Stack::production();
    for (function, reads) in all().await {
        let told = reads.set.iter().filter_map(|name| name.strip_suffix("_TABLE"));
        let told = told.map(str::to_lowercase).collect();
        let allowed = granted(&stack, &function).into_iter().filter_map(|grant| {
            let resource = grant.strip_prefix("dynamodb:")?.split_once(' ')?.1.to_owned();
            Some(resource.split_once("Table.Arn")?.0.to_lowercase())
        });
        agree(&function, &told, "its policy", &allowed.collect());
    }
}

#[test]
fn every_role_may_trace_and_has_no_other_policy_than_its_own() {
    let stack = Stack::production();
    for (role, properties) in stack.template().resources("AWS::IAM::Role") {
        let attached = properties["ManagedPolicyArns"].as_array().unwrap();
        assert_eq!(attached.len(), 1, "{role}");
        assert_eq!(attached[0]["Ref"], "TracingPolicy", "{role}");
        assert_eq!(properties["Policies"].as_array().unwrap().len(), 1, "{role}");
    }
    let tracing = &stack.template().properties("TracingPolicy")["PolicyDocument"]["Statement"];
    let actions = tracing[0]["Action"].as_array().unwrap();
    assert!(actions.iter().all(|action| action.as_str().unwrap().starts_with("xray:Put")));
    assert_eq!(tracing.as_array().unwrap().len(), 1);
}

#[test]
fn every_call_of_the_queue_has_its_action_here() {
    let source = of_file("shared/src/queue.rs");
    let methods = source.split("pubasyncfn").skip(1);
    let methods = methods.map(|rest| rest.split(['(', '<']).next().unwrap());
    assert_eq!(set(methods), set(OF_THE_QUEUE.map(|(method, _)| method)));
}

/// `action resource` for all that a function's role allows.
fn granted(stack: &Stack, function: &str) -> BTreeSet<String> {
    let mut granted = BTreeSet::new();
    for statement in stack.statements(&id(function, "Role")) {
        assert_eq!(statement["Effect"], "Allow");
        for action in stack.texts(&statement["Action"]) {
            assert!(!action.contains('*'), "{function}: {action}");
            for resource in stack.texts(&statement["Resource"]) {
                assert!(!resource.contains('*'), "{function}: {resource}");
                granted.insert(format!("{action} {resource}"));
            }
        }
    }
    granted
}

/// The same for what it does, tables aside.
fn needed(stack: &Stack, function: &str, reads: &Reads) -> BTreeSet<String> {
    let functions = stack.template().functions();
    let (_, properties) = functions.iter().find(|(name, _)| *name == function).unwrap();
    let environment = stack.environment(properties);
    let mut needed = BTreeMap::from([
        ("logs:CreateLogStream", vec![id(function, "Logs.Arn")]),
        ("logs:PutLogEvents", vec![id(function, "Logs.Arn")]),
    ]);
    let parameters = reads.asked.iter().filter(|name| name.ends_with("_PARAMETER"));
    let parameters: Vec<_> = parameters
        .map(|name| format!("arn:aws:ssm:eu-central-1:123456789012:parameter{}", environment[name]))
        .collect();
    if !parameters.is_empty() {
        needed.insert("ssm:GetParameters", parameters);
    }
    if reads.asked.contains("VALKEY_URL") {
        let resources = ["Cache.ARN", "CacheUser.Arn"].map(str::to_owned).to_vec();
        needed.insert("elasticache:Connect", resources);
    }
    if let Some(sender) = environment.get("SMS_ORIGINATION_IDENTITY") {
        needed.insert("sms-voice:SendTextMessage", vec![sender.clone()]);
    }
    let source = of_function(function);
    let queues = [
        ("MESSAGE_QUEUE_URL", "MessageQueue.Arn"),
        ("DEAD_LETTER_QUEUE_URL", "DeadLetterQueue.Arn"),
    ];
    let queues = queues.into_iter().filter(|(name, _)| reads.asked.contains(*name));
    let queues: Vec<_> = queues.map(|(_, queue)| queue.to_owned()).collect();
    for (method, action) in OF_THE_QUEUE {
        if source.contains(&format!("queue.{method}(")) {
            needed.insert(action, queues.clone());
        }
    }
    if source.contains(".describe_serverless_caches()") {
        needed.insert("elasticache:DescribeServerlessCaches", vec!["Cache.ARN".to_owned()]);
    }
    let events = properties["Events"].as_object().unwrap().values();
    if events.into_iter().any(|event| event["Type"] == "SQS") {
        needed.extend(OF_A_MAPPING.map(|action| (action, queues.clone())));
    }
    let pairs = needed.into_iter().flat_map(|(action, resources)| {
        resources.into_iter().map(move |resource| format!("{action} {resource}"))
    });
    pairs.collect()
}
