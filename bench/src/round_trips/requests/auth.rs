//! Signing up, signing in, staying signed in.

use serde_json::json;

use super::{Host::Uncached, Person, Request, Row, World};
use crate::round_trips::person::{PASSWORD, number, send_otp, signup, verify_otp};

pub(super) async fn rows(world: &World) -> Vec<Row> {
    let mut rows = first_sign_in(world).await;
    rows.extend(sign_ins(world).await);
    rows.extend(sessions(world).await);
    rows
}

async fn first_sign_in(world: &World) -> Vec<Row> {
    let number = number(world);
    let (signup, _) =
        world.measure("POST /auth/signup", "a new number", Uncached, signup(&number)).await;
    let (code, answer) =
        world.measure("POST /auth/send-otp", "the first code", Uncached, send_otp(&number)).await;
    let verify = verify_otp(&number, &answer.json()["otp"]);
    let (verify, _) =
        world.measure("POST /auth/verify-otp", "the first time", Uncached, verify).await;
    vec![signup, code, verify]
}

async fn sign_ins(world: &World) -> Vec<Row> {
    let person = Person::new(world).await;
    // Another code may be sent after half a minute.
    world.clock.advance(jiff::SignedDuration::from_mins(1));
    let (code, answer) = world
        .measure("POST /auth/send-otp", "another code", Uncached, send_otp(&person.number))
        .await;
    let verify = verify_otp(&person.number, &answer.json()["otp"]);
    let (verify, _) =
        world.measure("POST /auth/verify-otp", "a verified number", Uncached, verify).await;
    let credentials = json!({ "mobile_number": person.number, "password": PASSWORD });
    let login = Request::post("/auth/login").json(&credentials);
    let (login, _) = world.measure("POST /auth/login", "the right password", Uncached, login).await;
    vec![code, verify, login]
}

async fn sessions(world: &World) -> Vec<Row> {
    let mut person = Person::new(world).await;
    let (refresh, _) = world.measure("POST /auth/refresh", "", Uncached, person.refreshes()).await;
    person = Person::new(world).await;
    let logout = Request::post("/auth/logout").by(&person.token);
    let (logout, _) = world.measure("POST /auth/logout", "", Uncached, logout).await;
    vec![refresh, logout]
}
