//! `parley replay`: an event of Stripe's, delivered again.
//!
//! Stripe's own dashboard can do the same for an endpoint that it knows. This way works for every
//! deployment, `local` included, and says what came of it.

use std::fmt;

use axum::http::{Method, header};
use billing::{Stripe, StripeFailed};
use secrecy::ExposeSecret as _;
use serde::Serialize;
use shared::{
    aws::Aws,
    config::Env,
    domain::{Clock, EventId},
    store::Store,
};
use stripe_webhook::event::Event;

use super::{Report, http::Api};
use crate::{Error, stripe::Signer};

/// What came of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was applied.
    Received,
    /// It had been applied before, and was not applied again.
    KnownAlready,
    /// It is of a type that leads to nothing.
    Ignored,
    /// It is about nobody who has an account here.
    Unknown,
    /// The deployment does not take it (4xx).
    Refused,
    /// The deployment could not apply it now (5xx).
    Failed,
}

/// A delivery.
#[derive(Debug, Serialize)]
pub struct Replayed {
    /// The event.
    pub event: EventId,
    /// Its type, such as `invoice.paid`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Under which the deployment's log tells more.
    pub request_id: Option<String>,
}

/// Fetches the event `id` from Stripe, signs it as Stripe does, and delivers it to the deployment
/// `env`.
///
/// # Errors
/// Stripe does not have it or was not reached; or the deployment was not.
pub async fn replay(env: &Env, id: &EventId, clock: &dyn Clock) -> Result<Replayed, Error> {
    let aws = Aws::from_env(env)?;
    let names = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"];
    let [key, secrets] = aws.secrets(env, names).await?;
    let body = Stripe::from_env(env, &key)?.event(id).await.map_err(|why| not_had(id, &why))?;
    let event = Event::parse(&body).map_err(|error| format!("Stripe sent no event: {error}"))?;
    // The answer is the same for all that it takes, so the table is asked first.
    let expected = expected(&Store::from_env(env, &aws)?, &event, clock).await?;

    let api = Api::from_env(env)?;
    let body = String::from_utf8(body).map_err(|_| "Stripe sent no text")?;
    let signature = Signer::new(secrets.expose_secret())?.header(&body, clock.now());
    let request = api
        .request(Method::POST, "/webhook/stripe")
        .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
        .header("stripe-signature", signature)
        .body(body);
    let answer = api.send(request).await?;
    let outcome = match answer.status {
        200..300 => expected,
        500.. => Outcome::Failed,
        _ => Outcome::Refused,
    };
    Ok(Replayed {
        event: event.id,
        kind: event.kind,
        outcome,
        status: answer.status,
        request_id: answer.request_id,
    })
}

/// What becomes of `event` if the deployment takes it.
async fn expected(store: &Store, event: &Event, clock: &dyn Clock) -> Result<Outcome, Error> {
    let Some(customer) = event.about.customer.as_ref().filter(|_| event.matters()) else {
        return Ok(Outcome::Ignored);
    };
    let owner = store.owner_of_customer(customer, &event.id, clock.now()).await?;
    Ok(match owner.user {
        _ if owner.seen => Outcome::KnownAlready,
        Some(_) => Outcome::Received,
        None => Outcome::Unknown,
    })
}

fn not_had(id: &EventId, why: &StripeFailed) -> Error {
    let advice = match why {
        missing if missing.is_missing() => {
            "; Stripe keeps events for 30 days, and test events apart from live ones"
        }
        StripeFailed::Refused { status: 401 | 403, .. } => {
            "; the key needs read access to Events: a restricted one may lack it"
        }
        _ => "",
    };
    format!("{id} was not fetched: {why}{advice}").into()
}

impl Report for Replayed {
    fn exit_code(&self) -> u8 {
        u8::from(matches!(self.outcome, Outcome::Refused | Outcome::Failed))
    }
}

impl fmt::Display for Replayed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { event, kind, status, .. } = self;
        let outcome = match self.outcome {
            Outcome::Received => "received: it was applied",
            Outcome::KnownAlready => "known already: it was applied before, and not again",
            Outcome::Ignored => "received, and left at that: its type leads to nothing",
            Outcome::Unknown => "received, and left at that: nobody here is that customer",
            Outcome::Refused if *status == 400 => {
                "refused: is STRIPE_WEBHOOK_SECRET the deployment's, and this clock right?"
            }
            Outcome::Refused => "refused",
            Outcome::Failed => "not applied: the deployment failed; run it again later",
        };
        write!(f, "{event} ({kind}) {outcome} (HTTP {status}")?;
        match &self.request_id {
            Some(id) => write!(f, ", request {id})"),
            None => f.write_str(")"),
        }
    }
}
