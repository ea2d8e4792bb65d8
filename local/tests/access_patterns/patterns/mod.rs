//! Every method of the store, called once in a state that is worth measuring.

mod accounts;
mod chatrooms;
mod messages;
mod purge;
mod sign_in;

use crate::proxy::Call;

/// One row: a method of the store, called in one state.
#[derive(Debug)]
pub(crate) struct Row {
    /// The access pattern in words.
    pub(crate) pattern: &'static str,
    /// The method's name.
    pub(crate) method: &'static str,
    /// What it asked DynamoDB for.
    pub(crate) calls: Vec<Call>,
}

/// Rows that belong together.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// All rows.
pub(crate) async fn measure() -> Vec<Group> {
    vec![
        Group { title: "Accounts", rows: accounts::rows().await },
        Group { title: "Sign-in", rows: sign_in::rows().await },
        Group { title: "Chatrooms", rows: chatrooms::rows().await },
        Group { title: "Messages", rows: messages::rows().await },
        Group { title: "Purging", rows: purge::rows().await },
    ]
}

/// Calls a method of a world's store, and expects that it does what it is for.
macro_rules! row {
    (
        $pattern:literal,
        $world:ident.$method:ident($($argument:expr),*) => $outcome:pat $(if $and:expr)?
    ) => {{
        drop($world.proxy.take_calls());
        let outcome = $world.store.$method($($argument),*).await;
        let calls = $world.proxy.take_calls();
        let done = matches!(&outcome, Ok($outcome) $(if $and)?);
        assert!(done, "{} did not do what it is measured for: {outcome:?}", stringify!($method));
        Row { pattern: $pattern, method: stringify!($method), calls }
    }};
}

use row;
