//! The billing portal: what a customer pays for, and the ways that it may go on.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, State as Extract},
    http::StatusCode,
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};

use super::{
    super::{
        account::{Account, Cause, SubscriptionVerb},
        model::{PortalSession, Subscription},
        state::State,
        wire::PRICE_FOR_PEOPLE,
    },
    html::Page,
};

/// What may be done here, by the name in the path.
const BUTTONS: [(&str, SubscriptionVerb, &str); 6] = [
    (
        "cancel_at_period_end",
        SubscriptionVerb::CancelAtPeriodEnd,
        "Cancel at the end of the period",
    ),
    ("keep", SubscriptionVerb::Keep, "Keep it"),
    ("cancel", SubscriptionVerb::Cancel, "Cancel now"),
    ("end_period", SubscriptionVerb::EndPeriod, "The period ends now"),
    ("fail_payment", SubscriptionVerb::FailPayment, "Next payment fails"),
    ("recover", SubscriptionVerb::Recover, "Payment recovers"),
];

pub(super) fn router() -> Router<Arc<State>> {
    Router::new()
        .route("/p/session/{id}", get(show))
        .route("/p/session/{id}/{subscription}/{verb}", post(act))
}

async fn show(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Response {
    let page = state.store.read(|account| {
        let session = account.portal_session(&id)?;
        Some(portal(account, session))
    });
    page.map_or_else(unknown, |page| page.into_response(StatusCode::OK))
}

async fn act(
    Extract(state): Extract<Arc<State>>,
    Path((id, subscription, verb)): Path<(String, String, String)>,
) -> Response {
    let Some((_, verb, _)) = BUTTONS.iter().find(|(name, ..)| *name == verb) else {
        return unknown();
    };
    let outcome = state.store.change(Cause::default(), |account| {
        let customer = account.portal_session(&id)?.customer.clone();
        // A customer's portal is for their own subscriptions.
        account.subscription(&subscription).filter(|known| known.customer == customer)?;
        Some(account.on_subscription(verb, &subscription))
    });
    match outcome {
        Some(Ok(_)) => Redirect::to(&format!("/p/session/{id}")).into_response(),
        Some(Err(refusal)) => {
            let mut page = Page::new("Your subscription");
            page.note(&refusal.to_string());
            page.link(&format!("/p/session/{id}"), "Back");
            page.into_response(StatusCode::CONFLICT)
        }
        None => unknown(),
    }
}

fn portal(account: &Account, session: &PortalSession) -> Page {
    let mut page = Page::new("Your subscription");
    let all = account.subscriptions().iter().rev();
    let theirs: Vec<_> = all.filter(|known| known.customer == session.customer).collect();
    if theirs.is_empty() {
        page.note("There is none.");
    }
    for subscription in theirs {
        describe(&mut page, subscription);
        for (name, verb, label) in &BUTTONS {
            if verb.is_legal(subscription) {
                let action = format!("/p/session/{}/{}/{name}", session.id, subscription.id);
                page.button(&action, label, false);
            }
        }
    }
    if let Some(url) = &session.return_url {
        page.link(url, "Back to Parley");
    }
    page
}

fn describe(page: &mut Page, subscription: &Subscription) {
    let ends = subscription.cancel_at.filter(|_| subscription.ended_at.is_none());
    let mut facts = vec![
        ("Plan", format!("Parley Pro, {PRICE_FOR_PEOPLE} a month ({})", subscription.price)),
        ("State", subscription.status.as_str().replace('_', " ")),
        ("Paid until", subscription.period.end.to_string()),
    ];
    facts.extend(ends.map(|at| ("Ends", at.to_string())));
    facts.extend(subscription.ended_at.map(|at| ("Ended", at.to_string())));
    page.element("h2", &subscription.id);
    page.facts(&facts);
}

fn unknown() -> Response {
    let mut page = Page::new("Nothing here");
    page.note("There is no such page. Was the stand-in started anew?");
    page.into_response(StatusCode::NOT_FOUND)
}
