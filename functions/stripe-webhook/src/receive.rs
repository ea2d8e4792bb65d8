//! `POST /webhook/stripe`: one delivery.

use std::time::Duration;

use axum::{Json, body::Body, extract::State as Of, http::HeaderMap};
use billing::{Hint, Synced};
use serde::Serialize;
use shared::{
    domain::SubscriptionId,
    http::{Problem, ProblemBody, Result, answers::Failures, note_user, read_body},
};
use tokio::time::timeout;
use utoipa::ToSchema;

use crate::{State, event::Event, signature::SignatureError};

/// The largest body, bytes. Stripe names no bound; its largest events, invoices of many lines, are
/// some tens of kilobytes.
const LARGEST: usize = 256 * 1024;
/// How long a delivery may take: Stripe gives up after some 10 s, and delivers it again.
pub const DELIVERY: Duration = Duration::from_secs(9);

/// A delivery was received.
#[derive(Debug, Serialize, ToSchema)]
pub struct Received {
    /// Always `received`: an event that can't be applied now is not answered 200.
    #[schema(example = "received")]
    status: &'static str,
}

/// What a delivery came to, for the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Applied,
    /// It was applied before.
    Duplicate,
    /// It is of a type that leads to nothing.
    Ignored,
    /// It is about nobody that is known here.
    Unknown,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "Applied",
            Self::Duplicate => "Duplicate",
            Self::Ignored => "Ignored",
            Self::Unknown => "Unknown",
        }
    }
}

/// Take an event from Stripe
///
/// Stripe calls this. The event is applied at most once; its order does not matter.
#[utoipa::path(
    post,
    path = "/webhook/stripe",
    operation_id = "receive_stripe_event",
    tag = "webhooks",
    security(()),
    params(("Stripe-Signature" = String, Header, description = "`t=…,v1=…` over the body's bytes (https://docs.stripe.com/webhooks#verify-manually)")),
    request_body(content = Object, description = "An event of any API version, at most 256 KiB", content_type = "application/json"),
    responses(
        (status = 200, description = "It was applied, was applied before, or leads to nothing", body = Received),
        (status = 400, description = "`invalid_signature`: forged, or older or newer than 300 s; `invalid_event`: no event; or `unreadable_body`", body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 413, description = "`body_too_large`: more than 256 KiB", body = ProblemBody<'static>, content_type = "application/problem+json"),
        Failures,
    )
)]
pub(crate) async fn receive(
    Of(state): Of<State>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>> {
    let body = read_body(body, LARGEST).await?;
    let signature = headers.get("stripe-signature").and_then(|value| value.to_str().ok());
    let verified = state.secrets.verify(signature.unwrap_or_default(), &body, state.clock.now());
    verified.map_err(refused)?;
    let event = Event::parse(&body)
        .map_err(|error| Problem::bad_request("invalid_event", format!("No event: {error}.")))?;
    let applied = timeout(DELIVERY, Box::pin(apply(&state, &event))).await;
    let applied = applied.unwrap_or_else(|_| Err(Problem::unavailable("out of time")));
    tell(&event, applied.as_ref().ok().copied());
    applied.map(|_| Json(Received { status: "received" }))
}

/// One line of what a delivery came to; none: it could not be applied now.
fn tell(event: &Event, outcome: Option<Outcome>) {
    use Outcome::{Applied, Duplicate, Ignored, Unknown};
    let came_to = |outcomes: &[Option<Outcome>]| outcomes.contains(&outcome).then_some(1);
    tracing::info!(
        stripe.event = event.id.as_str(),
        stripe.kind = event.kind,
        stripe.subscription = event.about.subscription.as_ref().map(SubscriptionId::as_str),
        webhook.outcome = outcome.map_or("Failed", Outcome::as_str),
        WebhooksApplied = came_to(&[Some(Applied)]),
        WebhooksKnown = came_to(&[Some(Duplicate)]),
        WebhooksIgnored = came_to(&[Some(Ignored), Some(Unknown)]),
        WebhooksFailed = came_to(&[None]),
        "event"
    );
}

/// Take an event from Stripe (the same as `/webhook/stripe`)
#[utoipa::path(
    post,
    path = "/subscribe/webhook",
    operation_id = "receive_stripe_event_too",
    tag = "webhooks",
    security(()),
    params(("Stripe-Signature" = String, Header, description = "As for `/webhook/stripe`")),
    request_body(content = Object, description = "An event of any API version, at most 256 KiB", content_type = "application/json"),
    responses(
        (status = 200, description = "As for `/webhook/stripe`", body = Received),
        (status = 400, description = "As for `/webhook/stripe`", body = ProblemBody<'static>, content_type = "application/problem+json"),
        (status = 413, description = "As for `/webhook/stripe`", body = ProblemBody<'static>, content_type = "application/problem+json"),
        Failures,
    )
)]
pub(crate) async fn receive_too(
    state: Of<State>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Received>> {
    receive(state, headers, body).await
}

fn refused(error: SignatureError) -> Problem {
    // Which check failed is for the log: a forger learns nothing.
    tracing::warn!(WebhooksRefused = 1, %error, "a delivery was not signed by Stripe");
    Problem::bad_request("invalid_signature", "The signature is missing, wrong, or too old.")
}

async fn apply(state: &State, event: &Event) -> Result<Outcome> {
    let Some(customer) = event.about.customer.as_ref().filter(|_| event.matters()) else {
        return Ok(Outcome::Ignored);
    };
    let now = state.clock.now();
    let owner = state.ledger.store().owner_of_customer(customer, &event.id, now).await?;
    if owner.seen {
        return Ok(Outcome::Duplicate);
    }
    let Some(user) = owner.user else { return Ok(Outcome::Unknown) };
    note_user(user);
    let hint = Hint {
        event: Some(event.id.clone()),
        ended_checkout: event.ends_checkout().cloned(),
        doubt_customer: event.kind == "customer.deleted",
    };
    Ok(match state.ledger.sync(user, &hint).await? {
        Synced::Stored { .. } => Outcome::Applied,
        Synced::Seen => Outcome::Duplicate,
        Synced::Gone => Outcome::Unknown,
    })
}
