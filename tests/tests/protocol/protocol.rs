//! What can happen next, and what comes of it.

use stateright::{Model, Property};

use crate::{
    client::{Answered, Queueing},
    invariants,
    state::{Account, Life, State, Witness, Worker},
    worker::Read,
};

/// A configuration: who there is, what may happen, and what is done about it.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a list of switches")]
pub(crate) struct Protocol {
    /// The rooms of the questions that the user may send, in their order.
    pub(crate) questions: &'static [usize],
    /// The user waits for each 202 before they send the next.
    pub(crate) patient: bool,
    /// Messages a day.
    pub(crate) limit: u8,
    pub(crate) workers: usize,
    /// How many things may go wrong.
    pub(crate) faults: u8,
    /// How often a question is put to the model altogether (`MOST` in `retry.rs`); 1 if it never
    /// fails in passing.
    pub(crate) attempts: u8,
    /// The model may fail for good.
    pub(crate) fails: bool,
    /// `maxReceiveCount`.
    pub(crate) receives: u8,
    pub(crate) midnight: bool,
    pub(crate) deletes_room: bool,
    pub(crate) deletes_account: bool,
    /// Questions grow so old that the sweeper gives them up.
    pub(crate) gives_up: bool,
    pub(crate) keeps: Keeps,
}

/// What is done so that nothing goes wrong. All of it, or a test takes something away.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "a list of switches")]
pub(crate) struct Keeps {
    /// `touch_room` is conditional (`store/sends.rs`).
    pub(crate) open_room_to_accept: bool,
    /// `count_message` is conditional.
    pub(crate) limit: bool,
    /// A message that is late over midnight gets an id of the day that it is counted on.
    pub(crate) id_of_the_day_counted: bool,
    /// The SDK tries a transaction again under the same client request token.
    pub(crate) request_token: bool,
    /// `flip` is conditional (`store/replies.rs`).
    pub(crate) pending_to_settle: bool,
    /// `refund` is conditional on the day.
    pub(crate) day_to_refund: bool,
    /// `fail` tries again without the refund.
    pub(crate) second_try_without_refund: bool,
    /// SQS hands out nothing of a group that is in flight.
    pub(crate) group_lock: bool,
    /// A room's records behind one that is put off are put off too (`batch.rs`).
    pub(crate) room_waits: bool,
    /// Earlier questions of the room are settled first (`reply.rs`).
    pub(crate) earlier_first: bool,
    /// There is a sweeper.
    pub(crate) sweeper: bool,
    /// It stops at a room's first failure (`requeue.rs`).
    pub(crate) sweeper_stops: bool,
    /// An account's rooms are deleted before the account (`me.rs`).
    pub(crate) rooms_before_account: bool,
    /// A room goes only after a look that finds no message in it (`store/purge.rs`).
    pub(crate) purge_until_none_is_found: bool,
    /// An account goes only after its rooms (`purge.rs`).
    pub(crate) rooms_purged_before_account: bool,
}

impl Keeps {
    pub(crate) const ALL: Self = Self {
        open_room_to_accept: true,
        limit: true,
        id_of_the_day_counted: true,
        request_token: true,
        pending_to_settle: true,
        day_to_refund: true,
        second_try_without_refund: true,
        group_lock: true,
        room_waits: true,
        earlier_first: true,
        sweeper: true,
        sweeper_stops: true,
        rooms_before_account: true,
        purge_until_none_is_found: true,
        rooms_purged_before_account: true,
    };
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    // client.rs
    Make,
    Accept(usize, Answered),
    Queue(usize, Queueing),
    Arrive(usize),
    DeleteRoom(usize),
    Midnight,
    // leaving.rs
    DeleteAccount { late: u8 },
    LeaveRoom(usize, Store),
    LeaveAccount(Store),
    LeaverDies,
    // sqs.rs
    Deliver { room: usize, count: usize },
    Reappear { room: usize },
    Expire { worker: usize },
    // worker.rs
    Look(usize, Read),
    Count(usize, Store),
    Write(usize, Store),
    Report(usize),
    Die(usize),
    // sweeper.rs
    Sweep { old: usize, needless: bool },
    SweepNext(Store),
    SweeperDies,
    DeleteRoomOfNobody(usize),
    FindMessages(usize),
    PurgeFound,
    PurgeAccount,
}

/// How a call of DynamoDB, or of SQS, goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Done,
    /// It has its effect, but all that the caller ever sees is an error. (Where a later try of the
    /// SDK brings the answer after all, the client request token makes it that of the first.)
    Lost,
    /// It has none.
    Failed,
}

impl Action {
    /// Something goes wrong: there is a bound on how often.
    pub(crate) fn is_fault(self) -> bool {
        match self {
            Self::Look(_, read) => read == Read::Failed,
            Self::Count(_, store)
            | Self::Write(_, store)
            | Self::SweepNext(store)
            | Self::LeaveRoom(_, store)
            | Self::LeaveAccount(store) => store != Store::Done,
            Self::Sweep { needless, .. } => needless,
            Self::Accept(_, answered) => answered != Answered::Done,
            Self::Queue(_, queueing) => queueing != Queueing::Done,
            Self::Expire { .. } | Self::Die(_) | Self::SweeperDies | Self::LeaverDies => true,
            _ => false,
        }
    }

    /// Nobody has to do it.
    fn is_choice(self) -> bool {
        let chosen = matches!(
            self,
            Self::Make | Self::DeleteRoom(_) | Self::DeleteAccount { .. } | Self::Midnight
        );
        chosen || self.is_fault()
    }
}

impl Protocol {
    /// Nothing happens any more of itself.
    pub(crate) fn is_at_rest(&self, state: &State) -> bool {
        let mut actions = Vec::new();
        self.actions(state, &mut actions);
        actions.into_iter().all(Action::is_choice)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let rooms = self.questions.iter().max().map_or(0, |last| last + 1);
        vec![State {
            today: 0,
            account: Account { life: Life::Open, tally: None },
            rooms: vec![Life::Open; rooms],
            purging: None,
            questions: Vec::new(),
            queue: Vec::new(),
            workers: vec![Worker::Idle; self.workers],
            sweep: None,
            leaving: None,
            faults: self.faults,
            witness: Witness::default(),
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        self.of_client(state, actions);
        self.of_leaver(state, actions);
        self.of_sqs(state, actions);
        self.of_workers(state, actions);
        self.of_sweeper(state, actions);
        if state.faults == 0 {
            actions.retain(|action| !action.is_fault());
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        state.faults -= u8::from(action.is_fault());
        match action {
            Action::Make => self.make(&mut state),
            Action::Accept(question, answered) => self.accept(&mut state, question, answered),
            Action::Queue(question, queueing) => Self::queue(&mut state, question, queueing),
            Action::Arrive(question) => Self::arrive(&mut state, question),
            Action::DeleteRoom(room) | Action::DeleteRoomOfNobody(room) => {
                state.rooms[room] = Life::Deleted;
            }
            Action::Midnight => state.today += 1,
            Action::DeleteAccount { late } => self.leave(&mut state, late),
            Action::LeaveRoom(room, store) => Self::leave_room(&mut state, room, store),
            Action::LeaveAccount(store) => Self::leave_account(&mut state, store),
            Action::LeaverDies => state.leaving = None,
            Action::Deliver { room, count } => self.deliver(&mut state, room, count),
            Action::Reappear { room } => Self::reappear(&mut state, room),
            Action::Expire { worker } => Self::expire(&mut state, worker),
            Action::Look(worker, read) => self.look(&mut state, worker, read),
            Action::Count(worker, store) => self.count(&mut state, worker, store),
            Action::Write(worker, store) => self.write(&mut state, worker, store),
            Action::Report(worker) => Self::report(&mut state, worker),
            Action::Die(worker) => Self::die(&mut state, worker),
            Action::Sweep { old, .. } => Self::sweep(&mut state, old),
            Action::SweepNext(store) => self.sweep_next(&mut state, store),
            Action::SweeperDies => state.sweep = None,
            Action::FindMessages(room) => Self::find_messages(&mut state, room),
            Action::PurgeFound => self.purge_found(&mut state),
            Action::PurgeAccount => {
                state.account = Account { life: Life::Purged, tally: None };
            }
        }
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        invariants::all()
    }
}
