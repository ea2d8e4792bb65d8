//! The user function, where an account is deleted: `functions/user/src/me.rs`, `delete_rooms_of` of
//! `shared/src/store/purge.rs`, `delete_account` of `shared/src/store/accounts.rs`.
//!
//! The rooms go first, side by side, then the account. What was opened meanwhile is deleted last, by the
//! function or by the sweeper, which comes to the same: [`Action::DeleteRoomOfNobody`]. Whoever was told
//! that it failed may try again.

use crate::{
    protocol::{Action, Protocol, Store},
    state::{Leaving, Life, State},
};

impl Protocol {
    pub(crate) fn of_leaver(&self, state: &State, actions: &mut Vec<Action>) {
        let Some(leaving) = &state.leaving else {
            if self.deletes_account && state.account.life == Life::Open {
                actions.extend(late_rooms(state).map(|late| Action::DeleteAccount { late }));
            }
            return;
        };
        let all = [Store::Done, Store::Lost, Store::Failed];
        if leaving.rooms.is_empty() {
            actions.extend(all.map(Action::LeaveAccount));
        }
        for &room in &leaving.rooms {
            actions.extend(all.map(|store| Action::LeaveRoom(room, store)));
        }
        actions.push(Action::LeaverDies);
    }

    /// It lists the open rooms. Those of `late` are opened after that.
    pub(crate) fn leave(&self, state: &mut State, late: u8) {
        let listed = (0..state.rooms.len())
            .filter(|&room| state.rooms[room] == Life::Open && late & 1 << room == 0);
        let rooms = if self.keeps.rooms_before_account { listed.collect() } else { Vec::new() };
        state.leaving = Some(Leaving { rooms, late });
    }

    /// `delete_chatroom`. The first call that fails ends it all, with a 503.
    pub(crate) fn leave_room(state: &mut State, room: usize, store: Store) {
        if store != Store::Failed && state.rooms[room] == Life::Open {
            state.rooms[room] = Life::Deleted;
        }
        match &mut state.leaving {
            Some(leaving) if store == Store::Done => leaving.rooms.retain(|&left| left != room),
            _ => state.leaving = None,
        }
    }

    pub(crate) fn leave_account(state: &mut State, store: Store) {
        let Some(Leaving { late, .. }) = state.leaving.take() else { return };
        if store != Store::Failed {
            state.account.life = Life::Deleted;
            let mut open = (0..state.rooms.len()).filter(|&room| state.rooms[room] == Life::Open);
            state.witness.room_outlived_account |= open.any(|room| late & 1 << room == 0);
        }
    }
}

/// All sets of rooms, a bit each, that may be opened only after the others were listed: there is nothing
/// in them yet.
fn late_rooms(state: &State) -> impl Iterator<Item = u8> {
    let used = state.questions.iter().fold(0, |bits, asked| bits | 1 << asked.room);
    (0..1 << state.rooms.len()).filter(move |late| late & used == 0)
}
