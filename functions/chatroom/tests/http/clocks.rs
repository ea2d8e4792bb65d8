//! Instances of the function whose clocks differ.

use jiff::{SignedDuration, Timestamp};
use shared::domain::{Caller, ChatroomId, MessageId, clock};

use crate::{answer::Answer, host::Host};

const MIDNIGHT: &str = "2026-11-22T00:00:00Z";

/// An instance whose clock is ahead counts a message of `ada`'s on the next day; then another one, for
/// which it is so long before midnight, is sent one.
async fn sent_before_midnight(
    host: &Host,
    ada: &Caller,
    room: ChatroomId,
    before: SignedDuration,
) -> Answer {
    let midnight: Timestamp = MIDNIGHT.parse().unwrap();
    let ahead = host.instance_with("BASIC_REQUESTS_PER_MINUTE", "120").await;
    host.clock.set(midnight + SignedDuration::from_secs(1));
    host.send_by(&ahead, ada, room, "From tomorrow").await.is(202);
    host.clock.set(midnight - before);
    host.send(ada, room, "From today").await
}

fn made_at(answer: &Answer) -> Timestamp {
    answer.is(202).id().parse::<MessageId>().unwrap().created_at()
}

#[tokio::test]
async fn a_clock_that_is_a_minute_ahead_is_followed_into_the_day_that_it_has_begun() {
    let host = Host::start().await;
    let ada = host.user().await;
    let room = host.room(&ada).await;
    let answer = sent_before_midnight(&host, &ada, room, SignedDuration::from_secs(60)).await;
    assert_eq!(made_at(&answer), MIDNIGHT.parse().unwrap());
    let tally = host.tally(&ada).await;
    assert_eq!((tally.day, tally.used), (clock::day(MIDNIGHT.parse().unwrap()), 2));
}

#[tokio::test]
async fn a_clock_that_is_further_ahead_leads_nobody_elses_astray() {
    for before in [SignedDuration::from_millis(60_001), SignedDuration::from_hours(12)] {
        let host = Host::start().await;
        let [ada, bob] = [host.user().await, host.user().await];
        let [hers, his] = [host.room(&ada).await, host.room(&bob).await];
        let answer = sent_before_midnight(&host, &ada, hers, before).await;
        answer.is_problem(503, "unavailable");
        assert_eq!(host.messages(hers).await.len(), 1);
        let answer = host.send(&bob, his, "What day is it?").await;
        assert_eq!(made_at(&answer), host.now());
    }
}
