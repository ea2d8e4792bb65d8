//! What must never be in a log: one-time codes, tokens, passwords, mobile numbers, what people write, and
//! the addresses of pages that are theirs at Stripe.
//!
//! The harness notes these as they pass by, and looks for them in the process's output at the end of
//! every test.

use std::{collections::BTreeSet, sync::Mutex};

use local::gemini::ERROR_MESSAGE;
use serde_json::Value;

use crate::{model::KEY, stripe};

/// Members of requests and answers that hold such a thing. A code in a request may be a guess; six
/// digits that mean nothing may well be in a log.
const SENT: [&str; 8] = [
    "mobile_number",
    "password",
    "old_password",
    "new_password",
    "refresh_token",
    "content",
    "text",
    "system_instruction",
];
const RECEIVED: [&str; 7] = [
    "mobile_number",
    "otp",
    "access_token",
    "refresh_token",
    "content",
    "system_instruction",
    "url",
];

/// Shorter texts ("hi") are in a log by chance.
const SHORTEST: usize = 6;
/// Enough of a long text to know it by, wherever a log may have cut it off.
const LONGEST: usize = 40;

#[derive(Default)]
pub(crate) struct NeverLog(Mutex<BTreeSet<String>>);

impl NeverLog {
    pub(crate) fn sent(&self, body: &Value) {
        self.note(body, &SENT);
    }

    pub(crate) fn received(&self, body: &Value) {
        self.note(body, &RECEIVED);
    }

    fn note(&self, body: &Value, members: &[&str]) {
        match body {
            Value::Object(object) => {
                for (name, value) in object {
                    match value {
                        Value::String(text) if members.contains(&name.as_str()) => self.add(text),
                        _ => self.note(value, members),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.note(item, members)),
            _ => {}
        }
    }

    fn add(&self, text: &str) {
        let text: String = text.trim().trim_start_matches('+').chars().take(LONGEST).collect();
        if text.len() >= SHORTEST {
            self.0.lock().unwrap().insert(text);
        }
    }

    /// Panics if one of them, or an internal of the model service or of Stripe, is in `log`.
    pub(crate) fn assert_not_in(&self, log: &str) {
        for secret in [ERROR_MESSAGE, KEY].into_iter().chain(stripe::SECRETS) {
            assert!(!log.contains(secret), "{secret:?} is in the log:\n{log}");
        }
        for text in &*self.0.lock().unwrap() {
            if let Some(line) = log.lines().find(|line| shows(line, text)) {
                panic!("{text:?} is in the log:\n{line}");
            }
        }
    }
}

/// Whether `text` is in `line`; digits only where they are not a piece of a longer number or name.
fn shows(line: &str, text: &str) -> bool {
    if !text.chars().all(|c| c.is_ascii_digit()) {
        return line.contains(text);
    }
    line.match_indices(text).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        ![before, after].into_iter().flatten().any(char::is_alphanumeric)
    })
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
    fn digits_inside_a_longer_number_are_not_the_code() {
        let never_log = NeverLog::default();
        never_log.received(&json!({"otp": "482913", "content": "hi"}));
        never_log.assert_not_in("took_ns=14829137 at 2026-11-21T10:00:00.482913Z said hi");
    }
}
