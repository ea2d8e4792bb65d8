//! What holds for any subscriptions at all.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;

/// Times that lie close together, and at and around the bounds of every rule.
fn time() -> impl Strategy<Value = i64> {
    let bounds = [0, 10 * MINUTE, HOUR, DAY, 3 * DAY, 40 * DAY];
    (select(bounds.to_vec()), -1..=1_i64, any::<bool>())
        .prop_map(|(bound, by, later)| NOW + if later { bound } else { -bound } + by)
}

prop_compose! {
    fn subscription()(
        status in select(every_status().to_vec()),
        created in time(),
        current_period_end in option::of(time()),
        cancel_at in option::of(time()),
        cancel_at_period_end in any::<bool>(),
        past_due_since in option::of(time()),
    ) -> Subscription {
        Subscription {
            created, current_period_end, cancel_at, cancel_at_period_end, past_due_since, ..a(status)
        }
    }
}

/// Some of one customer's, in two orders.
fn shuffled() -> impl Strategy<Value = (Vec<Subscription>, Vec<Subscription>)> {
    vec(subscription(), 0..8).prop_flat_map(|all| {
        let all = numbered(all);
        (Just(all.clone()), Just(all).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn any_status_keeps_its_spelling(name in ".{0,40}") {
        prop_assert_eq!(String::from(SubscriptionStatus::from(name.clone())), name);
    }

    #[test]
    fn one_that_lives_is_asked_about_within_a_day_and_never_in_the_past(
        subscription in subscription(),
    ) {
        let next = subscription.next_check(GRACE, at(NOW));
        prop_assert_eq!(next.is_none(), subscription.status.is_final());
        let Some(next) = next else { return Ok(()) };
        prop_assert!(NOW < next && next <= NOW + DAY);
        let after_period = subscription.current_period_end.map(|end| end + 10 * MINUTE);
        for change in [after_period, subscription.entitlement(GRACE).until].into_iter().flatten() {
            let seen = match change {
                ahead if ahead > NOW => ahead,
                overdue if overdue > NOW - DAY => NOW + HOUR,
                _ => NOW + DAY,
            };
            prop_assert!(next <= seen, "a change at {change} is seen at {next}");
        }
    }

    #[test]
    fn being_seen_again_changes_nothing(
        known in option::of(subscription()),
        said in subscription(),
        later in 1..40 * DAY,
    ) {
        let seen = said.clone().seen_after(known.as_ref(), at(NOW));
        prop_assert_eq!(seen.past_due_since.is_some(), said.status == PastDue);
        prop_assert_eq!(said.seen_after(Some(&seen), at(NOW + later)), seen);
    }

    #[test]
    fn the_order_of_the_list_decides_nothing((one, other) in shuffled()) {
        let decides = deciding(one.clone(), GRACE, at(NOW));
        prop_assert_eq!(decides.is_none(), one.is_empty());
        prop_assert_eq!(deciding(other, GRACE, at(NOW)), decides);
    }

    #[test]
    fn nothing_counts_more_than_the_one_that_decides((all, _) in shuffled()) {
        let Some(decides) = deciding(all.clone(), GRACE, at(NOW)) else { return Ok(()) };
        let entitled = |one: &Subscription| one.entitlement(GRACE).tier_at(at(NOW)) == Tier::Pro;
        let until = |one: &Subscription| one.entitlement(GRACE).until.unwrap_or(i64::MAX);
        let lives = |one: &Subscription| !one.status.is_final();
        for other in &all {
            if entitled(&decides) {
                prop_assert!(!entitled(other) || until(other) <= until(&decides), "{other:?}");
            } else if lives(&decides) {
                prop_assert!(!entitled(other), "{other:?}");
                prop_assert!(!lives(other) || other.created <= decides.created, "{other:?}");
            } else {
                prop_assert!(!entitled(other) && !lives(other), "{other:?}");
                prop_assert!(other.created <= decides.created, "{other:?}");
            }
        }
    }

    #[test]
    fn a_checkout_is_looked_after_until_it_can_not_be_paid_any_more(
        lasts in 30 * MINUTE..=DAY,
        passed in 0..2 * DAY,
    ) {
        let next = checkout(lasts).next_check(at(NOW + passed));
        let soon = NOW + passed + 1..=NOW + passed + HOUR;
        prop_assert!(next.is_none_or(|next| soon.contains(&next)));
        prop_assert_eq!(next.is_some(), passed < lasts + 10 * MINUTE);
    }
}
