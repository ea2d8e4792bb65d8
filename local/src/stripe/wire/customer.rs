//! Customers and their visits to the billing portal.

use serde_json::{Value, json};

use super::{super::model, seconds};

/// <https://docs.stripe.com/api/customers/object>
pub(crate) fn customer(customer: &model::Customer) -> Value {
    json!({
        "id": customer.id,
        "object": "customer",
        "address": null,
        "balance": 0,
        "created": seconds(customer.created),
        "currency": null,
        "customer_account": null,
        "default_source": null,
        "delinquent": false,
        "description": customer.description,
        "discount": null,
        "email": customer.contact.email,
        "invoice_prefix": "LOCAL",
        "invoice_settings": {
            "custom_fields": null,
            "default_payment_method": null,
            "footer": null,
            "rendering_options": null,
        },
        "livemode": false,
        "metadata": customer.metadata,
        "name": customer.contact.name,
        "next_invoice_sequence": 1,
        "phone": customer.contact.phone,
        "preferred_locales": [],
        "shipping": null,
        "tax_exempt": "none",
        "test_clock": null,
    })
}

/// What is left to see of a deleted customer.
pub(crate) fn deleted_customer(id: &str) -> Value {
    json!({"id": id, "object": "customer", "deleted": true})
}

/// <https://docs.stripe.com/api/customer_portal/sessions/object>
pub(crate) fn portal_session(session: &model::PortalSession, base: &str) -> Value {
    json!({
        "id": session.id,
        "object": "billing_portal.session",
        "configuration": "bpc_1Local",
        "created": seconds(session.created),
        "customer": session.customer,
        "customer_account": null,
        "flow": null,
        "livemode": false,
        "locale": null,
        "on_behalf_of": null,
        "return_url": session.return_url,
        "url": format!("{base}/p/session/{}", session.id),
    })
}
