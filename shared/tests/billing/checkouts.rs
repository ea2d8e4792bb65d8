//! What the holder of a lease writes: a customer, and the session that was opened.

use shared::{
    domain::{Caller, Checkout, CustomerId},
    store::{Billing, BillingFacts, Lease, Leased, Recorded},
};

use crate::setting::{HOUR, NOW, Setting, at, checkout, customer, now, pro_after};

impl Setting {
    /// Leases that are not held: never granted, run out and taken by another, given back, and one of
    /// an account that was deleted.
    async fn lost(&self) -> Vec<Lease> {
        let never = self.lease(&self.user().await);
        let ada = self.user().await;
        let run_out = self.granted(&ada).await;
        let another = self.lease(&ada);
        let leased = self.store.lease_checkout(&ada, &another, at(NOW + 30), at(NOW + 60)).await;
        assert!(matches!(leased, Ok(Leased::Granted(_))));
        let given_back = self.granted(&self.user().await).await;
        self.store.release_checkout(&given_back).await.unwrap();
        let gone = self.user().await;
        let of_nobody = self.granted(&gone).await;
        self.delete_account(&gone).await;
        vec![never, run_out, given_back, of_nobody]
    }

    /// Asserts that this customer is not kept, and nothing written.
    async fn refuses_customer(&self, lease: &Lease, customer: &CustomerId) {
        let before = self.profile(lease.user).await;
        assert!(!self.store.keep_customer(lease, customer).await.unwrap());
        assert_eq!(self.profile(lease.user).await, before);
    }

    async fn can_be_leased(&self, caller: &Caller) -> bool {
        let leased = self.store.lease_checkout(caller, &self.lease(caller), now(), now()).await;
        matches!(leased.unwrap(), Leased::Granted(_))
    }
}

#[tokio::test]
async fn a_customer_is_known_to_be_the_holders() {
    let setting = Setting::start().await;
    let (ada, cus) = (setting.user().await, customer("cus_1"));
    let lease = setting.granted(&ada).await;
    assert_eq!(setting.owner(&cus).await, None);
    assert!(setting.store.keep_customer(&lease, &cus).await.unwrap());
    assert_eq!(setting.owner(&cus).await, Some(ada.user_id));
    let facts = BillingFacts { customer: Some(cus), ..BillingFacts::default() };
    assert_eq!(
        setting.billing(ada.user_id).await,
        Billing { version: 1, facts, ..Billing::default() }
    );
    assert!(!setting.can_be_leased(&ada).await, "the lease goes on");
}

#[tokio::test]
async fn a_lost_lease_makes_nobody_a_customer() {
    let setting = Setting::start().await;
    let cus = customer("cus_1");
    for lease in setting.lost().await {
        setting.refuses_customer(&lease, &cus).await;
        assert_eq!(setting.owner(&cus).await, None);
    }
}

#[tokio::test]
async fn who_has_a_customer_keeps_it() {
    let setting = Setting::start().await;
    let (ada, [first, second]) = (setting.user().await, ["cus_1", "cus_2"].map(customer));
    setting.customer(&ada, &first).await;
    let lease = setting.granted(&ada).await;
    setting.refuses_customer(&lease, &second).await;
    assert_eq!(setting.owner(&first).await, Some(ada.user_id));
    assert_eq!(setting.owner(&second).await, None);
}

#[tokio::test]
async fn nobody_takes_another_ones_customer() {
    let setting = Setting::start().await;
    let (ada, eve) = (setting.user().await, setting.user().await);
    let cus = customer("cus_1");
    setting.customer(&ada, &cus).await;
    let lease = setting.granted(&eve).await;
    setting.refuses_customer(&lease, &cus).await;
    assert_eq!(setting.owner(&cus).await, Some(ada.user_id));
}

#[tokio::test]
async fn attempts_at_a_customer_are_counted_by_the_holder() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let lease = setting.granted(&ada).await;
    for _ in 0..2 {
        setting.store.count_customer_attempt(&lease).await.unwrap();
    }
    let counted = Billing { customer_attempt: 2, version: 2, ..Billing::default() };
    assert_eq!(setting.billing(ada.user_id).await, counted);
    for lease in setting.lost().await {
        let before = setting.profile(lease.user).await;
        setting.store.count_customer_attempt(&lease).await.unwrap();
        assert_eq!(setting.profile(lease.user).await, before);
    }
}

#[tokio::test]
async fn a_session_is_kept_and_the_lease_given_back() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let lease = setting.granted(&ada).await;
    let kept = setting.store.keep_checkout(&lease, &checkout(), Some(NOW + HOUR)).await.unwrap();
    assert!(kept);
    let facts = BillingFacts { checkout: Some(checkout()), ..BillingFacts::default() };
    let known = Billing { version: 1, due: Some(NOW + HOUR), facts, ..Billing::default() };
    assert_eq!(setting.billing(ada.user_id).await, known);
    assert_eq!(setting.store.billing_due(10, at(NOW + HOUR)).await.unwrap(), [ada.user_id]);
    assert!(setting.can_be_leased(&ada).await);
}

#[tokio::test]
async fn a_session_kept_twice_is_kept_once() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let lease = setting.granted(&ada).await;
    let keep = async |id: &str| {
        let session = Checkout { id: id.parse().unwrap(), ..checkout() };
        setting.store.keep_checkout(&lease, &session, Some(NOW)).await.unwrap()
    };
    assert!(keep("cs_1").await);
    let kept = setting.profile(ada.user_id).await;
    assert!(keep("cs_1").await, "the answer to the first try was lost");
    assert!(!keep("cs_2").await);
    assert_eq!(setting.profile(ada.user_id).await, kept);
}

#[tokio::test]
async fn a_session_without_a_time_to_ask_is_asked_about_when_it_ends() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let lease = setting.granted(&ada).await;
    assert!(setting.store.keep_checkout(&lease, &checkout(), None).await.unwrap());
    assert_eq!(setting.billing(ada.user_id).await.due, Some(checkout().expires));
}

#[tokio::test]
async fn a_lost_lease_keeps_no_session() {
    let setting = Setting::start().await;
    for lease in setting.lost().await {
        let before = setting.profile(lease.user).await;
        assert!(!setting.store.keep_checkout(&lease, &checkout(), Some(NOW)).await.unwrap());
        assert_eq!(setting.profile(lease.user).await, before);
    }
}

#[tokio::test]
async fn what_was_fetched_before_a_session_was_kept_does_not_undo_it() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let read = setting.billing(ada.user_id).await;
    let lease = setting.granted(&ada).await;
    assert!(setting.store.keep_customer(&lease, &customer("cus_1")).await.unwrap());
    let with_customer = setting.billing(ada.user_id).await;
    assert!(setting.store.keep_checkout(&lease, &checkout(), Some(NOW)).await.unwrap());
    let kept = setting.billing(ada.user_id).await;
    for read in [read, with_customer] {
        let next = pro_after(&read);
        let late = setting.store.record_billing(ada.user_id, &read, &next, None, now()).await;
        assert_eq!(late.unwrap(), Recorded::Moved);
        assert_eq!(setting.billing(ada.user_id).await, kept);
    }
}
