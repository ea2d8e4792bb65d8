//! Refresh tokens: opaque to whoever holds one, and kept here as two hashes.
//!
//! A token is base64url of user id (16 bytes) ‖ session id (16) ‖ token secret (32) ‖ family secret
//! (16). All tokens of a session share the family secret; only the latest has its token secret. So
//! a token with the right family but another token secret was good once: it has been stolen, or its
//! thief was faster. The family secret stands last: a token that was cut off or damaged at its end
//! is nonsense, not a theft.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rand::{CryptoRng, RngExt};
use sha2::{Digest, Sha256};
use shared::{
    domain::{SessionId, UserId},
    store::{Account, Rotation, Session},
};
use subtle::ConstantTimeEq;

/// How long a session lasts if it isn't refreshed.
const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

const LENGTH: usize = 80;

/// A refresh token.
pub struct RefreshToken {
    user: UserId,
    session: SessionId,
    secret: [u8; 32],
    family: [u8; 16],
}

impl RefreshToken {
    /// The first one of a new session.
    pub(crate) fn first(user: UserId, session: SessionId, rng: &mut impl CryptoRng) -> Self {
        Self { user, session, secret: rng.random(), family: rng.random() }
    }

    /// The one that replaces this one.
    pub(crate) fn next(&self, rng: &mut impl CryptoRng) -> Self {
        Self { secret: rng.random(), ..*self }
    }

    /// Reads what a client sent.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (user, rest) = bytes[..length].split_first_chunk()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (secret, rest) = rest.split_first_chunk()?;
        let family = rest.try_into().ok()?;
        Some(Self {
            user: UserId::from_bytes(*user),
            session: SessionId::from_bytes(*session),
            secret: *secret,
            family,
        })
    }

    /// As the client gets it.
    #[must_use]
    pub fn to_text(&self) -> String {
        let (user, session) = (self.user.to_bytes(), self.session.to_bytes());
        URL_SAFE_NO_PAD.encode([&user[..], &session, &self.secret, &self.family].concat())
    }

    /// Whose it is, by its own account.
    #[must_use]
    pub fn user_id(&self) -> UserId {
        self.user
    }

    /// The session that it continues, by its own account.
    #[must_use]
    pub fn session_id(&self) -> SessionId {
        self.session
    }

    /// What is kept of it: the session of `account` that it stands for, used at `now`.
    pub(crate) fn session(&self, account: &Account, now: Timestamp) -> Session {
        Session {
            session_id: self.session,
            user_id: self.user,
            family_hash: hash(&self.family),
            token_hash: hash(&self.secret),
            generation: account.generation,
            expires_at: end(now),
        }
    }

    /// Its exchange for `next` at `now`.
    pub(crate) fn exchange(&self, next: &Self, now: Timestamp) -> Rotation {
        Rotation {
            user_id: self.user,
            session_id: self.session,
            family_hash: hash(&self.family),
            given: hash(&self.secret),
            next: hash(&next.secret),
            expires_at: end(now),
        }
    }

    /// Whether `session` ever gave it out.
    #[must_use]
    pub fn is_of(&self, session: &Session) -> bool {
        same(&hash(&self.family), &session.family_hash)
    }

    /// Whether it is the one that `session` gave out last.
    #[must_use]
    pub fn is_latest_of(&self, session: &Session) -> bool {
        same(&hash(&self.secret), &session.token_hash)
    }
}

/// When a session ends that is used at `now`, Unix seconds.
fn end(now: Timestamp) -> i64 {
    now.saturating_add(LIFE).unwrap_or(now).as_second()
}

/// The secrets are random and long: a plain hash is enough, there is nothing to guess.
fn hash(secret: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(secret))
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{SeedableRng, rngs::StdRng};
    use shared::domain::Ids;

    fn token() -> RefreshToken {
        let (ids, now) = (Ids::default(), Timestamp::UNIX_EPOCH);
        RefreshToken::first(ids.next(now), ids.next(now), &mut StdRng::seed_from_u64(7))
    }

    fn kept(token: &RefreshToken) -> Session {
        Session {
            session_id: token.session,
            user_id: token.user,
            family_hash: hash(&token.family),
            token_hash: hash(&token.secret),
            generation: 0,
            expires_at: end(Timestamp::UNIX_EPOCH),
        }
    }

    #[test]
    fn a_token_survives_its_way_to_the_client_and_back() {
        let token = token();
        let read = RefreshToken::parse(&token.to_text()).unwrap();
        assert_eq!((read.user_id(), read.session_id()), (token.user_id(), token.session_id()));
        assert!(read.is_of(&kept(&token)) && read.is_latest_of(&kept(&token)));
    }

    #[test]
    fn a_session_lasts_for_thirty_days_of_24_hours() {
        assert_eq!(kept(&token()).expires_at, 2_592_000);
    }

    #[test]
    fn a_successor_is_of_the_family_and_the_only_latest() {
        let first = token();
        let second = first.next(&mut StdRng::seed_from_u64(8));
        let session = kept(&second);
        assert!(first.is_of(&session) && !first.is_latest_of(&session));
        assert!(second.is_of(&session) && second.is_latest_of(&session));
    }

    #[test]
    fn an_exchange_leaves_what_is_kept_of_the_successor_and_back_what_was() {
        let (first, now) = (token(), Timestamp::UNIX_EPOCH);
        let second = first.next(&mut StdRng::seed_from_u64(8));
        let there = first.exchange(&second, now);
        assert_eq!(
            (&there.given, &there.next),
            (&kept(&first).token_hash, &kept(&second).token_hash)
        );
        assert_eq!(there.family_hash, kept(&second).family_hash);
        let back = there.back();
        assert_eq!(
            (&back.given, &back.next),
            (&kept(&second).token_hash, &kept(&first).token_hash)
        );
    }

    #[test]
    fn nothing_that_is_kept_is_in_the_token() {
        let token = token();
        let (text, session) = (token.to_text(), kept(&token));
        assert!(!text.contains(&session.family_hash) && !text.contains(&session.token_hash));
        assert_ne!(session.family_hash, session.token_hash);
    }

    #[test]
    fn a_token_that_is_damaged_at_its_end_is_of_no_family() {
        let token = token();
        let text = token.to_text();
        let (rest, last) = text.split_at(text.len() - 1);
        for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".chars() {
            let damaged = RefreshToken::parse(&format!("{rest}{c}"));
            let same = c.to_string() == last;
            assert_eq!(damaged.is_some_and(|damaged| damaged.is_of(&kept(&token))), same, "{c}");
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        let text = token().to_text();
        for no in
            ["", "nonsense", "a.b.c", "é", &text[1..], &format!("{text}A"), &format!("{text}=")]
        {
            assert!(RefreshToken::parse(no).is_none(), "{no}");
        }
        assert!(RefreshToken::parse(&"A".repeat(64 * 1024)).is_none());
    }
}
