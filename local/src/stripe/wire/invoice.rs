//! Invoices.

use serde_json::{Value, json};

use super::{
    super::{
        model::{self, BillingReason, InvoiceStatus},
        version::ApiVersion,
    },
    list, merged, optional_seconds,
    price::{PRODUCT, plan, price},
    seconds,
};

/// <https://docs.stripe.com/api/invoices/object>
pub(crate) fn invoice(invoice: &model::Invoice, version: ApiVersion) -> Value {
    let mut shown =
        merged([general(invoice, version), sums(invoice), customer(invoice), dates(invoice)]);
    if version.is_legacy() {
        shown["subscription"] = invoice.subscription.clone().into();
        shown["paid"] = (invoice.status == InvoiceStatus::Paid).into();
        shown["discount"] = Value::Null;
        shown["charge"] = Value::Null;
        shown["payment_intent"] = Value::Null;
        shown["tax"] = Value::Null;
        shown["total_tax_amounts"] = json!([]);
    } else {
        shown["customer_account"] = Value::Null;
        shown["parent"] = parent(invoice);
        shown["total_pretax_credit_amounts"] = json!([]);
        shown["total_taxes"] = json!([]);
    }
    shown
}

fn general(invoice: &model::Invoice, version: ApiVersion) -> Value {
    json!({
        "id": invoice.id,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Parley (local)",
        "account_tax_ids": null,
        "application": null,
        "attempt_count": invoice.attempts,
        "attempted": invoice.attempts > 0,
        "auto_advance": invoice.status == InvoiceStatus::Open,
        "automatic_tax": {
            "disabled_reason": null,
            "enabled": false,
            "liability": null,
            "provider": null,
            "status": null,
        },
        "billing_reason": match invoice.reason {
            BillingReason::SubscriptionCreate => "subscription_create",
            BillingReason::SubscriptionCycle => "subscription_cycle",
        },
        "collection_method": "charge_automatically",
        "custom_fields": null,
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "footer": null,
        "from_invoice": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": {"type": "self"},
        "last_finalization_error": null,
        "latest_revision": null,
        "lines": list(
            vec![line(invoice, version)],
            &format!("/v1/invoices/{}/lines", invoice.id),
        ),
        "livemode": false,
        "metadata": {},
        "number": invoice.number,
        "on_behalf_of": null,
        "payment_settings": {
            "default_mandate": null,
            "payment_method_options": null,
            "payment_method_types": null,
        },
        "receipt_number": null,
        "rendering": null,
        "statement_descriptor": null,
        "status": match invoice.status {
            InvoiceStatus::Open => "open",
            InvoiceStatus::Paid => "paid",
        },
        "test_clock": null,
    })
}

fn sums(invoice: &model::Invoice) -> Value {
    let paid = if invoice.status == InvoiceStatus::Paid { invoice.amount } else { 0 };
    json!({
        "amount_due": invoice.amount,
        "amount_overpaid": 0,
        "amount_paid": paid,
        "amount_remaining": invoice.amount - paid,
        "amount_shipping": 0,
        "currency": "usd",
        "ending_balance": 0,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "shipping_cost": null,
        "starting_balance": 0,
        "subtotal": invoice.amount,
        "subtotal_excluding_tax": invoice.amount,
        "total": invoice.amount,
        "total_discount_amounts": [],
        "total_excluding_tax": invoice.amount,
    })
}

fn customer(invoice: &model::Invoice) -> Value {
    json!({
        "customer": invoice.customer,
        "customer_address": null,
        "customer_email": invoice.contact.email,
        "customer_name": invoice.contact.name,
        "customer_phone": invoice.contact.phone,
        "customer_shipping": null,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "shipping_details": null,
    })
}

fn dates(invoice: &model::Invoice) -> Value {
    json!({
        "automatically_finalizes_at": null,
        "created": seconds(invoice.created),
        "due_date": null,
        "effective_at": seconds(invoice.created),
        "next_payment_attempt": optional_seconds(invoice.next_attempt),
        // Of what is billed after the fact; the line has the period that this is about.
        "period_end": seconds(invoice.created),
        "period_start": seconds(invoice.created),
        "status_transitions": {
            "finalized_at": seconds(invoice.created),
            "marked_uncollectible_at": null,
            "paid_at": optional_seconds(invoice.paid_at),
            "voided_at": null,
        },
        "webhooks_delivered_at": null,
    })
}

/// Where the invoice comes from, since 2025-03-31.basil.
fn parent(invoice: &model::Invoice) -> Value {
    json!({
        "quote_details": null,
        "subscription_details": {
            "metadata": invoice.subscription_metadata,
            "subscription": invoice.subscription,
        },
        "type": "subscription_details",
    })
}

/// <https://docs.stripe.com/api/invoice-line-item/object>
fn line(invoice: &model::Invoice, version: ApiVersion) -> Value {
    let mut line = json!({
        "id": invoice.line,
        "object": "line_item",
        "amount": invoice.amount,
        "currency": "usd",
        "description": format!("{} × Parley Pro", invoice.quantity),
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": invoice.id,
        "livemode": false,
        "metadata": {},
        "period": {"start": seconds(invoice.period.start), "end": seconds(invoice.period.end)},
        "quantity": invoice.quantity,
    });
    if version.is_legacy() {
        line["plan"] = plan(&invoice.price, version);
        line["price"] = price(&invoice.price, version);
        line["proration"] = false.into();
        line["subscription"] = invoice.subscription.clone().into();
        line["subscription_item"] = invoice.item.clone().into();
        line["tax_amounts"] = json!([]);
        line["tax_rates"] = json!([]);
        line["type"] = "subscription".into();
    } else {
        line["parent"] = json!({
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null,
                "proration": false,
                "proration_details": {"credited_items": null},
                "subscription": invoice.subscription,
                "subscription_item": invoice.item,
            },
            "type": "subscription_item_details",
        });
        line["pretax_credit_amounts"] = json!([]);
        line["pricing"] = json!({
            "price_details": {"price": invoice.price, "product": PRODUCT},
            "type": "price_details",
            "unit_amount_decimal": model::UNIT_AMOUNT.to_string(),
        });
        line["subtotal"] = invoice.amount.into();
        line["taxes"] = json!([]);
    }
    line
}
