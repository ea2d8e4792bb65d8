//! Codes, passwords and sessions: `shared::store::attempts` and `sessions`.

use jiff::SignedDuration;
use shared::store::{Attempt, Purpose, Redeemed, Rotation};

use super::{Row, row};
use crate::world::{HASH, PASSWORD_HASH, World};

/// The bounds that `auth` sets to guessing.
const TRIES: u32 = 5;
const WRONG_PASSWORDS: u32 = 10;
const WINDOW: SignedDuration = SignedDuration::from_mins(15);

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = with_a_code().await;
    rows.extend(with_a_password().await);
    rows.extend(sessions().await);
    rows
}

async fn with_a_code() -> Vec<Row> {
    let world = World::new().await;
    let number = world.number();
    let account = world.sign_up(&number).await;
    let challenge = world.new_challenge(Purpose::Login);
    let now = world.now();
    let sent =
        row!("Keep a new code", world.put_challenge(&number, &challenge, None, now) => Ok(()));
    let refused = row!("The same, where others were sent within the hour: what was",
        world.put_challenge(&number, &world.new_challenge(Purpose::Login), None, now)
            => Err(Some(_)));
    let counted = row!("Count a try of a code before it is looked at",
        world.count_attempt(&number, Purpose::Login, TRIES, now) => Attempt::Counted(_));
    let session = world.session(&account);
    let first = row!("Sign in with a code for the first time: the account is verified",
        world.sign_in_with_code(&account, &challenge, &session, true, now) => Redeemed::Done);
    vec![sent, refused, counted, first, again().await, reset().await]
}

async fn again() -> Row {
    let world = World::new().await;
    let person = world.person().await;
    let challenge = world.challenge(&person.number, Purpose::Login).await;
    let (session, now) = (world.session(&person.account), world.now());
    row!("Sign in with a code",
        world.sign_in_with_code(&person.account, &challenge, &session, true, now) => Redeemed::Done)
}

async fn reset() -> Row {
    let world = World::new().await;
    let person = world.person().await;
    let challenge = world.challenge(&person.number, Purpose::Reset).await;
    let now = world.now();
    row!("Set a new password with a code, and end all sessions",
        world.reset_password(&person.account, &challenge, PASSWORD_HASH, now) => Redeemed::Done)
}

async fn with_a_password() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let (number, now) = (&person.number, world.now());
    let later = now.saturating_add(WINDOW).unwrap();
    let session = world.session(&person.account);
    vec![
        row!("Count a password before it is looked at",
            world.count_login(number, WRONG_PASSWORDS, WINDOW, now) => Ok(())),
        row!("Count a password before it is looked at, where an earlier count is over and lingers",
            world.count_login(number, WRONG_PASSWORDS, WINDOW, later) => Ok(())),
        row!("Forget wrong passwords after a right one",
            world.forget_login_failures(number) => ()),
        row!("Open a session", world.open_session(&session) => ()),
    ]
}

async fn sessions() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let (user, id, now) = (person.caller.user_id, person.caller.session_id, world.now());
    let exchange = Rotation {
        user_id: user,
        session_id: id,
        family_hash: HASH.to_owned(),
        given: HASH.to_owned(),
        next: HASH.replace('A', "B"),
        expires_at: person.session.expires_at,
    };
    vec![
        row!("A session, with its account", world.session(user, id, now) => Some(_)),
        row!("Exchange a refresh token", world.rotate(&exchange, now) => Some(_)),
        row!("End a session", world.end_session(user, id) => ()),
    ]
}
