//! Every metric that Parley counts, with its unit and the function that counts it.
//!
//! A metric is a field of a log line: `tracing::info!(MessagesAccepted = 1, "accepted")`. The
//! subscriber of [`crate::telemetry`] knows the names of this list, and makes such a line one in
//! CloudWatch's embedded metric format. A test holds the functions, and another one the template's
//! alarms and dashboard, against this list.

use Unit::{Count, Milliseconds, Seconds};

/// A metric in CloudWatch, without dimensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name there, and as a field of the line that counts it.
    pub name: &'static str,
    /// What its values are.
    pub unit: Unit,
    /// The function that counts it.
    pub function: &'static str,
}

/// The units that are used, of those that CloudWatch knows
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// A time in whole seconds.
    Seconds,
    /// A time in milliseconds.
    Milliseconds,
}

impl Unit {
    /// As CloudWatch writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

/// All of them. What each means, and when it is counted, is in `docs/logging.md`.
pub const ALL: [Metric; 24] = [
    metric("chatroom", "MessagesAccepted", Count),
    metric("chatroom", "QuotaDenials", Count),
    metric("chatroom", "RateDenials", Count),
    metric("chatroom", "CacheHits", Count),
    metric("chatroom", "CacheMisses", Count),
    metric("gemini-worker", "RepliesAnswered", Count),
    metric("gemini-worker", "RepliesFailed", Count),
    metric("gemini-worker", "ReplyLatency", Milliseconds),
    metric("gemini-worker", "ReplyRetries", Count),
    metric("gemini-worker", "InputTokens", Count),
    metric("gemini-worker", "OutputTokens", Count),
    metric("gemini-worker", "ModelRefusals", Count),
    metric("auth", "OtpSent", Count),
    metric("auth", "OtpNotSent", Count),
    metric("stripe-webhook", "WebhooksApplied", Count),
    metric("stripe-webhook", "WebhooksKnown", Count),
    metric("stripe-webhook", "WebhooksIgnored", Count),
    metric("stripe-webhook", "WebhooksRefused", Count),
    metric("stripe-webhook", "WebhooksFailed", Count),
    metric("sweeper", "OldestPending", Seconds),
    metric("sweeper", "MessagesQueuedAgain", Count),
    metric("sweeper", "MessagesGivenUp", Count),
    metric("reconciler", "SubscriptionsChanged", Count),
    metric("reconciler", "SubscriptionsPutOff", Count),
];

const fn metric(function: &'static str, name: &'static str, unit: Unit) -> Metric {
    Metric { name, unit, function }
}

/// The metric called `name`.
#[must_use]
pub fn named(name: &str) -> Option<&'static Metric> {
    ALL.iter().find(|metric| metric.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_name_belongs_to_one_metric() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|metric| named(metric.name) == Some(metric)));
        assert_eq!(named("request_id"), None);
    }
}
