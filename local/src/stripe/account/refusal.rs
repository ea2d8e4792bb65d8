//! Why an order is not followed.

/// An order that the stand-in can't follow. Nothing changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such object.
    #[error("there is no {what} {id}")]
    Unknown {
        /// What kind of object.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The object is in a state in which this can't happen to it.
    #[error("{verb} is not possible: the {what} is {state}")]
    Illegal {
        /// What kind of object.
        what: &'static str,
        /// What was to happen to it.
        verb: String,
        /// The state that it is in.
        state: String,
    },
    /// The order itself makes no sense.
    #[error("{0}")]
    Bad(String),
}

impl Refusal {
    pub(crate) fn unknown(what: &'static str, id: &str) -> Self {
        Self::Unknown { what, id: id.to_owned() }
    }

    pub(crate) fn illegal(what: &'static str, verb: &str, state: impl Into<String>) -> Self {
        Self::Illegal { what, verb: verb.to_owned(), state: state.into() }
    }
}
