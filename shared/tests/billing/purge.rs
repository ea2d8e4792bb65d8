//! A deleted account's tombstone leads to what is left to cancel, so it stays as long as that.

use shared::store::{Purged, Recorded, Session};

use crate::setting::{NOW, Setting, customer, now};

#[tokio::test]
async fn the_tombstone_stays_until_billing_has_ended() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let user = ada.user_id;
    setting.customer(&ada, &customer("cus_1")).await;
    let session = Session {
        session_id: ada.session_id,
        user_id: user,
        family_hash: "f".to_owned(),
        token_hash: "t".to_owned(),
        generation: 0,
        expires_at: NOW + 60,
    };
    setting.store.open_session(&session).await.unwrap();
    setting.delete_account(&ada).await;

    let purge = async || setting.store.purge_account(user, 10).await.unwrap();
    assert_eq!(purge().await, Purged { items: 1, finished: false }, "the session");
    assert!(setting.store.session(user, ada.session_id, now()).await.unwrap().is_none());
    assert_eq!(purge().await, Purged { items: 0, finished: false });
    assert_eq!(setting.store.accounts_to_purge(10).await.unwrap(), [user]);
    let left = setting.billing(user).await;
    assert_eq!(left.facts.customer, Some(customer("cus_1")));
    assert_eq!(setting.store.billing_due(10, now()).await.unwrap(), [user]);

    assert_eq!(setting.store.end_billing(user, &left).await.unwrap(), Recorded::Done);
    assert_eq!(setting.store.accounts_to_purge(10).await.unwrap(), [user]);
    assert_eq!(purge().await, Purged { items: 1, finished: true });
    assert_eq!(setting.store.billing(user).await.unwrap(), None);
    assert_eq!(setting.store.accounts_to_purge(10).await.unwrap(), []);
    assert_eq!(purge().await, Purged { items: 1, finished: true }, "once more does no harm");
}

#[tokio::test]
async fn the_tombstone_is_the_last_to_go() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let user = ada.user_id;
    setting.delete_account(&ada).await;
    let left = setting.billing(user).await;
    setting.store.end_billing(user, &left).await.unwrap();
    for _ in 0..3 {
        let session = Session {
            session_id: setting.ids.next(now()),
            user_id: user,
            family_hash: "f".to_owned(),
            token_hash: "t".to_owned(),
            generation: 0,
            expires_at: NOW + 60,
        };
        setting.store.open_session(&session).await.unwrap();
    }
    // The tombstone comes first in its partition.
    let purge = async || setting.store.purge_account(user, 2).await.unwrap();
    assert_eq!(purge().await, Purged { items: 1, finished: false });
    assert_eq!(setting.store.accounts_to_purge(10).await.unwrap(), [user]);
    while !purge().await.finished {}
    assert_eq!(setting.store.billing(user).await.unwrap(), None);
}
