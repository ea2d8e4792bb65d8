//! Roles: who can be given one, and how long it holds.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

use jiff::Timestamp;
use local::{
    dynamodb::{Data, Embedded},
    testing,
};
use shared::{
    aws::Aws,
    config::Env,
    domain::{Caller, Ids, Role},
    store::{Standing, Store},
};

const OPERATOR: Option<Role> = Some(Role::Operator);

struct Setting {
    store: Store,
    ids: Ids,
    client: aws_sdk_dynamodb::Client,
    _dynamodb: Embedded,
}

impl Setting {
    async fn new() -> Self {
        let dynamodb = Embedded::start(Data::Memory).await.unwrap();
        let aws = Aws::from_env(&dynamodb.env(Env::default())).unwrap();
        let store = Store::from_env(&dynamodb.env(Env::default()), &aws).unwrap();
        let client = aws_sdk_dynamodb::Client::new(&aws.config("DYNAMODB"));
        Self { store, ids: Ids::default(), client, _dynamodb: dynamodb }
    }

    async fn unverified(&self) -> Caller {
        let number = testing::any_number();
        testing::open_account(&self.store, &self.ids, &testing::signup(&number, now())).await
    }

    async fn verified(&self) -> Caller {
        let caller = self.unverified().await;
        testing::verify(&self.client, caller.user_id).await;
        caller
    }

    async fn standing(&self, caller: &Caller) -> Standing {
        self.store.standing(caller, Role::Operator).await.unwrap()
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_795_255_200).unwrap()
}

#[tokio::test]
async fn a_role_holds_from_when_it_is_given_until_it_is_taken() {
    let setting = Setting::new().await;
    let ada = setting.verified().await;
    assert_eq!(setting.standing(&ada).await, Standing::NotHeld);
    for _ in 0..2 {
        assert!(setting.store.set_role(ada.user_id, OPERATOR).await.unwrap());
        assert_eq!(setting.standing(&ada).await, Standing::Held);
        let account = setting.store.account(ada.user_id, now()).await.unwrap().unwrap();
        assert_eq!(account.user.role, OPERATOR);
    }
    for _ in 0..2 {
        assert!(setting.store.set_role(ada.user_id, None).await.unwrap());
        assert_eq!(setting.standing(&ada).await, Standing::NotHeld);
    }
}

#[tokio::test]
async fn whoever_signed_up_with_a_number_gets_no_role_before_it_is_verified() {
    let setting = Setting::new().await;
    let somebody = setting.unverified().await;
    assert!(!setting.store.set_role(somebody.user_id, OPERATOR).await.unwrap());
    assert_eq!(setting.standing(&somebody).await, Standing::NotHeld);
}

#[tokio::test]
async fn an_account_that_never_was_gets_no_role_and_no_profile() {
    let setting = Setting::new().await;
    let nobody = setting.ids.next(now());
    for role in [OPERATOR, None] {
        assert!(!setting.store.set_role(nobody, role).await.unwrap());
    }
    assert!(setting.store.account(nobody, now()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_deleted_account_loses_its_role_and_gets_none() {
    let setting = Setting::new().await;
    let ada = setting.verified().await;
    assert!(setting.store.set_role(ada.user_id, OPERATOR).await.unwrap());
    let account = setting.store.account(ada.user_id, now()).await.unwrap().unwrap();
    assert!(setting.store.delete_account(&ada, &account.user, now()).await.unwrap());
    assert_eq!(setting.standing(&ada).await, Standing::Ended);
    assert!(!setting.store.set_role(ada.user_id, OPERATOR).await.unwrap());
}

#[tokio::test]
async fn the_role_is_not_that_of_a_session_that_has_ended() {
    let setting = Setting::new().await;
    let ada = setting.verified().await;
    assert!(setting.store.set_role(ada.user_id, OPERATOR).await.unwrap());
    let elsewhere = Caller { session_id: setting.ids.next(now()), ..ada };
    setting.store.end_session(ada.user_id, ada.session_id).await.unwrap();
    assert_eq!(setting.standing(&ada).await, Standing::Ended);
    assert_eq!(setting.standing(&elsewhere).await, Standing::Held);
}
