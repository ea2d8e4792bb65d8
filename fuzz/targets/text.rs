//! What people type and what ids look like: whatever is taken is within its bounds, and taken again.
#![no_main]

use fuzz::bounded;
use libfuzzer_sys::fuzz_target;
use shared::{
    domain::{
        EventId, MessageId, MobileNumber,
        text::{Content, Email, FullName, RoomName, SystemInstruction},
    },
    trace::TraceHeader,
};

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    mobile_number(text);
    id(text);
    prose::<Content>(text, 16_000, &['\0'], Content::as_str);
    prose::<SystemInstruction>(text, 4_000, &['\0'], SystemInstruction::as_str);
    prose::<RoomName>(
        text,
        100,
        &['\0', '\n', '\r', '\t', '\u{1b}', '\u{7f}', '\u{85}'],
        RoomName::as_str,
    );
    prose::<FullName>(
        text,
        100,
        &['\0', '\n', '\r', '\t', '\u{1b}', '\u{7f}', '\u{85}'],
        FullName::as_str,
    );
    // Never a name beside the address.
    assert!(!text.ends_with('>') || Email::try_from(text.to_owned()).is_err());
    prose::<Email>(text, 254, &['\0', '\n', '\r', '\u{7f}'], Email::as_str);
    if let Ok(event) = text.parse::<EventId>() {
        assert_eq!(event.as_str(), text);
        assert!(
            text.len() <= 255 && !text.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        );
    }
    if let Ok(trace) = text.parse::<TraceHeader>() {
        assert!(
            text.is_ascii()
                && text.contains(trace.trace_id())
                && trace.trace_id().starts_with("1-")
        );
    }
}));

/// E.164, and its own normal form.
fn mobile_number(text: &str) {
    let Ok(number) = MobileNumber::parse(text) else { return };
    let digits = number.as_str().strip_prefix('+').expect("a number starts with +");
    assert!((8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()));
    // The digits are those that were typed, in their order, and the country's code is not guessed.
    assert!(text.chars().filter(char::is_ascii_digit).eq(digits.chars()));
    assert_eq!(MobileNumber::parse(number.as_str()).as_ref(), Ok(&number));
    assert!(!format!("{number:?}").contains(digits));
}

/// A ULID, which knows when it was made.
fn id(text: &str) {
    let Ok(id) = text.parse::<MessageId>() else { return };
    assert_eq!(id.to_string().parse(), Ok(id));
    assert_eq!(id.to_string(), text.to_uppercase());
    assert_eq!(MessageId::from_bytes(id.to_bytes()), id);
    assert!(MessageId::lowest_at(id.created_at()) <= id);
}

/// A text of at most `longest` characters, not blank, without those of `never`, kept as it is.
fn prose<T: TryFrom<String>>(text: &str, longest: usize, never: &[char], as_str: fn(&T) -> &str) {
    let Ok(taken) = T::try_from(text.to_owned()) else { return };
    assert_eq!(as_str(&taken), text);
    assert!(!text.trim().is_empty() && text.chars().count() <= longest && !text.contains(never));
}
