//! A message is counted by the tier of its sender at the second in which it is sent.

use jiff::SignedDuration;
use shared::{
    domain::{
        Caller, ChatroomId, Entitlement, Ids, Limits, Tier,
        text::{Content, RoomName},
    },
    store::{Billing, Denied, NewChatroom, NewMessage, Sent},
};

use crate::setting::{NOW, Setting, at, now};

const ONE_A_DAY: Limits =
    Limits { basic_daily_messages: 1, basic_per_minute: 0, pro_per_minute: 0 };

impl Setting {
    /// Somebody with this entitlement who has used up the day's quota, in a room.
    async fn busy(&self, entitlement: Entitlement) -> (Caller, ChatroomId) {
        let caller = self.user().await;
        let user = caller.user_id;
        let read = self.billing(user).await;
        let next = Billing { version: 1, entitlement, ..read.clone() };
        self.store.record_billing(user, &read, &next, None, now()).await.unwrap();
        let room = self.ids.next(now());
        let new = NewChatroom { id: room, name: RoomName::default(), claim: None };
        self.store.create_chatroom(&caller, &new).await.unwrap();
        assert_eq!(self.send_at(NOW - 60, &caller, room).await, Ok(()));
        (caller, room)
    }

    async fn send_at(&self, second: i64, caller: &Caller, room: ChatroomId) -> Result<(), Denied> {
        self.send(SignedDuration::from_secs(second), caller, room).await
    }

    /// Sends a message at a time since 1970.
    async fn send(
        &self,
        time: SignedDuration,
        caller: &Caller,
        room: ChatroomId,
    ) -> Result<(), Denied> {
        let content: Content = "Hello".to_owned().try_into().unwrap();
        // Ids of its own: they would not go back in time.
        let id = Ids::default().next(at(0).checked_add(time).unwrap());
        let message = NewMessage { id, chatroom_id: room, content: &content, claim: None };
        match self.store.accept(caller, &message, &ONE_A_DAY).await.unwrap() {
            Sent::Accepted => Ok(()),
            Sent::Denied(denied) => Err(denied),
            sent @ (Sent::Replayed(_) | Sent::DayOver(_)) => unreachable!("{sent:?}"),
        }
    }
}

#[tokio::test]
async fn pro_without_an_end_has_no_quota() {
    let setting = Setting::start().await;
    let (ada, room) = setting.busy(Entitlement { tier: Tier::Pro, until: None }).await;
    for second in [NOW, NOW + 1] {
        assert_eq!(setting.send_at(second, &ada, room).await, Ok(()));
    }
}

#[tokio::test]
async fn the_quota_is_back_at_the_very_second_in_which_pro_ends() {
    let setting = Setting::start().await;
    let pro = Entitlement { tier: Tier::Pro, until: Some(NOW) };
    let (ada, room) = setting.busy(pro).await;
    let last_moment = SignedDuration::from_millis(NOW * 1_000 - 1);
    assert_eq!(setting.send_at(NOW - 1, &ada, room).await, Ok(()));
    assert_eq!(setting.send(last_moment, &ada, room).await, Ok(()));
    for second in [NOW, NOW + 1] {
        assert_eq!(setting.send_at(second, &ada, room).await, Err(Denied::OverQuota));
    }
    for second in [NOW - 1, NOW, NOW + 1] {
        let account = setting.store.account(ada.user_id, at(second)).await.unwrap().unwrap();
        assert_eq!(account.user.tier, pro.tier_at(at(second)), "what is shown is what is allowed");
    }
}

#[tokio::test]
async fn basic_has_its_quota_whatever_stands_beside_it() {
    let setting = Setting::start().await;
    for until in [None, Some(NOW + 60)] {
        let (ada, room) = setting.busy(Entitlement { tier: Tier::Basic, until }).await;
        assert_eq!(setting.send_at(NOW, &ada, room).await, Err(Denied::OverQuota));
    }
}
