//! `POST /subscribe/pro`: a checkout at Stripe.
//!
//! However many requests come at once, a user has one customer and one open session: whoever has the
//! lease makes them, the others wait for what comes of it.

use std::time::Duration;

use axum::{
    extract::State as Of,
    http::{HeaderName, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use billing::{Hint, NewCheckout, SessionState, StripeFailed, Synced};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    domain::{Caller, Checkout, CustomerId, Tier, UserId},
    http::{
        FromCaller, IdempotencyKey, JsonBody, Problem, ProblemBody, Result,
        answers::{Failures, Protected, TakesJson},
        fingerprint, key_reused,
    },
    store::{Begun, Billing, FirstAnswer, Lease, Leased, Underway},
};
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use crate::State;

/// How long a request may take altogether: the function itself may run for 29 s.
const REQUEST: Duration = Duration::from_secs(22);
/// How long a lease stands, and a request counts as under way: longer than the request can take.
const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// How long a request waits before it looks again what came of another one's lease, at the most.
const LOOK_AGAIN: Duration = Duration::from_millis(400);
/// A session this young is open: nobody has paid, and it can't have expired.
const YOUNG: i64 = 60;
/// A session that ends sooner is not worth paying in.
const TIME_TO_PAY: i64 = 600;

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
        (status = 409, description = "`already_pro`; `subscription_unsettled`: there is a subscription that waits for a payment, see `/subscribe/portal`; or `request_underway`: the same request is being answered", body = ProblemBody<'static>, content_type = "application/problem+json"),
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
    let opening = Box::pin(open_once(&state, &caller, account.billing));
    let Some(IdempotencyKey(key)) = key else {
        return Ok(created(answer(&within(deadline, opening).await?)?));
    };
    let bytes = body.map(|body| body.bytes).unwrap_or_default();
    let request = Underway {
        user: caller.user_id,
        key,
        fingerprint: fingerprint(&method, uri.path(), &bytes),
        request: state.ids.next(now),
    };
    match state.store().begin_request(&request, now, later(now)?).await? {
        Begun::First => {}
        Begun::Replayed(first) => return Ok(created(first)),
        Begun::KeyReused => return Err(key_reused()),
        Begun::Underway => return Err(underway()),
    }
    match within(deadline, opening).await.and_then(|checkout| answer(&checkout)) {
        Ok(first) => {
            state.store().complete_request(&request, &first).await?;
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

/// The caller's open checkout: the one that stands, or a new one. `billing` is what was just read.
async fn open_once(state: &State, caller: &Caller, mut billing: Billing) -> Result<Checkout> {
    let lease = Lease { user: caller.user_id, id: state.ids.next(state.clock.now()) };
    loop {
        let now = state.clock.now();
        refuse_unless_free(&billing, now)?;
        if let Some(young) = young(state, &billing, now) {
            return Ok(young);
        }
        match state.store().lease_checkout(caller, &lease, now, later(now)?).await? {
            Leased::Granted(billing) => {
                let opened = open_with(state, &lease, *billing).await;
                if opened.is_err() {
                    state.store().release_checkout(&lease).await?;
                }
                return opened;
            }
            Leased::Taken => {}
            Leased::SessionEnded => return Err(Problem::session_ended()),
        }
        tokio::time::sleep(LOOK_AGAIN.mul_f64(rand::random())).await;
        billing = state.account(caller, state.clock.now()).await?.billing;
    }
}

/// 409 if there is a subscription already.
fn refuse_unless_free(billing: &Billing, now: Timestamp) -> Result<()> {
    if billing.entitlement.tier_at(now) == Tier::Pro {
        let detail = "You have Pro. POST /subscribe/portal to change or cancel it.";
        return Err(Problem::conflict("already_pro", detail));
    }
    match &billing.facts.subscription {
        Some(subscription) if !subscription.status.is_final() => {
            let detail =
                "Your subscription waits for a payment. POST /subscribe/portal to settle it.";
            Err(Problem::conflict("subscription_unsettled", detail))
        }
        _ => Ok(()),
    }
}

/// The session that another request has just opened.
fn young(state: &State, billing: &Billing, now: Timestamp) -> Option<Checkout> {
    let checkout = billing.facts.checkout.as_ref()?;
    let young = checkout.created + YOUNG > now.as_second() && checkout.price == state.price;
    young.then(|| checkout.clone())
}

/// With the lease: the session that stands, or a new one.
async fn open_with(state: &State, lease: &Lease, billing: Billing) -> Result<Checkout> {
    let now = state.clock.now();
    refuse_unless_free(&billing, now)?;
    if let Some(young) = young(state, &billing, now) {
        state.store().release_checkout(lease).await?;
        return Ok(young);
    }
    if let Some(standing) = still_open(state, lease.user, &billing).await? {
        state.store().release_checkout(lease).await?;
        return Ok(standing);
    }
    let customer = match billing.facts.customer {
        Some(customer) => customer,
        None => make_customer(state, lease, billing.customer_attempt).await?,
    };
    let checkout = NewCheckout {
        customer: &customer,
        user: lease.user,
        price: &state.price,
        success_url: &format!(
            "{}/subscribe/success?session_id={{CHECKOUT_SESSION_ID}}",
            state.frontend
        ),
        cancel_url: &format!("{}/subscribe/cancel", state.frontend),
    };
    let key = format!("checkout:{}", lease.id);
    let checkout = match state.stripe().open_checkout(&checkout, &key).await {
        Ok(checkout) => checkout,
        Err(error) => return Err(not_opened(state, lease.user, error).await),
    };
    let due = checkout.next_check(now);
    if state.store().keep_checkout(lease, &checkout, due).await? {
        return Ok(checkout);
    }
    // Nobody is told of this session, so nobody is to pay in it.
    state.stripe().expire_checkout(&checkout.id).await?;
    Err(Problem::unavailable("the lease was lost"))
}

/// The stored session, if Stripe says that it can be paid; 409 if it was.
async fn still_open(state: &State, user: UserId, billing: &Billing) -> Result<Option<Checkout>> {
    let Some(stored) = &billing.facts.checkout else { return Ok(None) };
    let session = state.stripe().checkout(&stored.id).await?;
    match session.map(|session| session.state) {
        Some(SessionState::Open(_)) => {
            let time_left = stored.expires - state.clock.now().as_second();
            if stored.price == state.price && time_left > TIME_TO_PAY {
                return Ok(Some(stored.clone()));
            }
            // Two open sessions would be two chances to pay.
            state.stripe().expire_checkout(&stored.id).await?;
            Ok(None)
        }
        Some(SessionState::Complete) => {
            let hint = Hint { ended_checkout: Some(stored.id.clone()), ..Hint::default() };
            match state.ledger.sync(user, &hint).await? {
                Synced::Stored(billing) => refuse_unless_free(&billing, state.clock.now())?,
                Synced::Gone => return Err(Problem::session_ended()),
            }
            Ok(None)
        }
        Some(SessionState::Expired) | None => Ok(None),
    }
}

/// The user's one customer.
async fn make_customer(state: &State, lease: &Lease, attempt: u32) -> Result<CustomerId> {
    let key = format!("customer:{}:{attempt}", lease.user);
    let customer = match state.stripe().create_customer(lease.user, &key).await {
        Ok(customer) => customer,
        Err(error) => {
            if let StripeFailed::Failed(_) = error {
                state.store().count_customer_attempt(lease).await?;
            }
            return Err(error.into());
        }
    };
    if state.store().keep_customer(lease, &customer).await? {
        return Ok(customer);
    }
    // Either the next request gets the same customer under the same key, or there is no user any
    // more, and then there is to be no customer either.
    let left = state.store().billing(lease.user).await?;
    if left.is_none_or(|billing| billing.deleted) {
        state.stripe().delete_customer(&customer).await?;
        return Err(Problem::session_ended());
    }
    Err(Problem::unavailable("the lease was lost"))
}

/// What the caller is told of a session that was not opened. A customer that Stripe does not know any
/// more is forgotten: the next request makes another.
async fn not_opened(state: &State, user: UserId, error: StripeFailed) -> Problem {
    let no_customer = matches!(&error, StripeFailed::Refused { param, .. } if error.is_missing() && param == "customer");
    if !no_customer {
        return error.into();
    }
    let hint = Hint { doubt_customer: true, ..Hint::default() };
    match state.ledger.sync(user, &hint).await {
        Ok(_) => Problem::unavailable(error),
        Err(failed) => failed.into(),
    }
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

fn later(now: Timestamp) -> Result<Timestamp> {
    now.checked_add(LEASE).map_err(Problem::internal)
}
