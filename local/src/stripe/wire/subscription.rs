//! Subscriptions.

use serde_json::{Value, json};

use super::{
    super::{model, version::ApiVersion},
    list, merged, optional_seconds,
    price::{plan, price},
    seconds,
};

/// <https://docs.stripe.com/api/subscriptions/object>
pub(crate) fn subscription(subscription: &model::Subscription, version: ApiVersion) -> Value {
    let mut shown = merged([general(subscription, version), dates(subscription), unused()]);
    if version.is_legacy() {
        shown["current_period_start"] = seconds(subscription.period.start).into();
        shown["current_period_end"] = seconds(subscription.period.end).into();
        shown["discount"] = Value::Null;
        shown["plan"] = plan(&subscription.price, version);
        shown["quantity"] = subscription.quantity.into();
    } else {
        shown["billing_mode"] = json!({"flexible": null, "type": "classic"});
        shown["billing_schedules"] = json!([]);
        shown["customer_account"] = Value::Null;
    }
    shown
}

fn general(subscription: &model::Subscription, version: ApiVersion) -> Value {
    json!({
        "id": subscription.id,
        "object": "subscription",
        "cancel_at_period_end": subscription.cancel_at_period_end,
        "cancellation_details": {
            "comment": null,
            "feedback": null,
            "reason": subscription.cancellation_reason,
        },
        "collection_method": "charge_automatically",
        "currency": "usd",
        "customer": subscription.customer,
        "default_payment_method": subscription.default_payment_method,
        "description": subscription.description,
        "items": list(
            vec![item(subscription, version)],
            &format!("/v1/subscription_items?subscription={}", subscription.id),
        ),
        "latest_invoice": subscription.latest_invoice,
        "livemode": false,
        "metadata": subscription.metadata,
        "status": subscription.status.as_str(),
    })
}

fn dates(subscription: &model::Subscription) -> Value {
    json!({
        "billing_cycle_anchor": seconds(subscription.anchor),
        "cancel_at": optional_seconds(subscription.cancel_at),
        "canceled_at": optional_seconds(subscription.canceled_at),
        "created": seconds(subscription.created),
        "ended_at": optional_seconds(subscription.ended_at),
        "start_date": seconds(subscription.created),
        "trial_end": optional_seconds(subscription.trial.map(|trial| trial.end)),
        "trial_start": optional_seconds(subscription.trial.map(|trial| trial.start)),
    })
}

/// What the stand-in has no use for.
fn unused() -> Value {
    json!({
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": {"disabled_reason": null, "enabled": false, "liability": null},
        "billing_cycle_anchor_config": null,
        "billing_thresholds": null,
        "days_until_due": null,
        "default_source": null,
        "default_tax_rates": [],
        "discounts": [],
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}},
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null,
            "payment_method_types": null,
            "save_default_payment_method": "off",
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "test_clock": null,
        "transfer_data": null,
        "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    })
}

/// <https://docs.stripe.com/api/subscription_items/object>
fn item(subscription: &model::Subscription, version: ApiVersion) -> Value {
    let mut item = json!({
        "id": subscription.item,
        "object": "subscription_item",
        "billing_thresholds": null,
        "created": seconds(subscription.created),
        "discounts": [],
        "metadata": {},
        "plan": plan(&subscription.price, version),
        "price": price(&subscription.price, version),
        "quantity": subscription.quantity,
        "subscription": subscription.id,
        "tax_rates": [],
    });
    if !version.is_legacy() {
        item["current_period_start"] = seconds(subscription.period.start).into();
        item["current_period_end"] = seconds(subscription.period.end).into();
    }
    item
}
