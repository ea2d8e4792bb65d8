//! Input fields: parsed once, at the edge, and all that is wrong is told at once.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::problem::{FieldError, Problem, Result};

/// A field of a JSON body. Reading one never fails, so that one wrong field does not hide the next;
/// [`Errors`] collects what is wrong.
#[derive(Debug, Default)]
pub enum Input<T> {
    /// The body has no such field.
    #[default]
    Absent,
    /// It is `null`.
    Null,
    /// It is there and good.
    Good(T),
    /// It is there and wrong.
    Wrong(String),
}

impl<'de, T> Deserialize<'de> for Input<T>
where
    T: TryFrom<String, Error: ToString>,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::Null => Self::Null,
            Value::String(text) => match T::try_from(text) {
                Ok(value) => Self::Good(value),
                Err(error) => Self::Wrong(error.to_string()),
            },
            _ => Self::Wrong("must be a string".to_owned()),
        })
    }
}

/// Collects the fields that are wrong.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// The field has to be there. Where it isn't good, that is noted and none is returned.
    pub fn required<T>(&mut self, field: &str, input: Input<T>) -> Option<T> {
        match input {
            Input::Absent | Input::Null => {
                self.add(field, "is required");
                None
            }
            other => self.optional(field, other),
        }
    }

    /// The field may be missing or `null`. Where it is wrong, that is noted.
    pub fn optional<T>(&mut self, field: &str, input: Input<T>) -> Option<T> {
        self.change(field, input).flatten()
    }

    /// The field changes something: missing leaves it (`None`), `null` clears it (`Some(None)`).
    pub fn change<T>(&mut self, field: &str, input: Input<T>) -> Option<Option<T>> {
        match input {
            Input::Absent => None,
            Input::Null => Some(None),
            Input::Good(value) => Some(Some(value)),
            Input::Wrong(message) => {
                self.add(field, message);
                None
            }
        }
    }

    /// Notes that `field` is wrong.
    pub fn add(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError { field: field.to_owned(), message: message.into() });
    }

    /// `value`, if nothing was wrong and it is there.
    pub fn finish<T>(self, value: Option<T>) -> Result<T> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::invalid(self.0)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::text::{Email, RoomName};

    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        name: Input<RoomName>,
        #[serde(default)]
        email: Input<Email>,
    }

    #[test]
    fn all_wrong_fields_are_told_at_once() {
        let body: Body = serde_json::from_str(r#"{"name": 7, "email": "x"}"#).unwrap();
        let mut errors = Errors::default();
        let name = errors.required("name", body.name);
        errors.optional("email", body.email);
        assert!(errors.finish(name).is_err());
    }

    #[test]
    fn null_clears_and_absence_leaves() {
        let body: Body = serde_json::from_str(r#"{"name": null}"#).unwrap();
        let mut errors = Errors::default();
        assert!(matches!(errors.change("name", body.name), Some(None)));
        assert!(errors.change("email", body.email).is_none());
        assert!(errors.finish(Some(())).is_ok());
    }
}
