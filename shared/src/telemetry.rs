//! Logs: one JSON object a line, as CloudWatch Logs Insights reads them.
//!
//! Never logged, at any level: one-time passwords, passwords, tokens, mobile numbers, e-mail
//! addresses and the content of messages.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;

/// Logs as JSON to standard output, from `LOG_LEVEL` (`info`) on. To be called once, by `main`.
pub fn init() {
    fmt().json().flatten_event(true).with_max_level(level()).with_current_span(true).init();
}

/// The level that `LOG_LEVEL` names (`info`), never more than that.
#[must_use]
pub fn level() -> LevelFilter {
    let level = std::env::var("LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    // The SDK's and the HTTP client's own debug output holds request bodies.
    level.unwrap_or(LevelFilter::INFO).min(LevelFilter::INFO)
}
