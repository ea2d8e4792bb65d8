//! What the stand-in does with API calls that it is told of; the control API takes it as JSON.

use std::time::Duration;

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// What to do with some API calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Behaviour {
    /// With which.
    pub when: When,
    /// So many times; none means always.
    pub times: Option<u32>,
    /// After so many milliseconds.
    pub delay_ms: u64,
    /// What then.
    pub respond: Respond,
}

/// Which API calls. By default all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Those of this method, such as `POST`.
    pub method: Option<String>,
    /// Those whose path begins like this, such as `/v1/customers`.
    pub path: Option<String>,
}

/// How an API call is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Respond {
    /// The usual answer.
    #[default]
    Answer,
    /// Not at all, and nothing happens: the call waits until its client goes away, or the stand-in.
    Hang,
    /// It happens; the connection breaks in the middle of the answer.
    Cut,
    /// It happens; the connection breaks before the answer.
    Swallow,
    /// An error, and nothing happens.
    #[serde(untagged)]
    Status(StatusReply),
}

/// An error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReply {
    /// HTTP status. What is not one is taken for a 500.
    pub status: u16,
    /// `code` of the error, such as `lock_timeout`.
    #[serde(default)]
    pub code: Option<String>,
}

impl Behaviour {
    /// Does this always and for every API call.
    #[must_use]
    pub fn new(respond: Respond) -> Self {
        Self { respond, ..Self::default() }
    }

    /// Only for calls of this method, to paths that begin like this.
    #[must_use]
    pub fn when(self, method: impl Into<String>, path: impl Into<String>) -> Self {
        let when = When { method: Some(method.into()), path: Some(path.into()) };
        Self { when, ..self }
    }

    /// Only `times` times.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Only after `delay`.
    #[must_use]
    pub fn delay(self, delay: Duration) -> Self {
        Self { delay_ms: u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), ..self }
    }
}

impl When {
    fn matches(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
            && self.path.as_ref().is_none_or(|prefix| path.starts_with(prefix))
    }
}

impl Respond {
    /// An error of this HTTP status, in Stripe's form.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::Status(StatusReply { status, code: None })
    }
}

/// All that the stand-in was told.
#[derive(Debug, Default)]
pub(super) struct Behaviours(Vec<Behaviour>);

impl Behaviours {
    pub(super) fn add(&mut self, behaviour: Behaviour) {
        self.0.push(behaviour);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The behaviour for this call, counted as used once: of those that match the one added last.
    pub(super) fn take(&mut self, method: &Method, path: &str) -> Behaviour {
        let matching =
            self.0.iter_mut().rev().find(|behaviour| {
                behaviour.times != Some(0) && behaviour.when.matches(method, path)
            });
        let Some(behaviour) = matching else {
            return Behaviour::default();
        };
        if let Some(times) = &mut behaviour.times {
            *times -= 1;
        }
        behaviour.clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn parsed(value: Value) -> Behaviour {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn every_documented_form_is_understood() {
        assert_eq!(parsed(json!({})), Behaviour::new(Respond::Answer));
        for (name, respond) in [
            ("answer", Respond::Answer),
            ("hang", Respond::Hang),
            ("cut", Respond::Cut),
            ("swallow", Respond::Swallow),
        ] {
            assert_eq!(parsed(json!({"respond": name})), Behaviour::new(respond));
        }
        assert_eq!(
            parsed(json!({
                "when": {"method": "POST", "path": "/v1/customers"}, "times": 2, "delay_ms": 1500,
                "respond": {"status": 429, "code": "lock_timeout"},
            })),
            Behaviour::new(Respond::Status(StatusReply {
                status: 429,
                code: Some("lock_timeout".to_owned())
            }))
            .when("POST", "/v1/customers")
            .times(2)
            .delay(Duration::from_millis(1500))
        );
    }

    #[test]
    fn a_slip_of_the_pen_is_refused() {
        for slip in [
            json!({"whenn": {}}),
            json!({"when": {"paths": "/v1"}}),
            json!({"respond": "hangs"}),
            json!({"respond": {"status": 503, "retry": "1s"}}),
            json!({"times": -1}),
        ] {
            assert!(serde_json::from_value::<Behaviour>(slip.clone()).is_err(), "{slip}");
        }
    }

    #[test]
    fn the_last_that_matches_is_used_as_often_as_it_may_be() {
        let mut behaviours = Behaviours::default();
        behaviours.add(Behaviour::new(Respond::Cut));
        behaviours.add(Behaviour::new(Respond::Hang).when("post", "/v1/customers").times(1));
        let mut respond = |method, path| behaviours.take(&method, path).respond;
        assert_eq!(respond(Method::POST, "/v1/checkout/sessions"), Respond::Cut);
        assert_eq!(respond(Method::GET, "/v1/customers/cus_1"), Respond::Cut);
        assert_eq!(respond(Method::POST, "/v1/customers"), Respond::Hang);
        assert_eq!(respond(Method::POST, "/v1/customers"), Respond::Cut);
    }
}
