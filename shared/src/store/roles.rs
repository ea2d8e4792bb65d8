//! Roles: an attribute of the profile that no request sets.

use serde::Deserialize;

use super::{
    Store, StoreError, corrupt,
    keys::{self, s},
    live::is_live,
    write::{Outcome, Write, names},
};
use crate::domain::{Caller, Role, UserId};

/// What a strongly consistent read says of a caller and a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// The account has the role.
    Held,
    /// It hasn't, or no longer.
    NotHeld,
    /// The account is gone, or the caller's session has ended.
    Ended,
}

impl Store {
    /// Gives an account a role, or takes it away. `false` if there is no such account, its number
    /// was never verified (anybody may have signed up with it), or it was deleted. Access tokens
    /// learn of it at the next refresh. One round trip.
    pub async fn set_role(&self, user: UserId, role: Option<Role>) -> Result<bool, StoreError> {
        let profile = keys::profile(user);
        let write = match role {
            Some(role) => Write::update(&self.tables.users, profile, "SET #role = :role")
                .value(":role", s(role.as_str())),
            None => Write::update(&self.tables.users, profile, "REMOVE #role"),
        }
        .only_if("attribute_exists(verified_at) AND attribute_not_exists(deleted_at)");
        Ok(matches!(self.update(write).await?, Outcome::Done(_)))
    }

    /// Whether a caller has `role` at this moment, whatever their token says. One round trip.
    pub async fn standing(&self, caller: &Caller, role: Role) -> Result<Standing, StoreError> {
        const PROJECTION: &str =
            "pk, #role, session_generation, kept_session, ended_sessions, deleted_at";
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .set_key(Some(keys::profile(caller.user_id)))
            .projection_expression(PROJECTION)
            .set_expression_attribute_names(names(&[PROJECTION]))
            .consistent_read(true)
            .send()
            .await?;
        let Some(profile) = answer.item.filter(|profile| is_live(profile, caller)) else {
            return Ok(Standing::Ended);
        };
        let held: Held = serde_dynamo::from_item(profile).map_err(corrupt)?;
        Ok(if held.role == Some(role) { Standing::Held } else { Standing::NotHeld })
    }
}

#[derive(Deserialize)]
struct Held {
    #[serde(default, deserialize_with = "Role::known")]
    role: Option<Role>,
}
