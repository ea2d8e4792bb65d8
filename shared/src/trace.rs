//! Where a piece of work comes from: what a message takes along on its way through the queue, so
//! that the worker's lines and traces join those of the request.

use std::{fmt, str::FromStr};

/// The request that asks for a piece of work.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The request's id, as in its response and its lines of the log.
    pub request_id: Option<String>,
    /// The header of its trace.
    pub trace: Option<TraceHeader>,
}

/// The tracing header of AWS X-Ray
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
#[derive(Clone, PartialEq, Eq)]
pub struct TraceHeader(String);

/// The text is no tracing header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no tracing header")]
pub struct InvalidTrace;

/// Longer ones are not made by AWS.
const LONGEST: usize = 256;

impl TraceHeader {
    /// The header as it is sent on.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the trace: `1-`, eight hexadecimal digits of the time, `-`, 24 random ones.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        root(&self.0).unwrap_or_default()
    }
}

impl FromStr for TraceHeader {
    type Err = InvalidTrace;

    fn from_str(text: &str) -> Result<Self, InvalidTrace> {
        let is_valid = text.len() <= LONGEST
            && text.split(';').all(is_field)
            && root(text).is_some_and(is_trace_id);
        if is_valid { Ok(Self(text.to_owned())) } else { Err(InvalidTrace) }
    }
}

impl fmt::Debug for TraceHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn root(header: &str) -> Option<&str> {
    header.split(';').find_map(|field| field.strip_prefix("Root="))
}

fn is_field(field: &str) -> bool {
    const NAMES: [&str; 5] = ["Root", "Parent", "Sampled", "Self", "Lineage"];
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '|');
    field.split_once('=').is_some_and(|(name, value)| {
        NAMES.contains(&name) && !value.is_empty() && value.chars().all(is_plain)
    })
}

fn is_trace_id(text: &str) -> bool {
    let is_hex = |part: &str, digits: usize| {
        part.len() == digits && part.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let mut parts = text.split('-');
    parts.next() == Some("1")
        && parts.next().is_some_and(|time| is_hex(time, 8))
        && parts.next().is_some_and(|random| is_hex(random, 24))
        && parts.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_as_lambda_and_the_gateway_write_them_are_taken() {
        for header in [
            "Root=1-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage=a87bd80c:1|68fd508a:5",
            "Self=1-67891234-12456789abcdef012345678;Root=1-5759e988-bd862e3fe1be46a994272793",
        ] {
            let parsed: TraceHeader = header.parse().unwrap();
            assert_eq!(parsed.as_str(), header);
            assert_eq!(parsed.trace_id(), "1-5759e988-bd862e3fe1be46a994272793");
        }
    }

    #[test]
    fn anything_else_is_no_trace() {
        for text in [
            "",
            "Root=",
            "1-5759e988-bd862e3fe1be46a994272793",
            "Parent=53995c3f42cd8ad8;Sampled=1",
            "Root=2-5759e988-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a99427279",
            "Root=1-5759e98g-bd862e3fe1be46a994272793",
            "Root=1-5759e988-bd862e3fe1be46a994272793;",
            "Root=1-5759e988-bd862e3fe1be46a994272793;note=hello there",
            "Root=1-5759e988-bd862e3fe1be46a994272793;number=+14155550123",
        ] {
            assert_eq!(text.parse::<TraceHeader>(), Err(InvalidTrace), "{text:?}");
        }
        let long = format!("Root=1-5759e988-bd862e3fe1be46a994272793;a={}", "b".repeat(256));
        assert!(long.parse::<TraceHeader>().is_err());
    }
}
