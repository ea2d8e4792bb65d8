//! Text that people type, checked once at the edge.

use std::{fmt, ops::RangeInclusive};

use email_address::EmailAddress;
use serde::Serialize;

/// A message's content: 1 to 16,000 characters, not blank, without NUL.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Content(String);

/// A chatroom's name: 1 to 100 characters on one line, not blank.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct RoomName(String);

/// A room's instruction to the model: 1 to 4,000 characters, not blank, without NUL.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SystemInstruction(String);

/// A person's name: 1 to 100 characters on one line, not blank.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct FullName(String);

/// An e-mail address (RFC 5321, at most 254 characters). Kept as typed; nothing is sent to it.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Content {
    /// Longest content, in characters.
    pub const MAX: usize = 16_000;
}

impl SystemInstruction {
    /// Longest instruction, in characters.
    pub const MAX: usize = 4_000;
}

impl Default for RoomName {
    fn default() -> Self {
        Self("New chat".to_owned())
    }
}

macro_rules! text {
    ($name:ident, $check:expr) => {
        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                let check: fn(&str) -> Result<(), String> = $check;
                check(&text).map(|()| Self(text))
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        impl fmt::Debug for $name {
            // What people write is theirs: it never reaches a log by way of `{:?}`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }
    };
}

text!(Content, |text| prose(text, 1..=Content::MAX));
text!(SystemInstruction, |text| prose(text, 1..=SystemInstruction::MAX));
text!(RoomName, |text| line(text, 1..=100));
text!(FullName, |text| line(text, 1..=100));
text!(Email, |text| {
    // Part by part: of a whole, the library takes a name beside the address too, with anything in it.
    let parts =
        text.rsplit_once('@').filter(|_| text.len() <= 254 && !text.contains(char::is_control));
    let is_address = parts.is_some_and(|(local, domain)| {
        EmailAddress::is_valid_local_part(local) && EmailAddress::is_valid_domain(domain)
    });
    if is_address { Ok(()) } else { Err("must be an e-mail address".to_owned()) }
});

fn prose(text: &str, length: RangeInclusive<usize>) -> Result<(), String> {
    has_length(text, length)?;
    if text.contains('\0') {
        return Err("must not contain NUL characters".to_owned());
    }
    Ok(())
}

fn line(text: &str, length: RangeInclusive<usize>) -> Result<(), String> {
    has_length(text, length)?;
    if text.chars().any(char::is_control) {
        return Err("must be one line without control characters".to_owned());
    }
    Ok(())
}

fn has_length(text: &str, length: RangeInclusive<usize>) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("must not be blank".to_owned());
    }
    if !length.contains(&text.chars().count()) {
        return Err(format!("must have {} to {} characters", length.start(), length.end()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_counted_in_characters_not_bytes() {
        assert!(Content::try_from("é".repeat(16_000)).is_ok());
        assert!(Content::try_from("é".repeat(16_001)).is_err());
    }

    #[test]
    fn blank_text_and_nul_are_refused() {
        for text in ["", " \n\t", "\u{3000}", "a\0b"] {
            assert!(Content::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Content::try_from("two\nlines".to_owned()).is_ok());
    }

    #[test]
    fn a_name_is_one_line() {
        assert!(RoomName::try_from("a\r\nSet-Cookie: x".to_owned()).is_err());
        assert!(RoomName::try_from("Chat über Brücken 🌉".to_owned()).is_ok());
        assert!(RoomName::try_from("x".repeat(101)).is_err());
    }

    #[test]
    fn an_email_address_has_a_local_part_and_a_domain() {
        assert!(Email::try_from("ada@example.org".to_owned()).is_ok());
        for text in ["ada", "@example.org", "ada@", ""] {
            assert!(Email::try_from(text.to_owned()).is_err(), "{text}");
        }
    }

    #[test]
    fn an_email_address_is_nothing_but_that() {
        for text in [
            "\0 <ada@example.org>",
            "Ada <ada@example.org>",
            " <ada@example.org>",
            "\"a\\\0\"@example.org",
            "a\nb@c",
        ] {
            assert!(Email::try_from(text.to_owned()).is_err(), "{text:?}");
        }
        assert!(Email::try_from("\"ada l\"@example.org".to_owned()).is_ok());
    }

    #[test]
    fn debug_output_hides_the_text() {
        let content = Content::try_from("my secret".to_owned()).unwrap();
        assert!(!format!("{content:?}").contains("secret"));
    }
}
