//! Checkout sessions.

use serde_json::{Value, json};

use super::{
    super::{
        model::{self, Contact, PaymentStatus, SessionStatus},
        version::ApiVersion,
    },
    list, merged,
    price::price,
    seconds,
};

/// <https://docs.stripe.com/api/checkout/sessions/object>. `base` is where the stand-in serves, and
/// `contact` is the customer's.
pub(crate) fn session(
    session: &model::Session,
    contact: &Contact,
    base: &str,
    version: ApiVersion,
) -> Value {
    let mut shown =
        merged([state(session, base), order(session), customer(session, contact), page()]);
    if version.is_legacy() {
        shown["shipping"] = Value::Null;
        shown["ui_mode"] = "hosted".into();
    } else {
        shown["adaptive_pricing"] = json!({"enabled": false});
        shown["client_secret"] = Value::Null;
        shown["collected_information"] = json!({"shipping_details": null});
        shown["currency_conversion"] = Value::Null;
        shown["customer_account"] = Value::Null;
        shown["discounts"] = json!([]);
        shown["origin_context"] = Value::Null;
        shown["payment_method_configuration_details"] = Value::Null;
        shown["permissions"] = Value::Null;
        shown["saved_payment_method_options"] = json!({
            "allow_redisplay_filters": ["always"],
            "payment_method_remove": "disabled",
            "payment_method_save": null,
        });
        shown["wallet_options"] = Value::Null;
    }
    shown
}

/// How far it is.
fn state(session: &model::Session, base: &str) -> Value {
    let open = session.status == SessionStatus::Open;
    json!({
        "id": session.id,
        "object": "checkout.session",
        "after_expiration": null,
        "created": seconds(session.created),
        "expires_at": seconds(session.expires_at),
        "invoice": session.invoice,
        "livemode": false,
        "payment_intent": null,
        "payment_status": match session.payment_status {
            PaymentStatus::Paid => "paid",
            PaymentStatus::Unpaid => "unpaid",
            PaymentStatus::NoPaymentRequired => "no_payment_required",
        },
        "recovered_from": null,
        "setup_intent": null,
        "status": session.status.as_str(),
        "subscription": session.subscription,
        // Nothing can be paid at a session that is over.
        "url": open.then(|| format!("{base}/c/pay/{}", session.id)),
    })
}

/// What is bought.
fn order(session: &model::Session) -> Value {
    let asked = &session.asked;
    json!({
        "allow_promotion_codes": asked.allow_promotion_codes,
        "amount_subtotal": session.amount(),
        "amount_total": session.amount(),
        "automatic_tax": {
            "enabled": asked.automatic_tax,
            "liability": null,
            "provider": null,
            "status": null,
        },
        "cancel_url": asked.cancel_url,
        "client_reference_id": asked.client_reference_id,
        "currency": "usd",
        "invoice_creation": null,
        "locale": asked.locale,
        "metadata": asked.metadata,
        "mode": "subscription",
        "shipping_cost": null,
        "shipping_options": [],
        "success_url": asked.success_url,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    })
}

/// Who buys it.
fn customer(session: &model::Session, contact: &Contact) -> Value {
    json!({
        "customer": session.customer,
        "customer_creation": session.asked.customer.is_none().then_some("always"),
        "customer_details": details(contact),
        "customer_email": session.asked.customer_email,
    })
}

/// How the page is to look.
fn page() -> Value {
    json!({
        "billing_address_collection": null,
        "consent": null,
        "consent_collection": null,
        "custom_fields": [],
        "custom_text": {
            "after_submit": null,
            "shipping_address": null,
            "submit": null,
            "terms_of_service_acceptance": null,
        },
        "payment_link": null,
        "payment_method_collection": "always",
        "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
        "payment_method_types": ["card"],
        "phone_number_collection": {"enabled": false},
        "shipping_address_collection": null,
        "submit_type": null,
        "ui_mode": "hosted_page",
    })
}

fn details(contact: &Contact) -> Value {
    json!({
        "address": null,
        "email": contact.email,
        "name": contact.name,
        "phone": contact.phone,
        "tax_exempt": "none",
        "tax_ids": [],
    })
}

/// What is bought, for those who ask to see it with the session.
pub(crate) fn line_items(session: &model::Session, version: ApiVersion) -> Value {
    let item = json!({
        "id": format!("li_{}", &session.id[session.id.len().saturating_sub(24)..]),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": session.amount(),
        "amount_tax": 0,
        "amount_total": session.amount(),
        "currency": "usd",
        "description": "Parley Pro",
        "price": price(&session.asked.price, version),
        "quantity": session.asked.quantity,
    });
    list(vec![item], &format!("/v1/checkout/sessions/{}/line_items", session.id))
}
