//! Metrics: alarms and dashboard name those that the functions count, and the dashboard all of them.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::metrics;

use crate::{agree, set, stack::Stack};

/// `METRICS_NAMESPACE` of the [`Stack`].
const NAMESPACE: &str = "Parley/parley";

#[test]
fn the_functions_count_where_alarms_and_dashboard_look() {
    assert_eq!(Stack::production().shared_environment()["METRICS_NAMESPACE"], NAMESPACE);
}

#[test]
fn every_metric_is_on_the_dashboard_and_nothing_else_of_ours() {
    let shown = shown().into_iter().filter(|line| line[0] == NAMESPACE);
    let shown = shown.map(|line| line[1].as_str().unwrap().to_owned()).collect();
    let counted = set(metrics::ALL.iter().map(|metric| metric.name));
    agree("The dashboard", &shown, "shared::metrics", &counted);
}

#[test]
fn every_function_and_table_is_on_the_dashboard() {
    let stack = Stack::production();
    let functions = stack.template().resources("AWS::Serverless::Function");
    for metric in ["Errors", "Throttles", "Duration", "ConcurrentExecutions"] {
        let expected = set(functions.iter().map(|(id, _)| *id));
        agree(metric, &of("AWS/Lambda", metric), "the functions", &expected);
    }
    let tables = stack.template().resources("AWS::DynamoDB::Table");
    for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
        let expected = set(tables.iter().map(|(id, _)| *id));
        agree(metric, &of("AWS/DynamoDB", metric), "the tables", &expected);
    }
}

#[test]
fn alarms_go_off_by_metrics_that_are_counted_and_tell_somebody() {
    let stack = Stack::production();
    let alarms = stack.template().resources("AWS::CloudWatch::Alarm");
    let mut watched = BTreeSet::new();
    for (id, alarm) in alarms {
        assert_eq!(alarm["AlarmActions"][0]["Ref"], "AlarmTopic", "{id}");
        assert!(alarm["AlarmDescription"].is_string(), "{id} doesn't say what to do");
        let namespace = alarm.get("Namespace").and_then(|namespace| stack.text(namespace));
        let namespace = namespace.unwrap_or_default();
        if namespace == NAMESPACE {
            let name = alarm["MetricName"].as_str().unwrap();
            assert!(metrics::named(name).is_some(), "{id}: nobody counts {name}");
            watched.insert(name.to_owned());
        } else {
            assert!(namespace.starts_with("AWS/") || namespace.is_empty(), "{id}: {namespace}");
        }
    }
    assert_eq!(watched, set(["ModelRefusals", "OldestPending"]));
}

/// That such a job ends there, and that nobody waits for it, is shown in `tests/tests/faults/sqs.rs`.
#[test]
fn the_first_job_that_can_not_be_read_sets_off_the_alarm_of_the_queue_where_it_ends() {
    let stack = Stack::production();
    let template = stack.template();
    let text = |value: &Value| stack.text(value).unwrap();
    let mapping = &template.properties("GeminiWorkerFunction")["Events"]["Messages"]["Properties"];
    assert_eq!(text(&mapping["Queue"]), "MessageQueue.Arn");
    let redrive = &template.properties("MessageQueue")["RedrivePolicy"];
    let target = text(&redrive["deadLetterTargetArn"]);
    let dead_letters = target.strip_suffix(".Arn").unwrap();

    let alarm = template.properties("DeadLetterAlarm");
    let [dimension] = &alarm["Dimensions"].as_array().unwrap()[..] else { panic!("{alarm}") };
    assert_eq!(text(&dimension["Name"]), "QueueName");
    assert_eq!(text(&dimension["Value"]), format!("{dead_letters}.QueueName"));
    let metric = ["Namespace", "MetricName", "Statistic"].map(|name| text(&alarm[name]));
    assert_eq!(metric, ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum"]);
    let when = ["ComparisonOperator", "Threshold", "DatapointsToAlarm", "EvaluationPeriods"];
    assert_eq!(when.map(|name| text(&alarm[name])), ["GreaterThanThreshold", "0", "1", "1"]);
    // It is looked at after days, and nobody reads it meanwhile: it has to stay.
    let kept = template.properties(dead_letters)["MessageRetentionPeriod"].as_u64();
    assert_eq!(kept, Some(1_209_600), "as long as SQS can");
}

/// The first dimension's values of all lines of a metric on the dashboard.
fn of(namespace: &str, metric: &str) -> BTreeSet<String> {
    let lines = shown().into_iter().filter(|line| line[0] == namespace && line[1] == metric);
    lines.map(|line| line[3].as_str().unwrap().to_owned()).collect()
}

/// The lines of all graphs on the dashboard: namespace, metric, name and value of a dimension.
fn shown() -> Vec<Value> {
    let stack = Stack::production();
    let body = stack.text(&stack.template().properties("Dashboard")["DashboardBody"]).unwrap();
    let body: Value = serde_json::from_str(&body).unwrap();
    let graphs = body["widgets"].as_array().unwrap();
    let lines = graphs.iter().flat_map(|graph| graph["properties"]["metrics"].as_array().unwrap());
    lines.cloned().collect()
}
