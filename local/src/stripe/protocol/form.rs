//! Parameters, as Stripe's API takes them: form-encoded, with brackets for what is nested.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{super::model::Metadata, error::StripeError};

/// Names and values, such as `line_items[0][price]` and `price_1`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads a query or a body.
    pub(crate) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().collect())
    }

    pub(crate) fn into_inner(self) -> BTreeMap<String, String> {
        self.0
    }

    /// Refuses parameters that are none of `known`, in which `*` stands for anything in brackets:
    /// `metadata[*]`.
    pub(crate) fn allow(&self, known: &[&str]) -> Result<(), StripeError> {
        let unknown = self.0.keys().find(|name| !known.iter().any(|known| is_like(name, known)));
        unknown.map_or(Ok(()), |name| Err(StripeError::unknown_parameter(name)))
    }

    /// The value of `name`. An empty one is none, as with Stripe.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn owned(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(crate) fn require(&self, name: &str) -> Result<&str, StripeError> {
        self.get(name).ok_or_else(|| StripeError::missing_parameter(name))
    }

    /// Whether `name` was sent with an empty value, which unsets a thing.
    pub(crate) fn is_unset(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(String::is_empty)
    }

    pub(crate) fn boolean(&self, name: &str) -> Result<Option<bool>, StripeError> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(StripeError::bad_parameter(
                name,
                "parameter_invalid_boolean",
                format!("Invalid boolean: {other}"),
            )),
        }
    }

    pub(crate) fn integer<T: std::str::FromStr>(
        &self,
        name: &str,
    ) -> Result<Option<T>, StripeError> {
        let invalid = |value: &str| {
            let message = format!("Invalid integer: {value}");
            StripeError::bad_parameter(name, "parameter_invalid_integer", message)
        };
        self.get(name).map(|value| value.parse().map_err(|_| invalid(value))).transpose()
    }

    /// How many of a thing; at most 999,999, as with Stripe.
    pub(crate) fn quantity(&self, name: &str) -> Result<Option<u64>, StripeError> {
        let quantity = self.integer(name)?;
        if quantity.is_some_and(|quantity| !(1..=999_999).contains(&quantity)) {
            let message = "This value must be between 1 and 999999.";
            return Err(StripeError::bad_parameter(name, "parameter_invalid_integer", message));
        }
        Ok(quantity)
    }

    /// Seconds since 1970.
    pub(crate) fn time(&self, name: &str) -> Result<Option<Timestamp>, StripeError> {
        let seconds: Option<i64> = self.integer(name)?;
        let time = seconds.map(Timestamp::from_second).transpose();
        time.map_err(|_| {
            StripeError::bad_parameter(name, "parameter_invalid_integer", "Invalid timestamp")
        })
    }

    /// An address of a page.
    pub(crate) fn url(&self, name: &str) -> Result<Option<String>, StripeError> {
        let is_url = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        match self.get(name) {
            Some(url) if !is_url(&url) => {
                Err(StripeError::bad_parameter(name, "url_invalid", "Not a valid URL"))
            }
            url => Ok(url.map(str::to_owned)),
        }
    }

    /// What stands in the brackets after `name`, and the values. Empty values are among them.
    pub(crate) fn entries(&self, name: &str) -> Metadata {
        let inner = |key: &str| {
            let rest = key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?;
            (!rest.contains('[')).then(|| rest.to_owned())
        };
        let entries = self.0.iter();
        entries.filter_map(|(key, value)| Some((inner(key)?, value.clone()))).collect()
    }

    /// Key-value pairs to be attached to a new object.
    pub(crate) fn metadata(&self, name: &str) -> Metadata {
        let mut metadata = self.entries(name);
        metadata.retain(|_, value| !value.is_empty());
        metadata
    }
}

fn is_like(name: &str, pattern: &str) -> bool {
    let (mut name, mut pattern) = (name.split('['), pattern.split('['));
    loop {
        match (name.next(), pattern.next()) {
            (None, None) => return true,
            (Some(part), Some(wanted))
                if part == wanted || (wanted == "*]" && part.ends_with(']')) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_names_are_compared_part_by_part() {
        let known = ["email", "metadata[*]", "line_items[*][price]"];
        let unknown =
            |text: &str| Form::parse(text.as_bytes()).allow(&known).err().map(|error| error.body());
        assert!(unknown("email=a%40b.c&metadata%5Buser%5D=1&line_items[0][price]=p").is_none());
        for slip in ["emai", "metadata", "metadata[a][b]", "line_items[0][prise]", "line_items[0]"]
        {
            let error = unknown(&format!("{slip}=1")).unwrap();
            assert_eq!(error["error"]["param"], slip);
            assert_eq!(error["error"]["code"], "parameter_unknown");
        }
    }

    #[test]
    fn metadata_is_what_stands_in_brackets() {
        let form = Form::parse(
            b"metadata[a]=1&metadata[b]=&metadatax[c]=3&subscription_data[metadata][d]=4",
        );
        assert_eq!(form.metadata("metadata"), Metadata::from([("a".to_owned(), "1".to_owned())]));
        assert_eq!(form.entries("subscription_data[metadata]").len(), 1);
    }
}
