//! Accounts: `shared::store::accounts` and `usage`.

use jiff::ToSpan;
use shared::{
    domain::{Role, clock},
    store::{ProfileChange, SignupOutcome, Standing},
};

use super::{Row, row};
use crate::world::{PASSWORD_HASH, World};

pub(super) async fn rows() -> Vec<Row> {
    let mut rows = signing_up().await;
    rows.extend(standing().await);
    rows
}

async fn signing_up() -> Vec<Row> {
    let world = World::new().await;
    let number = world.number();
    let (id, signup) = (world.id(), world.signup(&number));
    let opened = row!("Sign up: an unverified account, and the guard of its number",
        world.open_account(id, &signup) => SignupOutcome::Done);
    let account = world.store.account(id, world.now()).await.unwrap().unwrap();
    let signup = world.signup(&number);
    let again = row!("Sign up once more before the number is verified",
        world.sign_up_again(&account, &signup) => SignupOutcome::Done);
    vec![opened, again]
}

async fn standing() -> Vec<Row> {
    let world = World::new().await;
    let person = world.person().await;
    let (id, now) = (person.account.user.id, world.now());
    let change = ProfileChange {
        full_name: Some(Some("Ada King".to_owned().try_into().unwrap())),
        email: None,
    };
    let nobody = world.number();
    let room = world.room(&person).await;
    world.answered(&person, room).await;
    let today = clock::day(now);
    let first = today.saturating_sub(29.days());
    let (caller, operator) = (&person.caller, Role::Operator);
    vec![
        row!("Connect, before the first request: an account that nobody has", world.warm_up()),
        row!("An account, by its user", world.account(id, now) => Some(_)),
        row!("The account of a number", world.account_of(&person.number, now) => Some(_)),
        row!("The account of a number that nobody has: it takes the same time",
            world.account_of(&nobody, now) => None),
        row!("A user's usage of 30 days, of which one has any",
            world.usage(id, first, today) => days if days.len() == 1),
        row!("Change a profile", world.change_profile(&person.caller, &change, now) => Some(_)),
        row!("Set a new password, and end all other sessions",
            world.set_password(&person.account, PASSWORD_HASH, person.session.session_id) => true),
        row!("Give an account a role", world.set_role(id, Some(operator)) => true),
        row!("Whether a caller's session still stands", world.is_signed_in(caller) => true),
        row!("Whether a caller has a role", world.standing(caller, operator) => Standing::Held),
        row!("Take a role away", world.set_role(id, None) => true),
    ]
}
