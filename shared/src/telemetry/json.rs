//! A line of the log: flat, the fields of its spans beside its own, and with the metrics that it
//! counts declared in CloudWatch's embedded metric format
//! (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>).

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::Serializer;
use serde_json::{Map, Value, json};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::{JsonFields, Writer},
    },
    registry::{LookupSpan, Scope},
};

use crate::{domain::Clock, metrics};

/// What stands first, for people who read on: the ids by which a message is followed.
const IDS: [&str; 4] = ["request_id", "user_id", "chatroom_id", "message_id"];

/// Writes lines.
pub(super) struct Json {
    clock: Arc<dyn Clock>,
    /// Where metrics belong to; none are declared without it.
    namespace: Option<String>,
}

impl Json {
    pub(super) fn new(clock: Arc<dyn Clock>, namespace: Option<String>) -> Self {
        Self { clock, namespace }
    }

    /// The members of a line with the fields `own`, within spans that have the fields `around`.
    fn members(
        &self,
        metadata: &Metadata<'_>,
        around: Map<String, Value>,
        own: Map<String, Value>,
    ) -> Vec<(String, Value)> {
        let now = self.clock.now();
        let metrics = self.namespace.as_ref().and_then(|namespace| declare(namespace, &own, now));
        let mut fields = around;
        fields.extend(own);
        let mut members = vec![
            // As Lambda wants it: RFC 3339, in milliseconds.
            ("timestamp".to_owned(), format!("{now:.3}").into()),
            ("level".to_owned(), metadata.level().as_str().into()),
            ("message".to_owned(), fields.remove("message").unwrap_or_default()),
        ];
        members.extend(IDS.iter().filter_map(|id| fields.remove_entry(*id)));
        members.extend(fields);
        members.push(("target".to_owned(), metadata.target().into()));
        members.extend(metrics.map(|metrics| ("_aws".to_owned(), metrics)));
        members
    }
}

impl<S> FormatEvent<S, JsonFields> for Json
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut around = Map::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            if let Some(fields) = span.extensions().get::<FormattedFields<JsonFields>>() {
                around.extend(parse(fields));
            }
        }
        let mut own = String::new();
        context.format_fields(Writer::new(&mut own), event)?;
        let members = self.members(event.metadata(), around, parse(&own));
        let mut line = serde_json::Serializer::new(Vec::new());
        line.collect_map(members).map_err(|_| fmt::Error)?;
        let line = String::from_utf8(line.into_inner()).map_err(|_| fmt::Error)?;
        writeln!(writer, "{line}")
    }
}

/// The fields of an event or a span, which [`JsonFields`] has written.
fn parse(fields: &str) -> Map<String, Value> {
    serde_json::from_str(fields).unwrap_or_default()
}

/// The declaration of those metrics that are among `fields`; none if there are none.
fn declare(namespace: &str, fields: &Map<String, Value>, now: Timestamp) -> Option<Value> {
    let counted: Vec<_> = fields
        .iter()
        .filter(|(_, value)| value.is_number())
        .filter_map(|(name, _)| metrics::named(name))
        .map(|metric| json!({"Name": metric.name, "Unit": metric.unit.as_str()}))
        .collect();
    (!counted.is_empty()).then(|| {
        json!({
            "Timestamp": now.as_millisecond(),
            // The empty set of dimensions: one series for the whole deployment.
            "CloudWatchMetrics": [{"Namespace": namespace, "Dimensions": [[]], "Metrics": counted}],
        })
    })
}
