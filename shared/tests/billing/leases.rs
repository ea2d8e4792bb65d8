//! The lease: of all who ask for one user's, one has it.

use futures_util::future::join_all;
use shared::{
    domain::Caller,
    store::{Lease, Leased},
};

use crate::setting::{NOW, Setting, at, customer, now};

impl Setting {
    /// Asks for a lease at `second`, for half a minute.
    async fn ask_at(&self, second: i64, caller: &Caller, lease: &Lease) -> Leased {
        let until = at(second + 30);
        self.store.lease_checkout(caller, lease, at(second), until).await.unwrap()
    }
}

fn is_granted(leased: &Leased) -> bool {
    matches!(leased, Leased::Granted(_))
}

#[tokio::test]
async fn one_of_twenty_is_granted() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let leases: Vec<_> = (0..20).map(|_| setting.lease(&ada)).collect();
    let leased = join_all(leases.iter().map(|lease| setting.ask_at(NOW, &ada, lease))).await;
    assert_eq!(leased.iter().filter(|leased| is_granted(leased)).count(), 1);
    assert_eq!(leased.iter().filter(|leased| matches!(leased, Leased::Taken)).count(), 19);
    let holder = leased.iter().position(is_granted).unwrap();
    let cus = customer("cus_1");
    for (n, lease) in leases.iter().enumerate().filter(|(n, _)| *n != holder) {
        assert!(!setting.store.keep_customer(lease, &cus).await.unwrap(), "{n}");
    }
    assert!(setting.store.keep_customer(&leases[holder], &cus).await.unwrap());
}

#[tokio::test]
async fn everybody_has_a_lease_of_their_own() {
    let setting = Setting::start().await;
    for user in [setting.user().await, setting.user().await] {
        setting.granted(&user).await;
    }
}

#[tokio::test]
async fn a_lease_that_has_run_out_is_anothers_to_take() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.granted(&ada).await;
    let next = setting.lease(&ada);
    assert!(matches!(setting.ask_at(NOW + 29, &ada, &next).await, Leased::Taken));
    assert!(is_granted(&setting.ask_at(NOW + 30, &ada, &next).await));
    assert!(matches!(setting.ask_at(NOW + 59, &ada, &first).await, Leased::Taken));
}

#[tokio::test]
async fn the_same_lease_asked_for_twice_is_granted_both_times() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let lease = setting.granted(&ada).await;
    assert!(is_granted(&setting.ask_at(NOW, &ada, &lease).await));
    let other = setting.lease(&ada);
    assert!(matches!(setting.ask_at(NOW, &ada, &other).await, Leased::Taken));
}

#[tokio::test]
async fn a_lease_tells_what_is_known_of_the_subscription() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    setting.customer(&ada, &customer("cus_1")).await;
    let known = setting.billing(ada.user_id).await;
    match setting.ask_at(NOW, &ada, &setting.lease(&ada)).await {
        Leased::Granted(billing) => assert_eq!(*billing, known),
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn a_lease_is_given_back_by_its_holder_alone() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let held = setting.granted(&ada).await;
    let next = setting.lease(&ada);
    setting.store.release_checkout(&next).await.unwrap();
    assert!(matches!(setting.ask_at(NOW, &ada, &next).await, Leased::Taken));
    setting.store.release_checkout(&held).await.unwrap();
    assert!(is_granted(&setting.ask_at(NOW, &ada, &next).await));
    setting.store.release_checkout(&held).await.unwrap();
    assert!(matches!(setting.ask_at(NOW, &ada, &held).await, Leased::Taken));
}

#[tokio::test]
async fn a_session_that_has_ended_has_no_lease() {
    let setting = Setting::start().await;
    let (ended, other) = (setting.user().await, setting.user().await);
    setting.store.end_session(ended.user_id, ended.session_id).await.unwrap();
    let outdated = Caller { generation: other.generation + 1, ..other };
    let nobody = Caller { user_id: setting.ids.next(now()), ..other };
    let deleted = setting.user().await;
    setting.delete_account(&deleted).await;
    for caller in [ended, outdated, nobody, deleted] {
        let before = setting.profile(caller.user_id).await;
        let leased = setting.ask_at(NOW, &caller, &setting.lease(&caller)).await;
        assert!(matches!(leased, Leased::SessionEnded), "{leased:?}");
        assert_eq!(setting.profile(caller.user_id).await, before);
    }
}

#[tokio::test]
async fn who_asks_in_an_ended_session_does_not_learn_that_another_has_the_lease() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    setting.granted(&ada).await;
    let outdated = Caller { generation: 1, ..ada };
    let leased = setting.ask_at(NOW, &outdated, &setting.lease(&ada)).await;
    assert!(matches!(leased, Leased::SessionEnded), "{leased:?}");
}
