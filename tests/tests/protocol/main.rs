//! A model of a message's way, checked exhaustively: every order of every step of everybody, with
//! things that go wrong at every point, up to a bound on how many.
//!
//! There is a user who sends and deletes, a chatroom function that may die between the table and the
//! queue, a user function that may die between an account's rooms and the account, SQS with its message
//! groups, two workers, the model of Gemini, and the sweeper. A step is what nothing can come between: a
//! transaction, a read, a call of SQS. [`client`], [`leaving`], [`sqs`], [`worker`], [`sweeper`] and
//! [`store`] name the code that they stand for, [`invariants`] what is promised.
//! `tests/src/chaos` holds the running backend to the same promises, at random; here it is small and
//! complete. A change of that code is a change of this model.
//!
//! [`holds`] shows that the promises are kept, in eleven configurations of 2,767 to 152,167 states, 678,858
//! altogether (each test names its own); [`breaks`] takes away one protection after the other, and
//! shows that the model notices.
//!
//! What it takes for granted: DynamoDB's transactions are atomic and its reads of tables consistent;
//! the index of pending questions has caught up with what is two minutes old; a message's id tells
//! when it was sent, so the clocks of two functions differ by less than it takes a client to get its
//! 202 and to send again; no room has more unqueued questions than the worker reads (some 600).

mod breaks;
mod client;
mod endless;
mod holds;
mod invariants;
mod leaving;
mod protocol;
mod sqs;
mod state;
mod store;
mod sweeper;
mod worker;
