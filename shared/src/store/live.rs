//! Whether a caller's session still stands: a condition on the profile, for writes that can hold it,
//! and the same read from an item.

use super::{
    keys::{Item, n, s},
    write::Write,
};
use crate::domain::Caller;

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

fn ended(profile: &Item) -> &[String] {
    profile.get("ended_sessions").and_then(|ended| ended.as_ss().ok()).map_or(&[], Vec::as_slice)
}
