//! Times on the wire.

use jiff::{Timestamp, fmt::temporal::DateTimePrinter};
use serde::{Serialize, Serializer};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type},
};

/// An instant as Parley writes it: RFC 3339, UTC, and always three digits of a second's fraction, so
/// that times are of one width and sort as text. Anything finer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self(at)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const MILLISECONDS: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
        serializer.serialize_str(&MILLISECONDS.timestamp_to_string(&self.0))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("RFC 3339 in UTC, always with milliseconds: times sort as text."))
            .examples(["2026-11-21T10:00:00.250Z"])
            .into()
    }
}

impl ToSchema for Time {}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(at: &str) -> String {
        serde_json::to_string(&Time(at.parse().unwrap())).unwrap()
    }

    #[test]
    fn every_time_has_three_digits_of_a_second() {
        for (at, expected) in [
            ("2026-11-21T10:00:00Z", r#""2026-11-21T10:00:00.000Z""#),
            ("2026-11-21T10:00:00.8Z", r#""2026-11-21T10:00:00.800Z""#),
            ("2026-11-21T10:00:00.827Z", r#""2026-11-21T10:00:00.827Z""#),
            ("2026-11-21T10:00:00.827999Z", r#""2026-11-21T10:00:00.827Z""#),
            ("2026-11-21T12:00:00.5+02:00", r#""2026-11-21T10:00:00.500Z""#),
        ] {
            assert_eq!(written(at), expected);
        }
    }

    #[test]
    fn times_sort_as_text() {
        assert!(written("2026-11-22T00:10:07.8Z") < written("2026-11-22T00:10:07.827Z"));
    }
}
