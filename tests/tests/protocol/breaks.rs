//! The model can fail: without one protection or another, a promise is broken.

use stateright::{Checker, HasDiscoveries, Model};

use crate::{
    endless,
    holds::PLAIN,
    invariants::{
        ASKED_ONCE, AT_REST, COUNTED, GONE, LIMIT, ONE_REPLY, OPEN_ROOM, ORDER, PURGED, UNITS,
    },
    protocol::{Keeps, Protocol},
};

const ALL: Keeps = Keeps::ALL;

/// Whether this promise is broken.
fn breaks(protocol: Protocol, promise: &'static str) -> bool {
    let checked = protocol.checker().finish_when(HasDiscoveries::AnyOf([promise].into()));
    checked.spawn_bfs().join().discovery(promise).is_some()
}

#[test]
fn every_protection_is_needed() {
    let deletes = Protocol { deletes_room: true, ..PLAIN };
    let midnight = Protocol { midnight: true, fails: true, ..PLAIN };
    let faulty = Protocol { faults: 1, ..PLAIN };
    let table = [
        (Keeps { open_room_to_accept: false, ..ALL }, &deletes, OPEN_ROOM),
        (Keeps { purge_until_none_is_found: false, ..ALL }, &deletes, PURGED),
        (Keeps { limit: false, ..ALL }, &Protocol { limit: 1, ..PLAIN }, LIMIT),
        (Keeps { id_of_the_day_counted: false, ..ALL }, &midnight, UNITS),
        (Keeps { day_to_refund: false, ..ALL }, &midnight, UNITS),
        (Keeps { request_token: false, ..ALL }, &faulty, UNITS),
        (Keeps { pending_to_settle: false, ..ALL }, &faulty, ONE_REPLY),
        (Keeps { earlier_first: false, ..ALL }, &faulty, ORDER),
        (Keeps { sweeper: false, ..ALL }, &faulty, AT_REST),
        (
            Keeps { sweeper_stops: false, ..ALL },
            &Protocol { faults: 2, gives_up: true, ..PLAIN },
            ORDER,
        ),
        (Keeps { group_lock: false, ..ALL }, &PLAIN, ASKED_ONCE),
        (
            Keeps { rooms_before_account: false, ..ALL },
            &Protocol { deletes_account: true, ..PLAIN },
            GONE,
        ),
        (
            Keeps { rooms_purged_before_account: false, ..ALL },
            &Protocol { deletes_account: true, ..PLAIN },
            COUNTED,
        ),
    ];
    for (keeps, protocol, promise) in table {
        assert!(!breaks(protocol.clone(), promise), "{promise} can't be kept");
        assert!(breaks(Protocol { keeps, ..protocol.clone() }, promise), "{keeps:#?}");
    }
}

#[test]
fn a_refund_that_is_refused_would_be_tried_for_ever() {
    let keeps = Keeps { second_try_without_refund: false, ..ALL };
    let midnight = Protocol { midnight: true, fails: true, keeps, ..PLAIN };
    assert!(endless::cycle(&midnight).is_some());
}

/// While nothing goes wrong, the queue alone keeps the order: by the group's lock, and since a room
/// waits for what is put off. Earlier questions first keeps it without either.
#[test]
fn the_order_has_two_guards() {
    let unlocked = Keeps { group_lock: false, ..ALL };
    let overtaking = Keeps { room_waits: false, ..ALL };
    let retries = Protocol { attempts: 2, ..PLAIN };
    for (keeps, is_broken) in [(ALL, false), (unlocked, true), (overtaking, true)] {
        let by_queue = Protocol { keeps: Keeps { earlier_first: false, ..keeps }, ..retries };
        assert_eq!(breaks(by_queue, ORDER), is_broken, "{keeps:#?}");
        let by_itself = Protocol { faults: 1, keeps, ..PLAIN };
        assert!(!breaks(by_itself, ORDER), "{keeps:#?}");
    }
}
