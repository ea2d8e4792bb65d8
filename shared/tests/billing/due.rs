//! When somebody's subscription is to be asked about, and when no more.

use shared::{
    domain::UserId,
    store::{Billing, BillingFacts, Recorded},
};

use crate::setting::{HOUR, NOW, Setting, at, checkout, customer, now, pro_after};

impl Setting {
    /// Somebody who is to be asked about at `due`.
    async fn due(&self, due: Option<i64>) -> UserId {
        let user = self.user().await.user_id;
        let read = self.billing(user).await;
        let next = Billing { due, ..pro_after(&read) };
        self.store.record_billing(user, &read, &next, None, now()).await.unwrap();
        user
    }

    async fn due_at(&self, second: i64) -> Vec<UserId> {
        self.store.billing_due(100, at(second)).await.unwrap()
    }
}

#[tokio::test]
async fn users_are_listed_from_the_very_second_on() {
    let setting = Setting::start().await;
    let user = setting.due(Some(NOW + HOUR)).await;
    setting.due(None).await;
    setting.user().await;
    assert_eq!(setting.due_at(NOW + HOUR - 1).await, []);
    assert_eq!(setting.due_at(NOW + HOUR).await, [user]);
    // Times are compared as text: with more digits they are later all the same.
    assert_eq!(setting.due_at(10_000_000_000).await, [user]);
}

#[tokio::test]
async fn the_longest_due_come_first_and_no_more_than_are_asked_for() {
    let setting = Setting::start().await;
    let mut users = Vec::new();
    for n in 0..30 {
        // Not in the order in which they were made.
        let due = NOW + n * 7 % 30;
        users.push((due, setting.due(Some(due)).await));
    }
    users.sort_unstable();
    let mut shards: [Vec<UserId>; 4] = Default::default();
    for (_, user) in &users {
        shards[usize::from(user.to_bytes()[15] % 4)].push(*user);
    }
    let expected: Vec<_> = shards.iter().flat_map(|users| users.iter().take(3)).copied().collect();
    assert_eq!(setting.store.billing_due(3, at(NOW + HOUR)).await.unwrap(), expected);
    assert_eq!(setting.due_at(NOW + HOUR).await, shards.concat());
}

#[tokio::test]
async fn who_is_not_to_be_asked_about_any_more_leaves_the_list() {
    let setting = Setting::start().await;
    let user = setting.due(Some(NOW)).await;
    let read = setting.billing(user).await;
    let settled = Billing { version: read.version + 1, due: None, ..read.clone() };
    setting.store.record_billing(user, &read, &settled, None, now()).await.unwrap();
    assert_eq!(setting.due_at(NOW + HOUR).await, []);
}

#[tokio::test]
async fn who_is_put_off_is_listed_later_and_nothing_else_changes() {
    let setting = Setting::start().await;
    let user = setting.due(Some(NOW)).await;
    let before = setting.billing(user).await;
    setting.store.postpone_billing(user, NOW + HOUR, now()).await.unwrap();
    assert_eq!(setting.due_at(NOW + HOUR - 1).await, []);
    assert_eq!(setting.due_at(NOW + HOUR).await, [user]);
    let put_off = Billing { due: Some(NOW + HOUR), put_off: 1, ..before };
    assert_eq!(setting.billing(user).await, put_off);
}

#[tokio::test]
async fn each_time_that_somebody_is_put_off_is_counted() {
    let setting = Setting::start().await;
    let user = setting.due(Some(NOW)).await;
    for nth in 1..=3 {
        setting.store.postpone_billing(user, NOW, now()).await.unwrap();
        assert_eq!(setting.billing(user).await.put_off, nth);
    }
    let read = setting.billing(user).await;
    let answered = Billing { version: read.version + 1, put_off: 0, ..read.clone() };
    setting.store.record_billing(user, &read, &answered, None, now()).await.unwrap();
    assert_eq!(setting.billing(user).await.put_off, 0);
}

#[tokio::test]
async fn a_new_reason_to_ask_begins_the_count_anew() {
    let setting = Setting::start().await;
    let [buyer, leaver] = [setting.user().await, setting.user().await];
    for user in [&buyer, &leaver] {
        let read = setting.billing(user.user_id).await;
        let next = Billing { due: Some(NOW), ..pro_after(&read) };
        setting.store.record_billing(user.user_id, &read, &next, None, now()).await.unwrap();
        setting.store.postpone_billing(user.user_id, NOW + HOUR, now()).await.unwrap();
        assert_eq!(setting.billing(user.user_id).await.put_off, 1);
    }
    let lease = setting.granted(&buyer).await;
    assert!(setting.store.keep_checkout(&lease, &checkout(), Some(NOW)).await.unwrap());
    setting.delete_account(&leaver).await;
    for user in [buyer, leaver] {
        let known = setting.billing(user.user_id).await;
        assert_eq!((known.due, known.put_off), (Some(NOW), 0));
    }
}

#[tokio::test]
async fn who_has_got_another_time_meanwhile_keeps_it() {
    let setting = Setting::start().await;
    let user = setting.due(Some(NOW + 1)).await;
    setting.store.postpone_billing(user, NOW + HOUR, now()).await.unwrap();
    assert_eq!(setting.due_at(NOW + 1).await, [user]);
}

#[tokio::test]
async fn who_is_not_listed_is_not_put_off() {
    let setting = Setting::start().await;
    let (settled, nobody) = (setting.due(None).await, setting.ids.next(now()));
    let before = setting.profile(settled).await;
    for user in [settled, nobody] {
        setting.store.postpone_billing(user, NOW, now()).await.unwrap();
    }
    assert_eq!(setting.profile(settled).await, before);
    assert_eq!(setting.profile(nobody).await, None);
}

#[tokio::test]
async fn a_deleted_account_is_listed_at_once_until_its_billing_has_ended() {
    let setting = Setting::start().await;
    let (ada, cus) = (setting.user().await, customer("cus_1"));
    setting.customer(&ada, &cus).await;
    let alive = setting.billing(ada.user_id).await;
    let not_yet = Billing { deleted: true, ..alive.clone() };
    let refused = setting.store.end_billing(ada.user_id, &not_yet).await.unwrap();
    assert_eq!(refused, Recorded::Moved, "the account is there");
    setting.delete_account(&ada).await;
    assert_eq!(setting.due_at(NOW).await, [ada.user_id]);
    let left = setting.billing(ada.user_id).await;
    assert_eq!(left, Billing { deleted: true, due: Some(NOW), ..alive.clone() });

    let moved = Billing { version: left.version + 1, ..left.clone() };
    for stale in [alive, moved] {
        let refused = setting.store.end_billing(ada.user_id, &stale).await.unwrap();
        assert_eq!(refused, Recorded::Moved);
        assert_eq!(setting.billing(ada.user_id).await, left);
        assert_eq!(setting.owner(&cus).await, Some(ada.user_id));
    }

    let ended = setting.store.end_billing(ada.user_id, &left).await.unwrap();
    assert_eq!(ended, Recorded::Done);
    assert_eq!(setting.due_at(NOW + HOUR).await, []);
    assert_eq!(setting.owner(&cus).await, None);
    let settled = Billing { due: None, facts: BillingFacts::default(), ..left };
    assert_eq!(setting.billing(ada.user_id).await, settled);
}
