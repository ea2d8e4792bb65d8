//! <https://docs.stripe.com/api/customers>

use serde_json::Value;

use super::{
    super::{
        account::Account,
        model::{Contact, Customer},
        protocol::{Form, StripeError},
        wire,
    },
    expand::{self, expand},
    list,
};

/// What a customer may be created with. The stand-in has no use for most of it.
const CREATE: [&str; 13] = [
    "address[*]",
    "balance",
    "description",
    "email",
    "invoice_settings[*]",
    "metadata[*]",
    "name",
    "payment_method",
    "phone",
    "preferred_locales[*]",
    "tax[*]",
    "tax_exempt",
    expand::PARAMETER,
];

pub(super) fn create(account: &mut Account, form: &Form) -> Result<Value, StripeError> {
    form.allow(&CREATE)?;
    let contact = Contact {
        email: form.owned("email"),
        name: form.owned("name"),
        phone: form.owned("phone"),
    };
    let id = account.create_customer(contact, form.owned("description"), form.metadata("metadata"));
    show(account, &id)
}

pub(super) fn retrieve(account: &Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[expand::PARAMETER])?;
    expand(account, form, show(account, id)?)
}

pub(super) fn delete(account: &mut Account, id: &str, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[])?;
    Ok(account.delete_customer(id)?.object)
}

/// Deleted ones are not among them.
pub(super) fn list(account: &Account, form: &Form) -> Result<Value, StripeError> {
    form.allow(&[&list::PARAMETERS[..], &["email", expand::PARAMETER]].concat())?;
    let email = form.get("email");
    let matches = |customer: &&Customer| {
        !customer.deleted && (email.is_none() || customer.contact.email.as_deref() == email)
    };
    let all = account.customers().iter().filter(matches);
    let page = list::page(
        form,
        "/v1/customers",
        all,
        |customer| &customer.id,
        |customer| wire::customer(customer),
    )?;
    expand(account, form, page)
}

fn show(account: &Account, id: &str) -> Result<Value, StripeError> {
    let customer = account.customer(id).ok_or_else(|| StripeError::no_such("customer", id))?;
    Ok(if customer.deleted { wire::deleted_customer(id) } else { wire::customer(customer) })
}
