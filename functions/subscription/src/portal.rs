//! `POST /subscribe/portal`: Stripe's page where a subscription is looked after.

use axum::{Json, extract::State as Of, http::StatusCode};
use billing::Hint;
use serde::Serialize;
use shared::http::{
    FromCaller, Problem, ProblemBody, Result,
    answers::{Failures, Protected},
};
use utoipa::ToSchema;

use crate::State;

/// A visit to Stripe's billing portal.
#[derive(Debug, Serialize, ToSchema)]
pub struct PortalSession {
    /// Where to send the browser, soon: the address is good for a few minutes.
    #[schema(format = "uri", example = "https://billing.stripe.com/p/session/live_YWNjd…")]
    url: String,
}

/// Look after your subscription
///
/// Gives the address of Stripe's billing portal: cancel, take that back, change the card, see
/// invoices.
#[utoipa::path(
    post,
    path = "/subscribe/portal",
    operation_id = "open_portal",
    tag = "subscription",
    security(("bearer" = [])),
    responses(
        (status = 201, description = "The portal is open", body = PortalSession),
        (status = 409, description = "`no_subscription`: there is nothing to look after", body = ProblemBody<'static>, content_type = "application/problem+json"),
        Protected,
        Failures,
    )
)]
pub(crate) async fn open(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
) -> Result<(StatusCode, Json<PortalSession>)> {
    let account = state.account(&caller, state.clock.now()).await?;
    let customer = account.billing.facts.customer.ok_or_else(no_subscription)?;
    let return_url = format!("{}/", state.frontend);
    match state.stripe().open_portal(&customer, &return_url).await {
        Ok(url) => Ok((StatusCode::CREATED, Json(PortalSession { url }))),
        Err(error) if error.is_missing() => {
            let hint = Hint { doubt_customer: true, ..Hint::default() };
            state.ledger.sync(caller.user_id, &hint).await?;
            Err(no_subscription())
        }
        Err(error) => Err(error.into()),
    }
}

fn no_subscription() -> Problem {
    let detail = "There is no subscription to look after. POST /subscribe/pro begins one.";
    Problem::conflict("no_subscription", detail)
}
