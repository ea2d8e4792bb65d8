//! Logs: one flat JSON object a line, as CloudWatch Logs Insights reads them, with the fields of the
//! spans around it. A line that counts a metric is one in CloudWatch's embedded metric format as
//! well. `docs/logging.md` lists the fields, the messages and the metrics.
//!
//! Never logged, at any level: one-time passwords, passwords, tokens, mobile numbers, e-mail
//! addresses and the content of messages.

mod json;

use std::{fmt, io, sync::Arc};

use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    Layer,
    filter::filter_fn,
    fmt::{MakeWriter, format::JsonFields, layer},
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{
    config::Env,
    domain::{Clock, SystemClock},
    metrics,
};

use json::Json;

/// Logs as JSON to standard output, from `LOG_LEVEL` (`info`) on, metrics where `METRICS_NAMESPACE`
/// is set. To be called once, by `main`.
pub fn init() {
    let lines = lines(&Env::of_process(), Arc::new(SystemClock), io::stdout);
    tracing_subscriber::registry().with(lines).init();
    report_panics();
}

/// Says why a function can't start, as a line like all others: what `main` returns is printed as text.
pub fn started<T, E: fmt::Display>(result: Result<T, E>) -> Result<T, E> {
    result.inspect_err(|error| tracing::error!(%error, "can't start"))
}

/// What prints the lines to `writer`, as the environment says.
pub fn lines<S, W>(env: &Env, clock: Arc<dyn Clock>, writer: W) -> impl Layer<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    let level = level(env);
    let namespace = env.get("METRICS_NAMESPACE").map(str::to_owned);
    let counts = namespace.is_some();
    // What a line looks like does not depend on the rest of its metadata: asked once a call site.
    let filter = filter_fn(move |metadata| is_printed(metadata, level, counts))
        .with_max_level_hint(LevelFilter::INFO);
    layer()
        .fmt_fields(JsonFields::new())
        .event_format(Json::new(clock, namespace))
        .with_ansi(false)
        .with_writer(writer)
        .with_filter(filter)
}

/// The level that `LOG_LEVEL` names (`info`), never more than that.
#[must_use]
pub fn level(env: &Env) -> LevelFilter {
    let level = env.get("LOG_LEVEL").and_then(|level| level.parse().ok());
    // The SDK's and the HTTP client's own debug output holds request bodies.
    level.unwrap_or(LevelFilter::INFO).min(LevelFilter::INFO)
}

/// Whether a line is printed at `level`. What counts is printed at every level, and a span must be
/// there for a warning within it to have its ids.
fn is_printed(metadata: &Metadata<'_>, level: LevelFilter, counts: bool) -> bool {
    let measures = || metadata.fields().iter().any(|field| metrics::named(field.name()).is_some());
    *metadata.level() <= level
        || (*metadata.level() <= LevelFilter::INFO
            && (metadata.is_span() || (counts && measures())))
}

/// Says of a panic where it was, as a line with the ids of its request. Its message stays out: it
/// may hold anything.
fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(panic.location = place, "panicked");
    }));
}
