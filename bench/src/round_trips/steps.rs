//! Calls one after the other, and calls side by side.

use std::time::Instant;

use super::calls::Call;

/// The calls, step by step: each step holds those that were under way side by side. There are as many
/// steps as there are calls in the longest chain in which each begins when the one before has ended.
pub(super) fn steps(calls: Vec<Call>) -> Vec<Vec<Call>> {
    let ends = chain(calls.iter().map(|call| (call.began, call.ended)).collect());
    let mut steps = vec![Vec::new(); ends.len()];
    for call in calls {
        // Not the last of the chain has ended: else it would be in the chain, too.
        let step = ends.iter().filter(|end| **end <= call.began).count();
        steps[step].push(call);
    }
    steps
}

/// When each call of such a chain ended: the call that ends first, of those that began later the one that
/// ends first, and so on. No other chain is longer, as each of its calls ends no earlier than the one that
/// stands here in its place.
fn chain(mut calls: Vec<(Instant, Instant)>) -> Vec<Instant> {
    calls.sort_unstable_by_key(|(_, ended)| *ended);
    let mut ends: Vec<Instant> = Vec::new();
    for (began, ended) in calls {
        if ends.last().is_none_or(|last| *last <= began) {
            ends.push(ended);
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{
        super::calls::{Said, Server},
        *,
    };

    /// The names of the calls of each step. A call is its name, and when it begins and ends.
    fn steps_of(calls: &[(&str, u64, u64)]) -> Vec<Vec<String>> {
        let start = Instant::now();
        let at = |millis: u64| start + Duration::from_millis(millis);
        let call = |&(name, began, ended): &(&str, u64, u64)| {
            let said = Said { operation: name.to_owned(), ..Said::default() };
            Call { server: Server::DynamoDb, began: at(began), ended: at(ended), said }
        };
        let names = |step: Vec<Call>| step.into_iter().map(|call| call.said.operation).collect();
        steps(calls.iter().map(call).collect()).into_iter().map(names).collect()
    }

    #[test]
    fn nothing_takes_no_step() {
        assert!(steps_of(&[]).is_empty());
    }

    #[test]
    fn calls_one_after_the_other_are_a_step_each() {
        assert_eq!(steps_of(&[("a", 0, 20), ("b", 20, 40), ("c", 45, 60)]), [["a"], ["b"], ["c"]]);
    }

    #[test]
    fn calls_side_by_side_are_one_step() {
        assert_eq!(steps_of(&[("a", 0, 20), ("b", 1, 21), ("c", 19, 40)]), [["a", "b", "c"]]);
    }

    #[test]
    fn a_long_call_beside_two_short_ones_makes_no_third_step() {
        assert_eq!(
            steps_of(&[("long", 0, 50), ("a", 1, 20), ("b", 20, 40)]),
            [vec!["long", "a"], vec!["b"]]
        );
    }

    #[test]
    fn chains_side_by_side_count_as_the_longer_of_them() {
        let calls = [("a1", 0, 20), ("b1", 2, 22), ("a2", 21, 41), ("b2", 23, 43), ("b3", 44, 60)];
        assert_eq!(steps_of(&calls), [vec!["a1", "b1"], vec!["a2", "b2"], vec!["b3"]]);
    }

    #[test]
    fn the_order_in_which_calls_are_noted_makes_no_difference() {
        assert_eq!(steps_of(&[("b", 20, 40), ("a", 0, 20)]), [["a"], ["b"]]);
    }
}
