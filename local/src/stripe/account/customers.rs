//! Customers come and go, and visit the portal.

use super::{
    super::{
        ids,
        model::{Contact, Customer, Metadata, PortalSession},
        wire,
    },
    Account, Change, Refusal,
};

impl Account {
    /// A new customer; its id.
    pub(crate) fn create_customer(
        &mut self,
        contact: Contact,
        description: Option<String>,
        metadata: Metadata,
    ) -> String {
        let customer = Customer {
            id: ids::new("cus_"),
            created: self.now,
            contact,
            description,
            metadata,
            deleted: false,
        };
        self.record("customer.created", wire::customer(&customer), None);
        let id = customer.id.clone();
        self.customers.push(customer);
        id
    }

    /// Deletes a customer, which ends all that they pay for at once.
    pub(crate) fn delete_customer(&mut self, id: &str) -> Result<Change, Refusal> {
        let mark = self.events.mark();
        let known = self.customers.iter_mut().find(|customer| customer.id == id);
        let customer = known
            .filter(|customer| !customer.deleted)
            .ok_or_else(|| Refusal::unknown("customer", id))?;
        customer.deleted = true;
        let last_seen = wire::customer(customer);
        let theirs: Vec<_> = self
            .subscriptions
            .iter()
            .filter(|subscription| subscription.customer == id && !subscription.status.is_final())
            .map(|subscription| subscription.id.clone())
            .collect();
        for subscription in theirs {
            self.end(&subscription)?;
        }
        self.record("customer.deleted", last_seen, None);
        Ok(self.change(wire::deleted_customer(id), mark))
    }

    /// A visit of `customer` to the portal.
    pub(crate) fn visit_portal(
        &mut self,
        customer: &str,
        return_url: Option<String>,
    ) -> PortalSession {
        let session = PortalSession {
            id: ids::new("bps_1"),
            created: self.now,
            customer: customer.to_owned(),
            return_url,
        };
        self.portal_sessions.push(session.clone());
        session
    }
}
