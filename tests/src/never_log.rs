//! What must never be in a log: one-time codes, tokens, passwords, mobile numbers, names, e-mail addresses,
//! what people write, their idempotency keys, the addresses of pages that are theirs at Stripe, and the
//! deployment's own secrets.
//!
//! The harness notes these as they pass by, and looks for them in the process's output at the end of
//! every test.

use std::{collections::BTreeSet, sync::Mutex};

use local::gemini::ERROR_MESSAGE;
use serde_json::Value;

use crate::{model::KEY, stripe};

/// Members of requests and answers that hold such a thing. A code in a request may be a guess; six
/// digits that mean nothing may well be in a log.
const SENT: [&str; 10] = [
    "password",
    "old_password",
    "new_password",
    "refresh_token",
    "content",
    "text",
    "system_instruction",
    "name",
    "full_name",
    "email",
];
/// The server has names of its own (the model's, the service's); people's were sent before.
const RECEIVED: [&str; 9] = [
    "otp",
    "access_token",
    "refresh_token",
    "content",
    "system_instruction",
    "url",
    "checkout_url",
    "full_name",
    "email",
];
/// The member of both that holds a mobile number, in whatever notation.
const NUMBER: &str = "mobile_number";

/// How a private key begins (RFC 7468), whatever its kind.
const PEM: &str = "PRIVATE KEY-----";

/// Shorter texts ("hi") are in a log by chance.
const SHORTEST: usize = 6;
/// Enough of a long text to know it by, wherever a log may have cut it off.
const LONGEST: usize = 40;
/// The digits by which a number is known without its country's: any notation ends with them.
const LAST_DIGITS: usize = 9;

#[derive(Default)]
pub(crate) struct NeverLog {
    texts: Mutex<BTreeSet<String>>,
    /// The last digits of mobile numbers.
    numbers: Mutex<BTreeSet<String>>,
}

impl NeverLog {
    pub(crate) fn sent(&self, body: &Value) {
        self.note(body, &SENT);
    }

    pub(crate) fn received(&self, body: &Value) {
        self.note(body, &RECEIVED);
    }

    /// A secret that is no member of a body.
    pub(crate) fn secret(&self, text: &str) {
        let mut texts = self.texts.lock().unwrap();
        // A token's beginning is that of all tokens: it is known by its end as well.
        for piece in [beginning(text), end(text)] {
            if piece.len() >= SHORTEST {
                texts.insert(piece);
            }
        }
    }

    fn note(&self, body: &Value, members: &[&str]) {
        match body {
            Value::Object(object) => {
                for (name, value) in object {
                    match value {
                        Value::String(text) if name == NUMBER => self.number(text),
                        Value::String(text) if members.contains(&name.as_str()) => {
                            self.secret(text);
                        }
                        _ => self.note(value, members),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.note(item, members)),
            _ => {}
        }
    }

    fn number(&self, text: &str) {
        let digits: Vec<_> = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() >= LAST_DIGITS {
            let last = digits[digits.len() - LAST_DIGITS..].iter().collect();
            self.numbers.lock().unwrap().insert(last);
        }
    }

    /// Panics if one of them, or an internal of the model service or of Stripe, is in `log`.
    pub(crate) fn assert_not_in(&self, log: &str) {
        for secret in [ERROR_MESSAGE, KEY, PEM].into_iter().chain(stripe::SECRETS) {
            assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
        }
        for text in &*self.texts.lock().unwrap() {
            if let Some(line) = log.lines().find(|line| shows(line, text)) {
                panic!("{text:?} is in the log:\n{line}");
            }
        }
        let numbers = self.numbers.lock().unwrap();
        for line in log.lines().filter(|_| !numbers.is_empty()) {
            let line = without_separators(line);
            let number = numbers.iter().find(|number| ends_a_number(&line, number));
            assert_eq!(number, None, "a mobile number is in the log:\n{line}");
        }
    }
}

/// The first characters of its first line: a log ends a line where it ends.
fn beginning(text: &str) -> String {
    text.trim().lines().next().unwrap_or_default().chars().take(LONGEST).collect()
}

/// The last characters of its last line.
fn end(text: &str) -> String {
    let line = text.trim().lines().next_back().unwrap_or_default();
    let length = line.chars().count();
    line.chars().skip(length.saturating_sub(LONGEST)).collect()
}

/// Whether `text` is in `line`, as it is or as JSON and Rust quote it; what is nothing but letters or
/// digits, only where it is not a piece of a longer word or number.
fn shows(line: &str, text: &str) -> bool {
    if !text.chars().all(char::is_alphanumeric) {
        let quoted = Value::from(text).to_string();
        return line.contains(text) || line.contains(quoted.trim_matches('"'));
    }
    line.match_indices(text).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
}

/// `line` without what people put between the digits of a number.
fn without_separators(line: &str) -> String {
    line.chars().filter(|c| !" -().+/".contains(*c)).collect()
}

/// Whether these digits are in `line` and no digit follows: then a number ends with them.
fn ends_a_number(line: &str, digits: &str) -> bool {
    line.match_indices(digits)
        .any(|(at, found)| !line[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    #[should_panic(expected = "is in the log")]
    fn a_secret_in_the_log_is_found_wherever_it_came_from() {
        let never_log = NeverLog::default();
        never_log.received(&json!([{"nested": {"otp": "482913"}}]));
        never_log.assert_not_in("one line\n{\"code\":\"482913\"}\n");
    }

    #[test]
    #[should_panic(expected = "is in the log")]
    fn a_long_secret_is_found_where_the_log_cut_it_off() {
        let never_log = NeverLog::default();
        never_log.sent(&json!({"content": "A rather long story. ".repeat(50)}));
        never_log.assert_not_in(&"A rather long story. ".repeat(4));
    }

    #[test]
    #[should_panic(expected = "is in the log")]
    fn a_long_secret_is_found_by_its_end() {
        let never_log = NeverLog::default();
        never_log.received(&json!({"access_token": format!("{}.signature", "x".repeat(200))}));
        never_log.assert_not_in(&format!("it ends with {}.signature\n", "x".repeat(30)));
    }

    #[test]
    #[should_panic(expected = "is in the log")]
    fn a_secret_is_found_where_the_log_had_to_quote_it() {
        let never_log = NeverLog::default();
        never_log.sent(&json!({"password": "say \"friend\""}));
        never_log.assert_not_in(r#"{"message":"say \"friend\""}"#);
    }

    #[test]
    #[should_panic(expected = "is in the log")]
    fn a_private_key_is_found_whosever_it_is() {
        NeverLog::default().assert_not_in("-----BEGIN EC PRIVATE KEY-----");
    }

    #[test]
    fn a_mobile_number_is_found_in_any_notation() {
        for sent in ["+14155550123", "+1 (415) 555-0123", "14155550123"] {
            for logged in
                ["+14155550123", "4155550123 said", "(415) 555-0123", "\"1.415.555.0123\""]
            {
                let never_log = NeverLog::default();
                never_log.sent(&json!({"mobile_number": sent}));
                let found = std::panic::catch_unwind(|| never_log.assert_not_in(logged));
                assert!(found.is_err(), "{sent} in {logged}");
            }
            let never_log = NeverLog::default();
            never_log.sent(&json!({"mobile_number": sent}));
            never_log.assert_not_in("took_ns=141555501239 after 41555501 bytes");
        }
    }

    #[test]
    fn digits_inside_a_longer_number_are_not_the_code() {
        let never_log = NeverLog::default();
        never_log.received(&json!({"otp": "482913", "content": "hi"}));
        never_log.assert_not_in("took_ns=14829137 at 2026-11-21T10:00:00.482913Z said hi");
    }
}
