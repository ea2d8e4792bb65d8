//! What Stripe's answers mean, body by body: no network, no clock. Whatever a body holds, reading it
//! ends in a value or in a [`StripeFailed`].

use miniserde::{Deserialize, json};
use shared::domain::{CustomerId, Subscription};

use crate::{
    Session, SessionState, StripeFailed,
    wire::{CustomerObject, Page, PortalObject, SessionObject, SubscriptionObject},
};

/// Stripe's errors (<https://docs.stripe.com/api/errors>), but for their message: it may repeat what
/// was sent.
#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorObject,
}

#[derive(Deserialize)]
struct ErrorObject {
    #[serde(rename = "type")]
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

/// A customer; none if it is deleted.
pub fn customer(body: &[u8]) -> Result<Option<CustomerId>, StripeFailed> {
    read::<CustomerObject>(body).map(CustomerObject::read)
}

/// A page of subscriptions. One that can't be read spoils the page.
pub fn subscriptions(body: &[u8]) -> Result<Vec<Subscription>, StripeFailed> {
    let page: Page<SubscriptionObject> = read(body)?;
    let read = page.data.into_iter().map(SubscriptionObject::read);
    read.map(|read| read.ok_or(StripeFailed::Unreadable)).collect()
}

/// A checkout session.
pub fn session(body: &[u8]) -> Result<Session, StripeFailed> {
    let session: SessionObject = read(body)?;
    let id = session.id().ok_or(StripeFailed::Unreadable)?;
    let state = match (session.status.as_deref(), session.url) {
        (Some("open"), Some(url)) => SessionState::Open(url),
        (Some("complete"), _) => SessionState::Complete,
        (Some("expired"), _) => SessionState::Expired,
        _ => return Err(StripeFailed::Unreadable),
    };
    Ok(Session { id, state, created: session.created, expires: session.expires_at })
}

/// The address of a session of the billing portal.
pub fn portal(body: &[u8]) -> Result<String, StripeFailed> {
    read::<PortalObject>(body).map(|portal| portal.url)
}

/// What an answer that is no success means. Whatever its body holds, its status tells enough.
#[must_use]
pub fn refusal(status: u16, body: &[u8]) -> StripeFailed {
    if status >= 500 {
        return StripeFailed::Failed(status);
    }
    let (code, param) = read(body)
        .map_or((None, None), |ErrorBody { error }| (error.code.or(error.kind), error.param));
    StripeFailed::Refused {
        status,
        code: code.unwrap_or_default(),
        param: param.unwrap_or_default(),
    }
}

fn read<T: Deserialize>(body: &[u8]) -> Result<T, StripeFailed> {
    let text = std::str::from_utf8(body).map_err(|_| StripeFailed::Unreadable)?;
    json::from_str(text).map_err(|_| StripeFailed::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> (u16, String, String) {
        match refusal(status, body.as_bytes()) {
            StripeFailed::Refused { status, code, param } => (status, code, param),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_refusal_keeps_code_and_parameter_and_not_the_message() {
        let body = r#"{"error":{"type":"invalid_request_error","code":"resource_missing",
            "message":"No such customer: 'cus_1'","param":"customer","payment_intent":{"id":7}}}"#;
        assert_eq!(refused(400, body), (400, "resource_missing".into(), "customer".into()));
        let body = r#"{"error":{"type":"idempotency_error","message":"secret"}}"#;
        assert_eq!(refused(400, body), (400, "idempotency_error".into(), String::new()));
    }

    #[test]
    fn a_refusal_that_cant_be_read_is_one_all_the_same() {
        for body in ["", "<html>", "{", "[]", r#"{"error":"x"}"#, "\u{0}"] {
            assert_eq!(refused(404, body), (404, String::new(), String::new()), "{body}");
        }
        assert!(matches!(refusal(502, b"<html>"), StripeFailed::Failed(502)));
    }
}
