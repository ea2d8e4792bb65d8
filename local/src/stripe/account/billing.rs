//! What a subscription costs: each period is billed, and the bill is paid or not.

use jiff::SignedDuration;

use super::{
    super::model::{BillingReason, Invoice, InvoiceStatus, Status, Subscription},
    Account, Refusal,
};

/// When Stripe tries again after a failure; it varies there.
const NEXT_ATTEMPT: SignedDuration = SignedDuration::from_hours(3 * 24);

impl Account {
    /// A new period begins, and is paid.
    pub(super) fn renew(
        &mut self,
        id: &str,
        next: impl FnOnce(&mut Subscription),
    ) -> Result<(), Refusal> {
        let invoice = self.begin_period(id, next)?;
        self.mark_paid(&invoice);
        Ok(())
    }

    /// A new period begins, and can't be paid; or the bill that is open can't be paid once more.
    pub(super) fn fail(&mut self, id: &str, how: &str) -> Result<(), Refusal> {
        let subscription = self.known_subscription(id)?;
        let open = (subscription.status == Status::PastDue)
            .then(|| subscription.latest_invoice.clone())
            .flatten();
        let invoice = match open {
            Some(invoice) => invoice,
            None => self.begin_period(id, Subscription::advance)?,
        };
        self.attempt_fails(&invoice, how);
        self.amend(id, |subscription| subscription.status = Status::PastDue);
        Ok(())
    }

    /// Moves the period on, and bills the next one.
    fn begin_period(
        &mut self,
        id: &str,
        next: impl FnOnce(&mut Subscription),
    ) -> Result<String, Refusal> {
        let mut moved = self.known_subscription(id)?.clone();
        moved.status = Status::Active;
        next(&mut moved);
        let invoice = self.issue(&moved, BillingReason::SubscriptionCycle);
        moved.latest_invoice = Some(invoice.clone());
        self.amend(id, |subscription| *subscription = moved);
        Ok(invoice)
    }

    pub(super) fn recover(&mut self, id: &str) -> Result<(), Refusal> {
        let invoice = self.known_subscription(id)?.latest_invoice.clone().unwrap_or_default();
        self.mark_paid(&invoice);
        self.amend(id, |subscription| subscription.status = Status::Active);
        Ok(())
    }

    /// Bills the present period of a subscription.
    pub(super) fn bill(&mut self, id: &str, reason: BillingReason) -> Result<String, Refusal> {
        let subscription = self.known_subscription(id)?.clone();
        let invoice = self.issue(&subscription, reason);
        if let Some(subscription) = self.subscriptions.iter_mut().find(|known| known.id == id) {
            subscription.latest_invoice = Some(invoice.clone());
        }
        Ok(invoice)
    }

    fn issue(&mut self, subscription: &Subscription, reason: BillingReason) -> String {
        let number = self.invoices.len() + 1;
        let customer = self.customer(&subscription.customer);
        let contact = customer.map(|known| known.contact.clone()).unwrap_or_default();
        let invoice = Invoice::issue(subscription, contact, reason, number, self.now);
        let id = invoice.id.clone();
        self.invoices.push(invoice);
        id
    }

    /// The money is there.
    pub(super) fn mark_paid(&mut self, id: &str) {
        let now = self.now;
        self.edit_invoice(id, |invoice| {
            invoice.status = InvoiceStatus::Paid;
            invoice.attempts += 1;
            invoice.paid_at = Some(now);
            invoice.next_attempt = None;
        });
        self.record_invoice("invoice.paid", id);
        self.record_invoice("invoice.payment_succeeded", id);
    }

    /// An attempt to be paid fails, in one way or the other.
    pub(super) fn attempt_fails(&mut self, id: &str, how: &str) {
        let again = self.now.checked_add(NEXT_ATTEMPT).ok();
        self.edit_invoice(id, |invoice| {
            invoice.attempts += 1;
            invoice.next_attempt = again;
        });
        self.record_invoice(&format!("invoice.{how}"), id);
    }

    fn edit_invoice(&mut self, id: &str, edit: impl FnOnce(&mut Invoice)) {
        if let Some(invoice) = self.invoices.iter_mut().find(|invoice| invoice.id == id) {
            edit(invoice);
        }
    }

    fn record_invoice(&mut self, kind: &str, id: &str) {
        if let Some(shown) = self.show_invoice(id) {
            self.record(kind, shown, None);
        }
    }
}
