mod laws;

use super::{
    SubscriptionStatus::{
        Active, Canceled, Incomplete, IncompleteExpired, Other, PastDue, Paused, Trialing, Unpaid,
    },
    *,
};

/// 2026-11-21T12:00:00Z.
const NOW: i64 = 1_795_262_400;
const MINUTE: i64 = 60;
const DAY: i64 = 24 * HOUR;
const GRACE: Duration = Duration::from_hours(72);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Ten days old, and paid for, if at all, for another twenty.
fn a(status: SubscriptionStatus) -> Subscription {
    Subscription {
        id: "sub_1".parse().unwrap(),
        status,
        price: Some("price_pro".to_owned()),
        created: NOW - 10 * DAY,
        current_period_end: Some(NOW + 20 * DAY),
        cancel_at: None,
        cancel_at_period_end: false,
        past_due_since: None,
    }
}

fn past_due_since(since: i64) -> Subscription {
    Subscription { past_due_since: Some(since), ..a(PastDue) }
}

fn pro_until(until: impl Into<Option<i64>>) -> Entitlement {
    Entitlement { tier: Tier::Pro, until: until.into() }
}

fn every_status() -> [SubscriptionStatus; 9] {
    let unknown = Other("suspended".to_owned());
    [Active, Trialing, PastDue, Unpaid, Canceled, Incomplete, IncompleteExpired, Paused, unknown]
}

#[test]
fn every_status_is_spelled_as_the_provider_spells_it() {
    // https://docs.stripe.com/api/subscriptions/object#subscription_object-status
    let names = [
        "active",
        "trialing",
        "past_due",
        "unpaid",
        "canceled",
        "incomplete",
        "incomplete_expired",
        "paused",
        "suspended",
    ];
    for (status, name) in every_status().into_iter().zip(names) {
        assert_eq!(status.as_str(), name);
        assert_eq!(SubscriptionStatus::from(name.to_owned()), status);
        assert_eq!(String::from(status), name);
    }
}

#[test]
fn nothing_comes_after_canceled_and_incomplete_expired_alone() {
    let last: Vec<_> = every_status().into_iter().filter(SubscriptionStatus::is_final).collect();
    assert_eq!(last, [Canceled, IncompleteExpired]);
}

#[test]
fn what_is_paid_or_free_for_a_while_is_pro_without_an_end() {
    for status in [Active, Trialing] {
        assert_eq!(a(status).entitlement(GRACE), pro_until(None));
    }
}

#[test]
fn no_other_status_is_pro_but_past_due_whatever_the_rest_says() {
    let entitling = [Active, Trialing, PastDue];
    for status in every_status().into_iter().filter(|status| !entitling.contains(status)) {
        let ends = Subscription { cancel_at: Some(NOW + DAY), ..a(status.clone()) };
        let was_late = Subscription { past_due_since: Some(NOW), ..a(status.clone()) };
        for subscription in [a(status), ends, was_late] {
            assert_eq!(subscription.entitlement(GRACE), Entitlement::NONE, "{subscription:?}");
        }
    }
}

#[test]
fn pro_ends_when_the_subscription_was_told_to_end() {
    let period_end = a(Active).current_period_end;
    let (sooner, later) = (Some(NOW + DAY), Some(NOW + 40 * DAY));
    for status in [Active, Trialing] {
        let until = |cancel_at_period_end, cancel_at| {
            let told = Subscription { cancel_at, cancel_at_period_end, ..a(status.clone()) };
            told.entitlement(GRACE).until
        };
        assert_eq!(until(true, None), period_end);
        assert_eq!(until(false, sooner), sooner);
        assert_eq!(until(false, later), later, "it is renewed before it ends");
        assert_eq!(until(true, sooner), sooner);
        assert_eq!(until(true, later), period_end);
    }
}

#[test]
fn the_end_of_a_period_that_is_not_known_ends_nothing() {
    let told = Subscription { cancel_at_period_end: true, current_period_end: None, ..a(Active) };
    assert_eq!(told.entitlement(GRACE), pro_until(None));
}

#[test]
fn after_a_failed_payment_pro_goes_on_for_the_grace_alone() {
    assert_eq!(past_due_since(NOW).entitlement(GRACE), pro_until(NOW + 3 * DAY));
    assert_eq!(past_due_since(NOW).entitlement(Duration::ZERO).tier_at(at(NOW)), Tier::Basic);
    assert_eq!(past_due_since(NOW).entitlement(Duration::MAX), pro_until(i64::MAX));
}

#[test]
fn grace_does_not_outlast_the_end_that_was_decided() {
    let until = |cancel_at| {
        Subscription { cancel_at: Some(cancel_at), ..past_due_since(NOW) }.entitlement(GRACE).until
    };
    assert_eq!(until(NOW + DAY), Some(NOW + DAY));
    assert_eq!(until(NOW + 4 * DAY), Some(NOW + 3 * DAY));
}

#[test]
fn one_that_was_never_seen_to_be_paid_has_grace_from_its_beginning() {
    let created = Subscription { created: NOW - DAY, ..a(PastDue) };
    assert_eq!(created.entitlement(GRACE), pro_until(NOW + 2 * DAY));
}

#[test]
fn pro_is_over_at_the_very_second_of_its_end() {
    let entitlement = pro_until(NOW);
    assert_eq!(entitlement.tier_at(at(NOW - 1)), Tier::Pro);
    let last_moment = at(NOW).checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap();
    assert_eq!(entitlement.tier_at(last_moment), Tier::Pro);
    assert_eq!(entitlement.tier_at(at(NOW)), Tier::Basic);
    assert_eq!(entitlement.tier_at(at(NOW + 1)), Tier::Basic);
}

#[test]
fn what_has_no_end_never_ends_and_basic_is_basic_whatever_its_end() {
    assert_eq!(pro_until(None).tier_at(Timestamp::MAX), Tier::Pro);
    let basic = Entitlement { tier: Tier::Basic, until: Some(NOW + DAY) };
    for entitlement in [basic, Entitlement::NONE, Entitlement::default()] {
        assert_eq!(entitlement.tier_at(at(NOW)), Tier::Basic);
    }
}

#[test]
fn it_ends_with_its_period_in_either_way_that_it_can_be_told_to() {
    let period_end = a(Active).current_period_end;
    let ends = |cancel_at_period_end, cancel_at| {
        Subscription { cancel_at, cancel_at_period_end, ..a(Active) }.ends_with_period()
    };
    assert!(ends(true, None) && ends(false, period_end) && ends(true, period_end));
    assert!(!ends(false, None) && !ends(false, Some(NOW + DAY)));
    let unknown = Subscription { current_period_end: None, ..a(Active) };
    assert!(!unknown.ends_with_period(), "no end is not the end of no period");
}

#[test]
fn a_failed_payment_is_dated_when_it_is_first_seen() {
    for known in [None, Some(a(Active)), Some(a(PastDue))] {
        assert_eq!(a(PastDue).seen_after(known.as_ref(), at(NOW)), past_due_since(NOW));
    }
}

#[test]
fn the_date_of_a_failed_payment_is_kept_or_grace_would_never_end() {
    let known = past_due_since(NOW - DAY);
    assert_eq!(a(PastDue).seen_after(Some(&known), at(NOW)), known);
    let said = past_due_since(NOW - 9 * DAY);
    assert_eq!(said.seen_after(Some(&known), at(NOW)), known, "what is known is what counts");
    let next = Subscription { current_period_end: Some(NOW + 50 * DAY), ..a(PastDue) };
    let other = Subscription { id: "sub_2".parse().unwrap(), ..a(PastDue) };
    for said in [next, other] {
        assert_eq!(said.seen_after(Some(&known), at(NOW)).past_due_since, Some(NOW - DAY));
    }
}

#[test]
fn a_date_is_gone_once_it_is_not_past_due() {
    let known = past_due_since(NOW - DAY);
    for status in every_status().into_iter().filter(|status| *status != PastDue) {
        let said = Subscription { past_due_since: known.past_due_since, ..a(status.clone()) };
        assert_eq!(said.seen_after(Some(&known), at(NOW)), a(status));
    }
}

#[test]
fn what_has_ended_is_not_asked_about_again() {
    for status in [Canceled, IncompleteExpired] {
        let period_has_ended = Subscription { current_period_end: Some(NOW - DAY), ..a(status) };
        assert_eq!(period_has_ended.next_check(GRACE, at(NOW)), None);
    }
}

#[test]
fn it_is_asked_about_ten_minutes_after_its_period() {
    let ending = Subscription { current_period_end: Some(NOW + HOUR), ..a(Active) };
    let due = Some(NOW + HOUR + 10 * MINUTE);
    assert_eq!(ending.next_check(GRACE, at(NOW)), due);
    let a_second_before = at(NOW + HOUR + 10 * MINUTE - 1);
    assert_eq!(ending.next_check(GRACE, a_second_before), due);
}

#[test]
fn it_is_asked_about_when_pro_ends() {
    let ending = Subscription { cancel_at: Some(NOW + 2 * HOUR), ..a(Active) };
    assert_eq!(ending.next_check(GRACE, at(NOW)), Some(NOW + 2 * HOUR));
    let late = past_due_since(NOW + HOUR - 3 * DAY);
    assert_eq!(late.next_check(GRACE, at(NOW)), Some(NOW + HOUR));
}

#[test]
fn one_that_is_overdue_is_asked_about_every_hour_for_a_day() {
    let renewed = Subscription { current_period_end: Some(NOW - 10 * MINUTE), ..a(Active) };
    let ended = Subscription { cancel_at: Some(NOW), ..a(Active) };
    for overdue in [renewed, ended, past_due_since(NOW - 3 * DAY)] {
        assert_eq!(overdue.next_check(GRACE, at(NOW)), Some(NOW + HOUR), "{overdue:?}");
        let (soon, late) = (at(NOW + DAY - 1), at(NOW + DAY));
        assert_eq!(overdue.next_check(GRACE, soon), Some(NOW + DAY - 1 + HOUR), "{overdue:?}");
        assert_eq!(overdue.next_check(GRACE, late), Some(NOW + 2 * DAY), "{overdue:?}");
    }
}

#[test]
fn a_first_payment_is_waited_for_by_the_hour_and_all_else_by_the_day() {
    for status in every_status().into_iter().filter(|status| !status.is_final()) {
        let waits = if status == Incomplete { HOUR } else { DAY };
        let period = Subscription { past_due_since: Some(NOW), ..a(status) };
        let no_period = Subscription { current_period_end: None, ..period.clone() };
        for subscription in [period, no_period] {
            assert_eq!(subscription.next_check(GRACE, at(NOW)), Some(NOW + waits));
        }
    }
}

#[test]
fn news_within_an_hour_do_not_move_the_day() {
    let began = Subscription { created: NOW - 10 * DAY + 7 * MINUTE, ..a(Active) };
    let due = |after| began.next_check(GRACE, at(NOW + after));
    assert_eq!(due(0), Some(NOW + DAY - 53 * MINUTE));
    assert_eq!(due(7 * MINUTE - 1), due(0));
    assert_eq!(due(7 * MINUTE), Some(NOW + DAY + 7 * MINUTE));
    assert_eq!(due(HOUR + 7 * MINUTE - 1), due(7 * MINUTE));
}

/// With ids that go up.
fn numbered(subscriptions: Vec<Subscription>) -> Vec<Subscription> {
    let all = subscriptions.into_iter().enumerate();
    all.map(|(n, one)| Subscription { id: format!("sub_{n:02}").parse().unwrap(), ..one }).collect()
}

/// Asserts that each of the subscriptions counts more than all that come after it.
fn ranked(subscriptions: Vec<Subscription>) {
    let mut left = numbered(subscriptions);
    while !left.is_empty() {
        let decides = deciding(left.iter().rev().cloned(), GRACE, at(NOW));
        assert_eq!(decides, Some(left.remove(0)));
    }
    assert_eq!(deciding(left, GRACE, at(NOW)), None);
}

#[test]
fn the_one_that_is_pro_longest_counts_then_one_that_lives_then_the_latest() {
    let old = |status| Subscription { created: NOW - 300 * DAY, ..a(status) };
    ranked(vec![
        a(Active),
        old(Trialing),
        Subscription { cancel_at_period_end: true, ..old(Active) },
        Subscription { cancel_at: Some(NOW + 4 * DAY), ..old(Active) },
        past_due_since(NOW),
        past_due_since(NOW - 2 * DAY),
        // Its grace is over.
        past_due_since(NOW - 3 * DAY),
        Subscription { created: NOW - 11 * DAY, ..a(Incomplete) },
        old(Unpaid),
        a(Canceled),
        Subscription { created: NOW - 11 * DAY, ..a(IncompleteExpired) },
        old(Canceled),
    ]);
}

#[test]
fn an_end_that_lies_far_back_counts_no_less_than_one_that_is_near() {
    let over = |ended| Subscription { cancel_at: Some(ended), ..a(Active) };
    let older = Subscription { created: NOW - 11 * DAY, ..over(NOW) };
    ranked(vec![over(NOW - 9 * DAY), older]);
}

fn checkout(lasts: i64) -> Checkout {
    Checkout {
        id: "cs_1".parse().unwrap(),
        url: "https://checkout.stripe.com/c/pay/cs_1".to_owned(),
        price: "price_pro".to_owned(),
        created: NOW,
        expires: NOW + lasts,
    }
}

#[test]
fn a_checkout_is_asked_about_every_hour_and_ten_minutes_after_its_end() {
    let next_check = |now| checkout(DAY).next_check(at(now));
    let ended = NOW + DAY + 10 * MINUTE;
    for now in [NOW, NOW + HOUR - 1] {
        assert_eq!(next_check(now), Some(NOW + HOUR));
    }
    assert_eq!(next_check(NOW + HOUR), Some(NOW + 2 * HOUR));
    assert_eq!(next_check(ended - HOUR + 1), Some(ended));
    assert_eq!(next_check(ended - 1), Some(ended));
    assert_eq!(next_check(ended), None);
}
