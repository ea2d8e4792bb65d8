//! The user.

use jiff::Timestamp;

use super::{MobileNumber, Role, Tally, Tier, UserId};

/// A user's account, as its owner sees it.
#[derive(Debug, Clone)]
pub struct User {
    /// Who it is.
    pub id: UserId,
    /// The number that signs in.
    pub mobile_number: MobileNumber,
    /// As given at signup or later.
    pub full_name: Option<String>,
    /// As given at signup or later.
    pub email: Option<String>,
    /// What they pay for.
    pub tier: Tier,
    /// What they may do besides; most have none.
    pub role: Option<Role>,
    /// The daily quota's use; `None` before the first message.
    pub tally: Option<Tally>,
    /// The message that was counted last: tells whether a read saw a given send.
    pub last_counted: Option<super::MessageId>,
    /// Whether a code sent to the number was given back.
    pub verified: bool,
}

impl User {
    /// When the account was opened.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.id.created_at()
    }
}

/// Who an access token speaks for.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// The session that the token was issued in.
    pub session_id: super::SessionId,
    /// The user's session generation at that time: writes are refused once it has moved on.
    pub generation: u64,
    /// The tier at that time: a hint, never a permission.
    pub tier_hint: Tier,
    /// The role at that time. What asks for one asks the profile as well: it may be gone.
    pub role_hint: Option<Role>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Ids;

    #[test]
    fn an_account_was_opened_when_its_id_was_made() {
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let user = User {
            id: Ids::default().next(now),
            mobile_number: MobileNumber::parse("+14155550123").unwrap(),
            full_name: None,
            email: None,
            tier: Tier::Basic,
            role: None,
            tally: None,
            last_counted: None,
            verified: false,
        };
        assert_eq!(user.created_at(), now);
    }
}
