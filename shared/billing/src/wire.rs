//! What is read of Stripe's answers, and nothing else: an API version that adds, moves or retypes a
//! field that is not here changes nothing, and the types of Stripe's whole API stay out of the
//! binaries.

use miniserde::Deserialize;
use shared::domain::{CheckoutId, CustomerId, Subscription, SubscriptionId};

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) data: Vec<T>,
}

/// A customer, or what is left of a deleted one.
#[derive(Debug, Deserialize)]
pub(crate) struct CustomerObject {
    pub(crate) id: String,
    pub(crate) deleted: Option<bool>,
}

/// A checkout session.
#[derive(Debug, Deserialize)]
pub(crate) struct SessionObject {
    pub(crate) id: String,
    /// None once it can't be paid any more.
    pub(crate) url: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) created: i64,
    pub(crate) expires_at: i64,
}

/// A session of the billing portal.
#[derive(Debug, Deserialize)]
pub(crate) struct PortalObject {
    pub(crate) url: String,
}

/// A subscription.
#[derive(Debug, Deserialize)]
pub(crate) struct SubscriptionObject {
    pub(crate) id: String,
    pub(crate) status: String,
    pub(crate) created: i64,
    pub(crate) cancel_at: Option<i64>,
    pub(crate) cancel_at_period_end: Option<bool>,
    /// Until API version 2025-03-31.basil; on the items since.
    pub(crate) current_period_end: Option<i64>,
    pub(crate) items: Option<Page<ItemObject>>,
}

/// One price of a subscription.
#[derive(Debug, Deserialize)]
pub(crate) struct ItemObject {
    pub(crate) current_period_end: Option<i64>,
    pub(crate) price: Option<PriceObject>,
}

/// A price.
#[derive(Debug, Deserialize)]
pub(crate) struct PriceObject {
    pub(crate) id: String,
}

impl SubscriptionObject {
    /// None if its id is not one.
    pub(crate) fn read(self) -> Option<Subscription> {
        let items = self.items.map(|items| items.data).unwrap_or_default();
        let of_items = items.iter().filter_map(|item| item.current_period_end).max();
        Some(Subscription {
            id: SubscriptionId::try_from(self.id).ok()?,
            status: self.status.into(),
            price: items.into_iter().find_map(|item| item.price).map(|price| price.id),
            created: self.created,
            current_period_end: of_items.or(self.current_period_end),
            cancel_at: self.cancel_at,
            cancel_at_period_end: self.cancel_at_period_end.unwrap_or_default(),
            past_due_since: None,
        })
    }
}

impl CustomerObject {
    /// None if it is deleted, or its id is not one.
    pub(crate) fn read(self) -> Option<CustomerId> {
        if self.deleted == Some(true) { None } else { CustomerId::try_from(self.id).ok() }
    }
}

impl SessionObject {
    /// None if its id is not one.
    pub(crate) fn id(&self) -> Option<CheckoutId> {
        self.id.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use miniserde::json;
    use shared::domain::SubscriptionStatus;

    use super::*;

    fn subscription(text: &str) -> Subscription {
        json::from_str::<SubscriptionObject>(text).unwrap().read().unwrap()
    }

    #[test]
    fn the_period_is_found_where_old_and_new_versions_have_it() {
        let old = r#"{"id":"sub_1","status":"active","created":1,"cancel_at":null,
            "cancel_at_period_end":true,"current_period_end":7,
            "items":{"data":[{"id":"si_1","price":{"id":"price_1"}}],"has_more":false}}"#;
        let new = r#"{"id":"sub_1","status":"active","created":1,"cancel_at_period_end":true,
            "items":{"data":[{"current_period_end":7,"price":{"id":"price_1","active":true}}]}}"#;
        assert_eq!(subscription(old), subscription(new));
        assert_eq!(subscription(old).current_period_end, Some(7));
        assert_eq!(subscription(old).price.as_deref(), Some("price_1"));
        assert!(subscription(old).cancel_at_period_end);
    }

    #[test]
    fn a_status_from_the_future_is_kept_as_it_is() {
        let read = subscription(r#"{"id":"sub_1","status":"dormant","created":1}"#);
        assert_eq!(read.status, SubscriptionStatus::Other("dormant".to_owned()));
    }

    #[test]
    fn a_deleted_customer_is_none() {
        let read = |text| json::from_str::<CustomerObject>(text).unwrap().read();
        assert!(read(r#"{"id":"cus_1","object":"customer"}"#).is_some());
        assert!(read(r#"{"id":"cus_1","object":"customer","deleted":true}"#).is_none());
    }
}
