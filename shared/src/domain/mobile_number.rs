//! Mobile numbers, the name that a user signs in with.

use std::fmt;

use serde::Serialize;

/// A mobile number in E.164 form: `+` and 8 to 15 digits (ITU-T E.164).
///
/// Parsing takes an optional `+` and ignores spaces, dashes and brackets. Whether the number
/// exists in its country's plan is not asked here, only where an SMS is about to be paid for.
/// Numbers are personal data: `Debug` does not show them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct MobileNumber(String);

impl MobileNumber {
    /// Parses what a person typed.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        const INVALID: &str = "must be a mobile number: an optional + and 8 to 15 digits";
        let trimmed = text.trim();
        let digits = trimmed.strip_prefix('+').unwrap_or(trimmed);
        let mut number = String::with_capacity(16);
        number.push('+');
        for c in digits.chars() {
            match c {
                '0'..='9' if number.len() < 16 => number.push(c),
                ' ' | '-' | '(' | ')' => {}
                _ => return Err(INVALID),
            }
        }
        if number.len() > 8 { Ok(Self(number)) } else { Err(INVALID) }
    }

    /// `+` and digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for MobileNumber {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<MobileNumber> for String {
    fn from(number: MobileNumber) -> Self {
        number.0
    }
}

impl fmt::Debug for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MobileNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_becomes_e164() {
        for (typed, number) in [
            ("+1234567890", "+1234567890"),
            ("9876543210", "+9876543210"),
            (" +1 (415) 555-0123 ", "+14155550123"),
            ("12345678", "+12345678"),
            ("123456789012345", "+123456789012345"),
        ] {
            assert_eq!(MobileNumber::parse(typed).unwrap().as_str(), number);
        }
    }

    #[test]
    fn text_is_parsed_on_its_way_in_and_e164_on_its_way_out() {
        let number = MobileNumber::try_from("(415) 555-0123".to_owned()).unwrap();
        assert_eq!(String::from(number), "+4155550123");
        assert!(MobileNumber::try_from("nonsense".to_owned()).is_err());
    }

    #[test]
    fn anything_else_is_refused() {
        for typed in [
            "",
            "+",
            "1234567",
            "1234567890123456",
            "+1+2345678",
            "12345678a",
            "٠١٢٣٤٥٦٧٨",
            "++12345678",
        ] {
            assert!(MobileNumber::parse(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn debug_output_hides_the_number() {
        let number = MobileNumber::parse("+14155550123").unwrap();
        assert_eq!(format!("{number:?}"), "MobileNumber(…)");
    }
}
