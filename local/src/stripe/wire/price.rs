//! Prices. Whatever its id, a price is 9.99 USD a month.

use serde_json::{Value, json};

use super::super::{model::UNIT_AMOUNT, version::ApiVersion};

/// The product that every price is of.
pub(super) const PRODUCT: &str = "prod_local_pro";

/// 2026-01-01, when all prices were made.
const CREATED: i64 = 1_767_225_600;

/// A period's amount as a person reads it.
pub(crate) const AMOUNT: &str = "USD 9.99";

/// <https://docs.stripe.com/api/prices/object>
pub(super) fn price(id: &str, version: ApiVersion) -> Value {
    let mut price = json!({
        "id": id,
        "object": "price",
        "active": true,
        "billing_scheme": "per_unit",
        "created": CREATED,
        "currency": "usd",
        "custom_unit_amount": null,
        "livemode": false,
        "lookup_key": null,
        "metadata": {},
        "nickname": null,
        "product": PRODUCT,
        "recurring": {
            "interval": "month",
            "interval_count": 1,
            "meter": null,
            "trial_period_days": null,
            "usage_type": "licensed",
        },
        "tax_behavior": "unspecified",
        "tiers_mode": null,
        "transform_quantity": null,
        "type": "recurring",
        "unit_amount": UNIT_AMOUNT,
        "unit_amount_decimal": UNIT_AMOUNT.to_string(),
    });
    if version.is_legacy() {
        price["recurring"]["aggregate_usage"] = Value::Null;
    }
    price
}

/// The same in the older form that items still carry: <https://docs.stripe.com/api/plans/object>
pub(super) fn plan(id: &str, version: ApiVersion) -> Value {
    let mut plan = json!({
        "id": id,
        "object": "plan",
        "active": true,
        "amount": UNIT_AMOUNT,
        "amount_decimal": UNIT_AMOUNT.to_string(),
        "billing_scheme": "per_unit",
        "created": CREATED,
        "currency": "usd",
        "interval": "month",
        "interval_count": 1,
        "livemode": false,
        "metadata": {},
        "meter": null,
        "nickname": null,
        "product": PRODUCT,
        "tiers_mode": null,
        "transform_usage": null,
        "trial_period_days": null,
        "usage_type": "licensed",
    });
    if version.is_legacy() {
        plan["aggregate_usage"] = Value::Null;
    }
    plan
}
