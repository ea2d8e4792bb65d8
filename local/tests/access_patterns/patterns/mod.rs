//! Every method of the store, called once in a state that is worth measuring.

mod accounts;
mod billing;
mod chatrooms;
mod checkouts;
mod messages;
mod purge;
mod sign_in;
mod tables;

use crate::{
    proxy::Call,
    source::{functions_that_call, functions_that_say},
};

/// One row: a method of the store, called in one state.
#[derive(Debug)]
pub(crate) struct Row {
    /// The access pattern in words.
    pub(crate) pattern: &'static str,
    /// The method's name.
    pub(crate) method: &'static str,
    /// What it asked DynamoDB for.
    pub(crate) calls: Vec<Call>,
    /// What the source of a function says that brings the method into this state; nothing, if all
    /// that call it do.
    only_where: Option<&'static str>,
}

impl Row {
    /// A row for those functions alone whose source says this.
    fn only_where(self, text: &'static str) -> Self {
        Self { only_where: Some(text), ..self }
    }

    /// The functions that call the method in this state.
    pub(crate) fn used_by(&self) -> Vec<String> {
        let mut functions = functions_that_call(self.method);
        if let Some(text) = self.only_where {
            let saying = functions_that_say(text);
            functions.retain(|function| saying.contains(function));
        }
        functions
    }
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
        Group { title: "Subscriptions", rows: billing::rows().await },
        Group { title: "Checkouts", rows: checkouts::rows().await },
        Group { title: "Purging", rows: purge::rows().await },
        Group { title: "The tables themselves", rows: tables::rows().await },
    ]
}

/// Calls a method of a world's store, and expects that it does what it is for, if it tells.
macro_rules! row {
    ($pattern:literal, $world:ident.$method:ident()) => {{
        drop($world.proxy.take_calls());
        $world.store.$method().await;
        let calls = $world.proxy.take_calls();
        Row { pattern: $pattern, method: stringify!($method), calls, only_where: None }
    }};
    (
        $pattern:literal,
        $world:ident.$method:ident($($argument:expr),*) => $outcome:pat $(if $and:expr)?
    ) => {{
        drop($world.proxy.take_calls());
        let outcome = $world.store.$method($($argument),*).await;
        let calls = $world.proxy.take_calls();
        let done = matches!(&outcome, Ok($outcome) $(if $and)?);
        assert!(done, "{} did not do what it is measured for: {outcome:?}", stringify!($method));
        Row { pattern: $pattern, method: stringify!($method), calls, only_where: None }
    }};
}

use row;
