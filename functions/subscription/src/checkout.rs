//! `POST /subscribe/pro`: the endpoint, its deadline and its idempotency key.

use std::time::Duration;

use axum::{
    extract::State as Of,
    http::{HeaderName, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    domain::Checkout,
    http::{
        FromCaller, IdempotencyKey, JsonBody, Problem, ProblemBody, Result,
        answers::{Failures, Protected, TakesJson},
        fingerprint, key_reused,
    },
    store::{Begun, FirstAnswer, Underway},
};
use tokio::time::{Instant, timeout, timeout_at};
use utoipa::ToSchema;

use crate::{State, session};

/// How long a request may take altogether: the function itself may run for 29 s.
pub const REQUEST: Duration = Duration::from_secs(22);
/// How long a lease stands, and a request counts as under way: longer than the request can take.
const LEASE: SignedDuration = SignedDuration::from_secs(24);
/// How long the answer to a request may take to be remembered: it is given in any case.
pub const REMEMBERING: Duration = Duration::from_secs(3);

/// The body: no field is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct Nothing {}

/// A checkout session at Stripe.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckoutSession<'a> {
    /// Stripe's id of it.
    #[schema(example = "cs_test_a1b2c3")]
    session_id: &'a str,
    /// Where to send the browser to pay.
    #[schema(format = "uri", example = "https://checkout.stripe.com/c/pay/cs_test_a1b2c3")]
    url: &'a str,
    /// The same.
    #[schema(format = "uri", example = "https://checkout.stripe.com/c/pay/cs_test_a1b2c3")]
    checkout_url: &'a str,
}

/// Subscribe to Pro
///
/// Gives the address of a checkout page at Stripe. A session that is still open is given again. Pro
/// begins when Stripe confirms the payment: see `/subscribe/status`.
#[utoipa::path(
    post,
    path = "/subscribe/pro",
    operation_id = "subscribe_pro",
    tag = "subscription",
    security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the first answer again, for 24 hours", min_length = 1, max_length = 255)),
    responses(
        (status = 201, description = "The checkout is open", body = CheckoutSession, headers(("Location" = String, description = "The checkout page"))),
        (status = 409, description = "`already_pro`; `subscription_unsettled`: there is a subscription that is neither Pro nor ended, see `/subscribe/portal`; or `request_underway`: the same request is being answered", body = ProblemBody<'static>, content_type = "application/problem+json"),
        TakesJson,
        Protected,
        Failures,
    )
)]
pub(crate) async fn open(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    (method, uri): (Method, Uri),
    key: Option<IdempotencyKey>,
    body: Option<JsonBody<Nothing>>,
) -> Result<Response> {
    let deadline = Instant::now() + REQUEST;
    let now = state.clock.now();
    let account = state.account(&caller, now).await?;
    let opening = Box::pin(session::open(&state, &caller, account.billing));
    let Some(IdempotencyKey(key)) = key else {
        return Ok(created(answer(&within(deadline, opening).await?)?));
    };
    let bytes = body.map(|body| body.bytes).unwrap_or_default();
    let request = Underway {
        user: caller.user_id,
        key,
        fingerprint: fingerprint(&method, uri.path(), &bytes),
        attempt: state.ids.next(now),
    };
    match state.store().begin_request(&request, now, later(now)?).await? {
        Begun::First => {}
        Begun::Replayed(first) => return Ok(created(first)),
        Begun::KeyReused => return Err(key_reused()),
        Begun::Underway => return Err(underway()),
    }
    match within(deadline, opening).await.and_then(|checkout| answer(&checkout)) {
        Ok(first) => {
            let remembered = timeout(REMEMBERING, state.store().complete_request(&request, &first));
            if !matches!(remembered.await, Ok(Ok(()))) {
                tracing::warn!("an idempotency key has no answer: a repetition is done anew");
            }
            Ok(created(first))
        }
        Err(problem) => {
            if let Err(error) = state.store().abandon_request(&request).await {
                tracing::warn!(%error, "an idempotency key stays taken for a while");
            }
            Err(problem)
        }
    }
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T>>) -> Result<T> {
    timeout_at(deadline, work).await.unwrap_or_else(|_| Err(Problem::unavailable("out of time")))
}

fn answer(checkout: &Checkout) -> Result<FirstAnswer> {
    let (session_id, url) = (checkout.id.as_str(), checkout.url.as_str());
    let session = CheckoutSession { session_id, url, checkout_url: url };
    let body = serde_json::to_string(&session).map_err(Problem::internal)?;
    Ok(FirstAnswer { location: checkout.url.clone(), body })
}

fn created(answer: FirstAnswer) -> Response {
    let headers: [(HeaderName, String); 2] = [
        (header::LOCATION, answer.location),
        (header::CONTENT_TYPE, "application/json".to_owned()),
    ];
    (StatusCode::CREATED, headers, answer.body).into_response()
}

fn underway() -> Problem {
    Problem::conflict(
        "request_underway",
        "The same request is being answered. Try again in a moment.",
    )
}

/// When what begins now counts as lost.
pub(crate) fn later(now: Timestamp) -> Result<Timestamp> {
    now.checked_add(LEASE).map_err(Problem::internal)
}
