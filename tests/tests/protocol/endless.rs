//! Whether something could go on for ever: a cycle among the states.

use std::collections::HashMap;

use stateright::Model;

use crate::{protocol::Protocol, state::State};

enum Seen {
    OnPath,
    Done,
}

/// A state that leads to itself. Without one, every path ends, so that what holds at each end
/// ([`crate::invariants::AT_REST`]) is what everything comes to.
pub(crate) fn cycle(model: &Protocol) -> Option<State> {
    let mut seen = HashMap::new();
    let mut path: Vec<(State, Vec<State>)> = Vec::new();
    let mut next = model.init_states();
    loop {
        match next.pop() {
            Some(state) => match seen.get(&state) {
                Some(Seen::OnPath) => return Some(state),
                Some(Seen::Done) => {}
                None => {
                    seen.insert(state.clone(), Seen::OnPath);
                    let after = model.next_states(&state);
                    path.push((state, std::mem::replace(&mut next, after)));
                }
            },
            None => match path.pop() {
                Some((state, rest)) => {
                    seen.insert(state, Seen::Done);
                    next = rest;
                }
                None => return None,
            },
        }
    }
}
