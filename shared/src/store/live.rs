//! Whether a caller's session still stands: a condition on the profile, for writes that can hold it,
//! and the same read from an item.

use super::{
    Store, StoreError,
    keys::{self, Item, n, s},
    write::Write,
};
use crate::domain::Caller;

/// What [`is_live`] looks at.
const SHOWN: &str = "pk, session_generation, kept_session, ended_sessions, deleted_at";

/// The condition on a profile that a caller's session has not ended. Use with [`as_caller`].
pub(super) const LIVE: &str = "attribute_exists(pk) AND attribute_not_exists(deleted_at) \
    AND (session_generation = :generation OR kept_session = :session) \
    AND NOT contains(ended_sessions, :session)";

/// Gives [`LIVE`] its values.
pub(super) fn as_caller(write: Write, caller: &Caller) -> Write {
    write.value(":generation", n(caller.generation)).value(":session", s(caller.session_id))
}

/// Whether `profile` is one that `caller`'s session may act on: [`LIVE`], read from an item.
pub(super) fn is_live(profile: &Item, caller: &Caller) -> bool {
    profile.contains_key("pk")
        && !profile.contains_key("deleted_at")
        && (profile.get("session_generation") == Some(&n(caller.generation))
            || profile.get("kept_session") == Some(&s(caller.session_id)))
        && !ended(profile).contains(&caller.session_id.to_string())
}

impl Store {
    /// Whether the session of `caller` still stands: for what does not hold [`LIVE`] as a condition.
    /// One round trip.
    pub async fn is_signed_in(&self, caller: &Caller) -> Result<bool, StoreError> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.tables.users)
            .set_key(Some(keys::profile(caller.user_id)))
            .projection_expression(SHOWN)
            .consistent_read(true)
            .send()
            .await?;
        Ok(answer.item.is_some_and(|profile| is_live(&profile, caller)))
    }
}

fn ended(profile: &Item) -> &[String] {
    profile.get("ended_sessions").and_then(|ended| ended.as_ss().ok()).map_or(&[], Vec::as_slice)
}
