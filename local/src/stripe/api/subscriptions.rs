//! <https://docs.stripe.com/api/subscriptions>

use serde_json::Value;

use super::{
    super::{
        account::{Account, End, Refusal, SubscriptionVerb, Update},
        model::{Status, Subscription, is_price},
        protocol::{Form, StripeError},
    },
    expand::{self, expand},
    list,
};

const UPDATE: [&str; 12] = [
    "cancel_at",
    "cancel_at_period_end",
    "cancellation_details[*]",
    "description",
    "items[*][id]",
    "items[*][price]",
    "items[*][quantity]",
    "metadata[*]",
    "payment_behavior",
    "proration_behavior",
    "proration_date",
    expand::PARAMETER,
];

pub(super) fn retrieve(account: &Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[expand::PARAMETER])?;
    let subscription = account.subscription(id).ok_or_else(|| no_such(id))?;
    expand(account, form, account.show_subscription(subscription))
}

/// Without `status` all but canceled ones.
pub(super) fn list(account: &Account, form: &Form) -> Result<Value, StripeError> {
    let own = ["customer", "price", "status", expand::PARAMETER];
    form.allow(&[&list::PARAMETERS[..], &own].concat())?;
    let matches = |subscription: &&Subscription| {
        let status = subscription.status;
        let wanted = match form.get("status") {
            None => status != Status::Canceled,
            Some("all") => true,
            Some("ended") => status.is_final(),
            Some(wanted) => status.as_str() == wanted,
        };
        wanted
            && form.get("customer").is_none_or(|customer| subscription.customer == customer)
            && form.get("price").is_none_or(|price| subscription.price == price)
    };
    let page = list::page(
        form,
        "/v1/subscriptions",
        account.subscriptions().iter().filter(matches),
        |subscription| &subscription.id,
        |subscription| account.show_subscription(subscription),
    )?;
    expand(account, form, page)
}

pub(super) fn update(account: &mut Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&UPDATE)?;
    let subscription = account.subscription(id).ok_or_else(|| no_such(id))?;
    if subscription.status.is_final() {
        return Err(StripeError::invalid(
            "A canceled subscription can only update its cancellation_details and metadata.",
        ));
    }
    check_item(subscription, form)?;
    let update = read(form)?;
    account.update_subscription(id, update);
    let subscription = account.subscription(id).ok_or_else(|| no_such(id))?;
    expand(account, form, account.show_subscription(subscription))
}

/// Ends it at once. One that has ended is as if it weren't there.
pub(super) fn cancel(account: &mut Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&["cancellation_details[*]", "invoice_now", "prorate", expand::PARAMETER])?;
    match account.on_subscription(&SubscriptionVerb::Cancel, id) {
        Ok(change) => expand(account, form, change.object),
        Err(Refusal::Unknown { .. } | Refusal::Illegal { .. }) => Err(no_such(id)),
        Err(refusal @ Refusal::Bad(_)) => Err(refusal.into()),
    }
}

/// The item has to be named: without its id Stripe would add another, which the stand-in doesn't.
fn check_item(subscription: &Subscription, form: &Form) -> Result<(), StripeError> {
    let changes = ["items[0][price]", "items[0][quantity]"].iter().any(|it| form.get(it).is_some());
    match form.get("items[0][id]") {
        Some(id) if id != subscription.item => {
            Err(StripeError::no_such_in("items[0][id]", "subscription item", id))
        }
        None if changes => Err(StripeError::missing_parameter("items[0][id]")),
        _ => Ok(()),
    }
}

fn read(form: &Form) -> Result<Update, StripeError> {
    let price = form.owned("items[0][price]");
    if let Some(price) = price.as_ref().filter(|price| !is_price(price)) {
        return Err(StripeError::no_such_in("items[0][price]", "price", price));
    }
    let cancel_at = form.time("cancel_at")?.map(End::At);
    Ok(Update {
        cancel_at_period_end: form.boolean("cancel_at_period_end")?,
        cancel_at: cancel_at.or(form.is_unset("cancel_at").then_some(End::Never)),
        metadata: form.entries("metadata"),
        price,
        quantity: form.quantity("items[0][quantity]")?,
        description: form.owned("description"),
    })
}

fn no_such(id: &str) -> StripeError {
    StripeError::no_such("subscription", id)
}
