//! Stripe's errors: <https://docs.stripe.com/api/errors>.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::super::account::Refusal;

/// What is wrong with a request.
#[derive(Debug)]
pub(crate) struct StripeError {
    pub(crate) status: StatusCode,
    kind: &'static str,
    code: Option<String>,
    message: String,
    param: Option<String>,
    /// The endpoint had not begun to execute: the answer is not kept for the idempotency key.
    pub(crate) is_early: bool,
}

impl StripeError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            message: message.into(),
            param: None,
            is_early: false,
        }
    }

    pub(crate) fn unknown_parameter(name: &str) -> Self {
        Self::invalid(format!("Received unknown parameter: {name}"))
            .code("parameter_unknown")
            .param(name)
            .early()
    }

    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::invalid(format!("Missing required param: {name}."))
            .code("parameter_missing")
            .param(name)
            .early()
    }

    pub(crate) fn bad_parameter(name: &str, code: &str, message: impl Into<String>) -> Self {
        Self::invalid(message).code(code).param(name).early()
    }

    /// The object that the path names is unknown.
    pub(crate) fn no_such(what: &str, id: &str) -> Self {
        Self::no_such_in("id", what, id).status(StatusCode::NOT_FOUND)
    }

    /// The object that a parameter names is unknown.
    pub(crate) fn no_such_in(param: &str, what: &str, id: &str) -> Self {
        Self::invalid(format!("No such {what}: '{id}'")).code("resource_missing").param(param)
    }

    pub(crate) fn unrecognized(method: &str, path: &str) -> Self {
        Self::invalid(format!(
            "Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or we \
             can help at https://support.stripe.com/."
        ))
        .status(StatusCode::NOT_FOUND)
        .early()
    }

    pub(crate) fn no_key() -> Self {
        Self::invalid(
            "You did not provide an API key. You need to provide your API key in the Authorization \
             header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
        )
        .status(StatusCode::UNAUTHORIZED)
        .early()
    }

    pub(crate) fn bad_key() -> Self {
        Self::invalid("Invalid API Key provided: sk_****").status(StatusCode::UNAUTHORIZED).early()
    }

    /// An idempotency key came again with other parameters.
    pub(crate) fn other_parameters(key: &str) -> Self {
        let error = Self::invalid(format!(
            "Keys for idempotent requests can only be used with the same parameters they were first \
             used with. Try using a key other than '{key}' if you meant to execute a different \
             request."
        ));
        Self { kind: "idempotency_error", ..error }.early()
    }

    /// An idempotency key came again while its first request was under way.
    pub(crate) fn key_in_use(key: &str) -> Self {
        let error = Self::invalid(format!(
            "There is currently another in-progress request using this Idempotent Key (that \
             probably means you submitted twice, and the other request is still going through): \
             {key}. Please try again later."
        ));
        Self { kind: "idempotency_error", ..error }
            .status(StatusCode::CONFLICT)
            .code("idempotency_key_in_use")
            .early()
    }

    /// An error that the stand-in was told to answer with. Keys, conflicts and rates are checked before
    /// an endpoint begins: <https://docs.stripe.com/error-low-level#idempotency>.
    pub(crate) fn told(status: StatusCode, code: Option<String>) -> Self {
        let kind = if status.is_server_error() { "api_error" } else { "invalid_request_error" };
        let is_early = matches!(status.as_u16(), 401 | 409 | 429);
        let error = Self::invalid("The stand-in was told to fail.").status(status);
        Self { kind, code, is_early, ..error }
    }

    pub(crate) fn param(self, name: &str) -> Self {
        Self { param: Some(name.to_owned()), ..self }
    }

    fn code(self, code: &str) -> Self {
        Self { code: Some(code.to_owned()), ..self }
    }

    fn status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    fn early(self) -> Self {
        Self { is_early: true, ..self }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = json!({"type": self.kind, "message": self.message});
        if let Some(code) = &self.code {
            let page = code.replace('_', "-");
            error["code"] = code.as_str().into();
            error["doc_url"] = format!("https://stripe.com/docs/error-codes/{page}").into();
        }
        if let Some(param) = &self.param {
            error["param"] = param.as_str().into();
        }
        json!({"error": error})
    }
}

impl From<Refusal> for StripeError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unknown { what, id } => Self::no_such(what, &id),
            Refusal::Illegal { .. } | Refusal::Bad(_) => Self::invalid(refusal.to_string()),
        }
    }
}
