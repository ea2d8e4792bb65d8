//! <https://docs.stripe.com/api/checkout/sessions>

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{
    super::{
        account::{Account, Refusal, SessionVerb},
        model::{NewSession, Session, is_price},
        protocol::{Form, StripeError},
    },
    expand::{self, expand},
    list,
};

/// What a session may be created with. What the stand-in has no use for is accepted none the less.
const CREATE: [&str; 32] = [
    "allow_promotion_codes",
    "automatic_tax[enabled]",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection[*]",
    "currency",
    "custom_text[*][message]",
    "customer",
    "customer_email",
    "customer_update[*]",
    "discounts[*][*]",
    "expires_at",
    "integration_identifier",
    "line_items[*][adjustable_quantity][*]",
    "line_items[*][price]",
    "line_items[*][quantity]",
    "locale",
    "metadata[*]",
    "mode",
    "payment_method_collection",
    "payment_method_configuration",
    "payment_method_types[*]",
    "phone_number_collection[enabled]",
    "submit_type",
    "subscription_data[description]",
    "subscription_data[metadata][*]",
    "subscription_data[trial_period_days]",
    "success_url",
    "tax_id_collection[enabled]",
    "ui_mode",
    expand::PARAMETER,
];

/// How soon a session may expire, and how late.
const SHORTEST: SignedDuration = SignedDuration::from_mins(30);
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn create(
    account: &mut Account,
    form: &Form,
    now: Timestamp,
) -> Result<Value, StripeError> {
    form.allow(&CREATE)?;
    let asked = read(form, now)?;
    check(account, &asked)?;
    let session = account.open_session(asked);
    expand(account, form, account.show_session(&session))
}

pub(super) fn retrieve(account: &Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[expand::PARAMETER])?;
    let session = account.session(id).ok_or_else(|| no_such(id))?;
    expand(account, form, account.show_session(session))
}

pub(super) fn list(account: &Account, form: &Form) -> Result<Value, StripeError> {
    let own = ["customer", "status", "subscription", expand::PARAMETER];
    form.allow(&[&list::PARAMETERS[..], &own].concat())?;
    let is = |name, actual: Option<&str>| form.get(name).is_none_or(|it| actual == Some(it));
    let matches = |session: &&Session| {
        is("customer", session.customer.as_deref())
            && is("subscription", session.subscription.as_deref())
            && is("status", Some(session.status.as_str()))
    };
    let page = list::page(
        form,
        "/v1/checkout/sessions",
        account.sessions().iter().filter(matches),
        |session| &session.id,
        |session| account.show_session(session),
    )?;
    expand(account, form, page)
}

pub(super) fn expire(account: &mut Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[expand::PARAMETER])?;
    match account.on_session(SessionVerb::Expire, id) {
        Ok(change) => expand(account, form, change.object),
        Err(Refusal::Unknown { .. }) => Err(no_such(id)),
        Err(Refusal::Illegal { state, .. }) => Err(StripeError::invalid(format!(
            "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout \
             Session has a status of `{state}`."
        ))),
        Err(refusal @ Refusal::Bad(_)) => Err(refusal.into()),
    }
}

fn read(form: &Form, now: Timestamp) -> Result<NewSession, StripeError> {
    if form.require("mode")? != "subscription" {
        let message = "This stand-in knows no mode but subscription.";
        return Err(StripeError::bad_parameter("mode", "parameter_invalid", message));
    }
    if form.get("ui_mode").is_some_and(|mode| !["hosted", "hosted_page"].contains(&mode)) {
        let message = "This stand-in knows no ui_mode but hosted_page.";
        return Err(StripeError::bad_parameter("ui_mode", "parameter_invalid", message));
    }
    let success_url = form.url("success_url")?;
    Ok(NewSession {
        customer: form.owned("customer"),
        customer_email: form.owned("customer_email"),
        price: form.require("line_items[0][price]")?.to_owned(),
        quantity: form.quantity("line_items[0][quantity]")?.unwrap_or(1),
        success_url: success_url.ok_or_else(|| StripeError::missing_parameter("success_url"))?,
        cancel_url: form.url("cancel_url")?,
        client_reference_id: form.owned("client_reference_id"),
        metadata: form.metadata("metadata"),
        subscription_metadata: form.metadata("subscription_data[metadata]"),
        subscription_description: form.owned("subscription_data[description]"),
        trial_days: form.integer("subscription_data[trial_period_days]")?,
        expires_at: expiry(form, now)?,
        allow_promotion_codes: form.boolean("allow_promotion_codes")?,
        automatic_tax: form.boolean("automatic_tax[enabled]")?.unwrap_or(false),
        locale: form.owned("locale"),
    })
}

fn expiry(form: &Form, now: Timestamp) -> Result<Option<Timestamp>, StripeError> {
    let expires_at = form.time("expires_at")?;
    let too_soon = expires_at.is_some_and(|at| at.duration_since(now) < SHORTEST);
    let too_late = expires_at.is_some_and(|at| at.duration_since(now) > LONGEST);
    if too_soon || too_late {
        let message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 \
                       hours from Checkout Session creation.";
        return Err(StripeError::invalid(message).param("expires_at"));
    }
    Ok(expires_at)
}

fn check(account: &Account, asked: &NewSession) -> Result<(), StripeError> {
    if let Some(id) = &asked.customer {
        let known = account.customer(id).is_some_and(|customer| !customer.deleted);
        if !known {
            return Err(StripeError::no_such_in("customer", "customer", id));
        }
        if asked.customer_email.is_some() {
            let message = "You may only specify one of these parameters: customer, customer_email.";
            return Err(StripeError::invalid(message));
        }
    }
    if !is_price(&asked.price) {
        return Err(StripeError::no_such_in("line_items[0][price]", "price", &asked.price));
    }
    Ok(())
}

fn no_such(id: &str) -> StripeError {
    StripeError::no_such("checkout.session", id)
}
