//! What there is at one moment: the tables, the queue, and who is in the middle of what.

/// A day, counted from the one on which the model begins.
pub(crate) type Day = u8;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) today: Day,
    pub(crate) account: Account,
    pub(crate) rooms: Vec<Room>,
    /// In the order of their ids, which is that of sending.
    pub(crate) questions: Vec<Question>,
    /// In the order in which SQS took them.
    pub(crate) queue: Vec<Job>,
    pub(crate) workers: Vec<Worker>,
    /// What a run of the sweeper has still to do.
    pub(crate) sweep: Option<Sweep>,
    /// The deleted room that it is at, and what it has found there and is about to purge.
    pub(crate) purging: Option<(usize, Found)>,
    /// The deletion of the account, while it is under way.
    pub(crate) leaving: Option<Leaving>,
    /// How many more things may go wrong.
    pub(crate) faults: u8,
    pub(crate) witness: Witness,
}

/// What the tables can't tell afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "what was seen, each for itself")]
pub(crate) struct Witness {
    /// A question was written to a room that was not open.
    pub(crate) asked_in_closed_room: bool,
    /// A reply was.
    pub(crate) settled_in_closed_room: bool,
    /// A reply was counted in the usage of an account of which nothing was left.
    pub(crate) counted_for_nobody: bool,
    /// The model was asked a question that another worker was asking it, or had just asked.
    pub(crate) asked_twice: bool,
    /// The account went before a room that was there when its deletion began.
    pub(crate) room_outlived_account: bool,
}

/// The profile, as far as messages go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Account {
    pub(crate) life: Life,
    /// The day of the tally, and the units used on it.
    pub(crate) tally: Option<(Day, u8)>,
}

/// A room or an account: deleted leaves a tombstone, which the sweeper purges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Life {
    Open,
    Deleted,
    Purged,
}

pub(crate) type Room = Life;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) room: usize,
    pub(crate) sending: Sending,
    /// The day that its id tells.
    pub(crate) day: Day,
    /// The day whose tally it was counted in.
    pub(crate) counted_on: Day,
    /// As the table has it; none before it is accepted. It stays as it was when it is purged.
    pub(crate) status: Option<Status>,
    pub(crate) purged: bool,
    pub(crate) replies: u8,
    /// How many of them are purged.
    pub(crate) replies_purged: u8,
    /// Failed attempts.
    pub(crate) attempts: u8,
    /// The questions (a bit each) whose 202 had come before this one was sent.
    pub(crate) after: u8,
}

/// How far the chatroom function has come with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sending {
    /// It has its id.
    Made,
    /// Its transaction is written, its job not sent.
    Stored,
    /// Answered with 202.
    Told,
    /// Answered with 202; its job is on its way to SQS, though nobody waits for it any more.
    ToldJobDelayed,
    /// Accepted, but the client was not told so: it saw a 503, or no answer.
    Untold,
    /// Refused.
    Refused,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Pending,
    Answered,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Job {
    pub(crate) question: usize,
    pub(crate) receives: u8,
    pub(crate) held: Held,
}

/// Whether SQS would hand a job out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Held {
    Visible,
    /// In flight, with this worker.
    By(usize),
    /// In flight, and its worker is dead.
    ByNobody,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Worker {
    Idle,
    /// With jobs of one room, and where among them.
    Busy {
        batch: Vec<Record>,
        at: usize,
        step: Step,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) question: usize,
    pub(crate) settled: bool,
}

/// What a worker does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Step {
    /// Read the room and its history, and put a question to the model.
    Look,
    /// Count a vain attempt.
    Count(usize),
    /// Write the settling transaction.
    Write(usize, Settling),
    /// Delete what is settled from the queue, and give the rest back.
    Report,
}

/// Which transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Settling {
    Answer,
    Apology,
    /// The second try, after only the refund was refused.
    ApologyWithoutRefund,
}

/// Messages of a room: questions, and those that have replies (a bit for each question).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Found {
    pub(crate) questions: u8,
    pub(crate) replies: u8,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sweep {
    pub(crate) left: Vec<usize>,
    /// How many of them, the first, are to be given up.
    pub(crate) old: usize,
    /// The first is at its second try.
    pub(crate) without_refund: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Leaving {
    /// The rooms that go before the account.
    pub(crate) rooms: Vec<usize>,
    /// Rooms (a bit each) that were opened too late for that.
    pub(crate) late: u8,
}

impl Worker {
    /// The question that it has put to the model.
    pub(crate) fn asks(&self) -> Option<usize> {
        match self {
            Self::Busy { step: Step::Count(question) | Step::Write(question, _), .. } => {
                Some(*question)
            }
            _ => None,
        }
    }
}

impl Question {
    pub(crate) fn is_pending(&self) -> bool {
        self.status == Some(Status::Pending) && !self.purged
    }

    pub(crate) fn is_settled(&self) -> bool {
        matches!(self.status, Some(Status::Answered | Status::Failed))
    }
}

impl State {
    pub(crate) fn room_of(&self, question: usize) -> Room {
        self.rooms[self.questions[question].room]
    }

    pub(crate) fn is_open(&self, question: usize) -> bool {
        self.room_of(question) == Life::Open
    }

    pub(crate) fn pending(&self) -> impl Iterator<Item = usize> {
        (0..self.questions.len()).filter(|&question| self.questions[question].is_pending())
    }

    /// `SendMessage`. What SQS drops because it was sent within five minutes of the first time is as
    /// if it had not been sent: nothing relies on it.
    pub(crate) fn enqueue(&mut self, question: usize) {
        self.queue.push(Job { question, receives: 0, held: Held::Visible });
    }

    /// It is in the queue, with a worker or not, or on its way there.
    pub(crate) fn has_job(&self, question: usize) -> bool {
        let sending = self.questions[question].sending;
        matches!(sending, Sending::Stored | Sending::ToldJobDelayed)
            || self.queue.iter().any(|job| job.question == question)
    }
}
