//! `record_billing`: what was fetched is written if nobody has written since the version was read.

use futures_util::future::join_all;
use shared::{
    domain::{Entitlement, Tier},
    store::{Billing, BillingFacts, Recorded},
};

use crate::setting::{DAY, NOW, Setting, at, customer, event, now, pro_after};

#[tokio::test]
async fn what_is_written_is_read_and_the_tier_follows() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let read = setting.billing(ada).await;
    let pro = Billing { customer_attempt: 3, ..pro_after(&read) };
    let written = setting.store.record_billing(ada, &read, &pro, None, now()).await.unwrap();
    assert_eq!(written, Recorded::Done);
    assert_eq!(setting.billing(ada).await, pro);
    let account = async |now| setting.store.account(ada, now).await.unwrap().unwrap();
    assert_eq!(account(now()).await.billing, pro);
    assert_eq!(account(at(NOW + 2 * DAY - 1)).await.user.tier, Tier::Pro);
    assert_eq!(account(at(NOW + 2 * DAY)).await.user.tier, Tier::Basic);

    let over = Billing {
        version: 2,
        syncs: 2,
        entitlement: Entitlement::NONE,
        due: None,
        facts: BillingFacts::default(),
        ..pro.clone()
    };
    let written = setting.store.record_billing(ada, &pro, &over, None, now()).await.unwrap();
    assert_eq!(written, Recorded::Done);
    assert_eq!(setting.billing(ada).await, over, "what is known no more is gone");
}

#[tokio::test]
async fn nothing_is_written_once_the_version_has_moved() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let mut read = setting.billing(ada).await;
    // The first write of all meets no version, the next one another.
    for late in ["evt_1", "evt_2"].map(event) {
        let stored = pro_after(&read);
        setting.store.record_billing(ada, &read, &stored, None, now()).await.unwrap();
        let stale = Billing { entitlement: Entitlement::NONE, ..pro_after(&read) };
        let refused = setting.store.record_billing(ada, &read, &stale, Some(&late), now());
        assert_eq!(refused.await.unwrap(), Recorded::Moved);
        assert_eq!(setting.billing(ada).await, stored);
        assert!(!setting.seen(&late).await, "the event is to be applied yet");
        read = stored;
    }
}

#[tokio::test]
async fn an_event_is_applied_once() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let none = setting.billing(ada).await;
    let (pro, evt) = (pro_after(&none), event("evt_1"));
    assert!(!setting.seen(&evt).await);
    let applied = setting.store.record_billing(ada, &none, &pro, Some(&evt), now()).await.unwrap();
    assert_eq!((applied, setting.seen(&evt).await), (Recorded::Done, true));

    let basic = Billing { version: 2, entitlement: Entitlement::NONE, ..pro.clone() };
    // Of the second, the version has moved as well.
    for (read, next) in [(&pro, &basic), (&none, &basic), (&pro, &pro)] {
        let again = setting.store.record_billing(ada, read, next, Some(&evt), now()).await.unwrap();
        assert_eq!(again, Recorded::Seen);
        assert_eq!(setting.billing(ada).await, pro);
    }
}

#[tokio::test]
async fn an_event_is_forgotten_after_thirty_days() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let evt = event("evt_1");
    let apply = async |now| {
        let read = setting.billing(ada).await;
        setting.store.record_billing(ada, &read, &read, Some(&evt), now).await.unwrap()
    };
    let seen = async |now| {
        setting.store.owner_of_customer(&customer("cus_1"), &evt, now).await.unwrap().seen
    };
    assert_eq!(apply(now()).await, Recorded::Done);
    let forgotten = NOW + 30 * DAY;
    assert_eq!((seen(at(forgotten - 1)).await, seen(at(forgotten)).await), (true, false));
    assert_eq!(apply(at(forgotten - 1)).await, Recorded::Seen);
    assert_eq!(apply(at(forgotten)).await, Recorded::Done);
}

#[tokio::test]
async fn an_account_that_was_deleted_meanwhile_stays_as_it_is() {
    let setting = Setting::start().await;
    let (ada, evt) = (setting.user().await, event("evt_1"));
    let read = setting.billing(ada.user_id).await;
    setting.delete_account(&ada).await;
    let tombstone = setting.profile(ada.user_id).await;
    let next = pro_after(&read);
    let late = setting.store.record_billing(ada.user_id, &read, &next, Some(&evt), now());
    assert_eq!(late.await.unwrap(), Recorded::Moved);
    assert_eq!(setting.profile(ada.user_id).await, tombstone);
    assert!(!setting.seen(&evt).await);
}

#[tokio::test]
async fn nobody_comes_into_being_by_being_billed() {
    let setting = Setting::start().await;
    let nobody = setting.ids.next(now());
    assert_eq!(setting.store.billing(nobody).await.unwrap(), None);
    let (none, evt) = (Billing::default(), event("evt_1"));
    let next = pro_after(&none);
    let refused = setting.store.record_billing(nobody, &none, &next, Some(&evt), now());
    assert_eq!(refused.await.unwrap(), Recorded::Moved);
    assert_eq!(setting.profile(nobody).await, None);
    assert!(!setting.seen(&evt).await);
}

#[tokio::test]
async fn the_version_moves_even_where_nothing_has_changed() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let none = setting.billing(ada).await;
    let pro = pro_after(&none);
    setting.store.record_billing(ada, &none, &pro, None, now()).await.unwrap();
    let (evt, late) = (event("evt_1"), event("evt_2"));
    let same = setting.store.record_billing(ada, &pro, &pro, Some(&evt), now()).await.unwrap();
    assert_eq!((same, setting.seen(&evt).await), (Recorded::Done, true));
    let moved = Billing { version: pro.version + 1, syncs: pro.syncs + 1, ..pro.clone() };
    assert_eq!(setting.billing(ada).await, moved);

    // What another one has asked before that is older than what was just confirmed.
    let basic = Billing { entitlement: Entitlement::NONE, ..pro.clone() };
    let older = setting.store.record_billing(ada, &pro, &basic, Some(&late), now()).await.unwrap();
    assert_eq!((older, setting.seen(&late).await), (Recorded::Moved, false));
    assert_eq!(setting.billing(ada).await, moved);
}

#[tokio::test]
async fn an_event_alone_is_remembered_once_and_moves_nothing() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let (profile, evt) = (setting.profile(ada).await, event("evt_1"));
    let remember = async || setting.store.remember_event(&evt, now()).await.unwrap();
    assert_eq!((remember().await, remember().await), (Recorded::Done, Recorded::Seen));
    assert!(setting.seen(&evt).await);
    assert_eq!(setting.profile(ada).await, profile);
}

#[tokio::test]
async fn a_customer_who_is_gone_is_nobodys() {
    let setting = Setting::start().await;
    let (ada, cus) = (setting.user().await, customer("cus_1"));
    setting.customer(&ada, &cus).await;
    let read = setting.billing(ada.user_id).await;
    assert_eq!(read.facts.customer.as_ref(), Some(&cus));
    let mut gone = pro_after(&read);
    gone.facts.customer = None;

    let stale = Billing { version: read.version - 1, ..read.clone() };
    let refused = setting.store.record_billing(ada.user_id, &stale, &gone, None, now()).await;
    assert_eq!(refused.unwrap(), Recorded::Moved);
    assert_eq!(setting.owner(&cus).await, Some(ada.user_id));

    let done = setting.store.record_billing(ada.user_id, &read, &gone, None, now()).await;
    assert_eq!(done.unwrap(), Recorded::Done);
    assert_eq!(setting.owner(&cus).await, None);
    assert_eq!(setting.billing(ada.user_id).await, gone);
}

#[tokio::test]
async fn of_all_who_have_read_the_same_one_writes() {
    let setting = Setting::start().await;
    let ada = setting.user().await.user_id;
    let read = setting.billing(ada).await;
    let nexts: Vec<_> =
        (0..10).map(|n| Billing { customer_attempt: n, ..pro_after(&read) }).collect();
    let writes =
        nexts.iter().map(|next| setting.store.record_billing(ada, &read, next, None, now()));
    let recorded: Vec<_> = join_all(writes).await.into_iter().map(Result::unwrap).collect();
    let done = recorded.iter().position(|recorded| *recorded == Recorded::Done).unwrap();
    assert_eq!(recorded.iter().filter(|recorded| **recorded == Recorded::Moved).count(), 9);
    assert_eq!(setting.billing(ada).await, nexts[done]);
}
