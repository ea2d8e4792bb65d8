//! <https://docs.stripe.com/api/customer_portal/sessions>

use serde_json::Value;

use super::super::{
    account::Account,
    protocol::{Form, StripeError},
};

const CREATE: [&str; 6] =
    ["configuration", "customer", "expand[*]", "locale", "on_behalf_of", "return_url"];

pub(super) fn create(account: &mut Account, form: &Form) -> Result<Value, StripeError> {
    form.allow(&CREATE)?;
    let customer = form.require("customer")?;
    if account.customer(customer).is_none_or(|customer| customer.deleted) {
        return Err(StripeError::no_such_in("customer", "customer", customer));
    }
    let session = account.visit_portal(customer, form.url("return_url")?);
    Ok(account.show_portal_session(&session))
}
