//! Idempotency keys of requests whose effect is at another server.

use futures_util::future::join_all;
use shared::{
    domain::{Caller, text::RoomName},
    store::{Begun, Claim, Created, FirstAnswer, NewChatroom, Underway},
};

use crate::setting::{DAY, NOW, Setting, at, now};

impl Setting {
    /// A request with the key that all of these tests use.
    fn request(&self, caller: &Caller) -> Underway {
        Underway {
            user: caller.user_id,
            key: "key".to_owned(),
            fingerprint: "POST /subscribe/pro".to_owned(),
            attempt: self.ids.next(now()),
        }
    }

    /// Announces it at `second`, to be answered within half a minute.
    async fn begin_at(&self, second: i64, request: &Underway) -> Begun {
        self.store.begin_request(request, at(second), at(second + 30)).await.unwrap()
    }

    /// A request that is under way from [`NOW`] on.
    async fn begun(&self, caller: &Caller) -> Underway {
        let request = self.request(caller);
        assert!(is_first(&self.begin_at(NOW, &request).await));
        request
    }

    async fn complete(&self, request: &Underway, answer: &FirstAnswer) {
        self.store.complete_request(request, answer).await.unwrap();
    }

    async fn abandon(&self, request: &Underway) {
        self.store.abandon_request(request).await.unwrap();
    }

    /// A room to be opened with the key, and what that is answered.
    fn room(&self, claim: Claim) -> NewChatroom {
        NewChatroom { id: self.ids.next(now()), name: RoomName::default(), claim: Some(claim) }
    }
}

fn answer(body: &str) -> FirstAnswer {
    FirstAnswer { location: "https://checkout.stripe.com/c/pay".to_owned(), body: body.to_owned() }
}

fn claim() -> Claim {
    let (key, fingerprint) = ("key".to_owned(), "POST /chatroom".to_owned());
    Claim { key, fingerprint, answer: answer("room") }
}

fn is_first(begun: &Begun) -> bool {
    matches!(begun, Begun::First)
}

fn is_underway(begun: &Begun) -> bool {
    matches!(begun, Begun::Underway)
}

fn is_reused(begun: &Begun) -> bool {
    matches!(begun, Begun::KeyReused)
}

fn replays(begun: &Begun, body: &str) -> bool {
    matches!(begun, Begun::Replayed(first) if *first == answer(body))
}

#[tokio::test]
async fn the_first_is_done_the_next_wait_and_then_have_its_answer() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    let next = setting.request(&ada);
    assert!(is_underway(&setting.begin_at(NOW, &next).await));
    setting.complete(&first, &answer("1")).await;
    // Also when it would have run out, had it not been answered.
    for second in [NOW, NOW + 30, NOW + 31, NOW + DAY - 1] {
        assert!(replays(&setting.begin_at(second, &next).await, "1"), "{second}");
    }
}

#[tokio::test]
async fn one_of_twenty_is_the_first() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let requests: Vec<_> = (0..20).map(|_| setting.request(&ada)).collect();
    let begun = join_all(requests.iter().map(|request| setting.begin_at(NOW, request))).await;
    assert_eq!(begun.iter().filter(|begun| is_first(begun)).count(), 1);
    assert_eq!(begun.iter().filter(|begun| is_underway(begun)).count(), 19);
}

#[tokio::test]
async fn another_request_can_not_use_the_key() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    let other = Underway { fingerprint: "another body".to_owned(), ..setting.request(&ada) };
    assert!(is_reused(&setting.begin_at(NOW, &other).await));
    setting.complete(&first, &answer("1")).await;
    assert!(is_reused(&setting.begin_at(NOW, &other).await));
}

#[tokio::test]
async fn a_key_is_one_users_alone() {
    let setting = Setting::start().await;
    let (ada, eve) = (setting.user().await, setting.user().await);
    setting.begun(&ada).await;
    setting.begun(&eve).await;
    let other_key = Underway { key: "another".to_owned(), ..setting.request(&ada) };
    assert!(is_first(&setting.begin_at(NOW, &other_key).await));
}

#[tokio::test]
async fn the_same_attempt_sent_twice_is_the_first_both_times() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    assert!(is_first(&setting.begin_at(NOW, &first).await));
    setting.complete(&first, &answer("1")).await;
    setting.complete(&first, &answer("1")).await;
    assert!(replays(&setting.begin_at(NOW, &setting.request(&ada)).await, "1"));
}

#[tokio::test]
async fn one_that_had_no_effect_may_be_tried_again() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    setting.abandon(&first).await;
    // It may have another body then.
    let next = Underway { fingerprint: "another body".to_owned(), ..setting.request(&ada) };
    assert!(is_first(&setting.begin_at(NOW, &next).await));
}

#[tokio::test]
async fn nobody_abandons_another_ones_request_nor_one_that_was_answered() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    let next = setting.request(&ada);
    setting.abandon(&next).await;
    assert!(is_underway(&setting.begin_at(NOW, &next).await));
    setting.complete(&first, &answer("1")).await;
    setting.abandon(&first).await;
    assert!(replays(&setting.begin_at(NOW, &next).await, "1"));
}

#[tokio::test]
async fn one_that_was_never_answered_gives_way_to_the_next_for_good() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    let next = setting.request(&ada);
    assert!(is_underway(&setting.begin_at(NOW + 29, &next).await));
    assert!(is_first(&setting.begin_at(NOW + 30, &next).await));
    // The first was not dead, only late: what it does now counts for nothing.
    setting.complete(&first, &answer("late")).await;
    setting.abandon(&first).await;
    let third = setting.request(&ada);
    assert!(is_underway(&setting.begin_at(NOW + 59, &third).await));
    setting.complete(&next, &answer("2")).await;
    assert!(replays(&setting.begin_at(NOW + 60, &third).await, "2"));
}

#[tokio::test]
async fn a_key_is_free_again_after_a_day() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    setting.complete(&first, &answer("1")).await;
    let other = Underway { fingerprint: "another body".to_owned(), ..setting.request(&ada) };
    assert!(is_reused(&setting.begin_at(NOW + DAY - 1, &other).await));
    assert!(is_first(&setting.begin_at(NOW + DAY, &other).await));
    assert!(
        is_underway(
            &setting
                .begin_at(NOW + DAY, &{
                    Underway { attempt: setting.ids.next(now()), ..other.clone() }
                })
                .await
        ),
        "nothing is left of the first answer"
    );
}

#[tokio::test]
async fn an_answer_without_an_announcement_is_not_kept() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let never_begun = setting.request(&ada);
    setting.complete(&never_begun, &answer("1")).await;
    setting.abandon(&never_begun).await;
    assert!(is_first(&setting.begin_at(NOW, &setting.request(&ada)).await));
}

#[tokio::test]
async fn a_key_that_a_chatroom_has_used_is_taken() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let room = setting.room(claim());
    assert!(matches!(setting.store.create_chatroom(&ada, &room).await.unwrap(), Created::Done));
    assert!(is_reused(&setting.begin_at(NOW, &setting.request(&ada)).await));
}

#[tokio::test]
async fn a_chatroom_can_not_use_a_key_that_is_taken() {
    let setting = Setting::start().await;
    let ada = setting.user().await;
    let first = setting.begun(&ada).await;
    let create =
        async || setting.store.create_chatroom(&ada, &setting.room(claim())).await.unwrap();
    assert!(matches!(create().await, Created::KeyReused), "under way");
    setting.complete(&first, &answer("1")).await;
    assert!(matches!(create().await, Created::KeyReused), "answered");
}
