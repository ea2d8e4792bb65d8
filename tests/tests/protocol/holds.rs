//! The promises are kept.

use stateright::{Checker, HasDiscoveries, Model};

use crate::{
    endless,
    invariants::{ALL_ANSWERED, DELETED, FAILED, LATE, REFUSED, STAYED, VAIN},
    protocol::{Keeps, Protocol},
};

/// Two questions in a room, and nothing goes wrong.
pub(crate) const PLAIN: Protocol = Protocol {
    questions: &[0, 0],
    patient: false,
    limit: 3,
    workers: 2,
    faults: 0,
    attempts: 1,
    fails: false,
    receives: 4,
    midnight: false,
    deletes_room: false,
    deletes_account: false,
    gives_up: false,
    keeps: Keeps::ALL,
};

/// Goes through all states: so many, in which the promises are kept, and `seen` is seen.
fn holds(protocol: &Protocol, states: usize, seen: &[&str]) {
    let checked = protocol.clone().checker();
    let checked = checked.finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    for (promise, path) in checked.discoveries() {
        let steps = path.into_actions();
        assert!(seen.contains(&promise), "{promise}: {steps:#?}");
    }
    assert_eq!(checked.discoveries().len(), seen.len(), "of {seen:?}");
    assert_eq!(checked.unique_state_count(), states);
    assert_eq!(endless::cycle(protocol), None);
}

#[test]
fn while_nothing_goes_wrong() {
    let three = Protocol { questions: &[0, 0, 0], limit: 2, attempts: 2, fails: true, ..PLAIN };
    holds(&three, 24_734, &[FAILED, REFUSED]);
}

#[test]
fn if_one_thing_goes_wrong() {
    let one = Protocol { faults: 1, attempts: 2, fails: true, ..PLAIN };
    holds(&one, 54_004, &[ALL_ANSWERED, FAILED]);
}

#[test]
fn if_two_things_go_wrong() {
    holds(&Protocol { faults: 2, ..PLAIN }, 60_334, &[ALL_ANSWERED]);
}

#[test]
fn if_three_questions_are_sent_and_one_thing_goes_wrong() {
    let three = Protocol { questions: &[0, 0, 0], patient: true, faults: 1, ..PLAIN };
    holds(&three, 8_119, &[ALL_ANSWERED]);
}

#[test]
fn if_jobs_become_dead_letters() {
    let impatient = Protocol { receives: 1, attempts: 3, ..PLAIN };
    holds(&impatient, 4_352, &[ALL_ANSWERED, FAILED]);
}

#[test]
fn over_midnight() {
    let midnight =
        Protocol { limit: 1, faults: 1, fails: true, midnight: true, gives_up: true, ..PLAIN };
    holds(&midnight, 16_145, &[ALL_ANSWERED, FAILED, REFUSED]);
}

#[test]
fn if_the_room_is_deleted() {
    let deleted = Protocol { faults: 1, fails: true, deletes_room: true, ..PLAIN };
    holds(&deleted, 129_111, &[ALL_ANSWERED, FAILED, DELETED, VAIN, REFUSED]);
}

#[test]
fn if_the_account_is_deleted() {
    let deleted = Protocol { faults: 1, deletes_account: true, gives_up: true, ..PLAIN };
    holds(&deleted, 152_167, &[ALL_ANSWERED, FAILED, DELETED, VAIN, REFUSED, LATE, STAYED]);
}

#[test]
fn if_an_account_with_two_rooms_is_deleted() {
    let rooms = Protocol { questions: &[0, 1], patient: true, workers: 1, ..PLAIN };
    let deleted = Protocol { faults: 1, deletes_account: true, ..rooms };
    holds(&deleted, 143_844, &[ALL_ANSWERED, DELETED, VAIN, REFUSED, LATE, STAYED]);
}

#[test]
fn if_a_room_is_deleted_while_its_account_is() {
    let deleted = Protocol { deletes_account: true, deletes_room: true, gives_up: true, ..PLAIN };
    let deleted = Protocol { patient: true, workers: 1, faults: 1, ..deleted };
    holds(&deleted, 83_281, &[ALL_ANSWERED, FAILED, DELETED, VAIN, REFUSED, LATE]);
}

#[test]
fn in_two_rooms_side_by_side() {
    let rooms = Protocol { questions: &[0, 1], limit: 1, faults: 1, fails: true, ..PLAIN };
    holds(&rooms, 2_767, &[FAILED, REFUSED]);
}
