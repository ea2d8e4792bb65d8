//! Who may look.

use axum::{
    body::Body,
    http::{Request, header},
};
use jiff::ToSpan;
use local::testing::Answer;
use shared::domain::{Caller, Role};

use crate::host::{Host, PATH};

#[tokio::test]
async fn without_a_good_token_nothing_is_told() {
    let host = Host::start().await;
    let token = host.token(&host.operator().await);
    let answer = Answer::of(host.router(), Request::get(PATH).body(Body::empty()).unwrap()).await;
    answer.assert_problem(401, "missing_token");
    assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE));

    host.clock.advance(1.hour().try_into().unwrap());
    for bad in [token.as_str(), "x.y.z"] {
        let request = Request::get(PATH).header(header::AUTHORIZATION, format!("Bearer {bad}"));
        let answer = Answer::of(host.router(), request.body(Body::empty()).unwrap()).await;
        answer.assert_problem(401, "invalid_token");
    }
}

#[tokio::test]
async fn whoever_is_no_operator_is_told_so_and_nothing_else() {
    let host = Host::start().await;
    let problem =
        host.ask(host.router(), &host.user().await).await.assert_problem(403, "forbidden");
    assert_eq!(problem["detail"], "Only operators may see this.");
    assert!(problem.get("tables").is_none(), "{problem}");
}

#[tokio::test]
async fn a_role_that_the_token_does_not_know_of_yet_lets_nobody_in() {
    let host = Host::start().await;
    let early = Caller { role_hint: None, ..host.operator().await };
    host.ask(host.router(), &early).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn a_role_that_was_taken_away_lets_nobody_in_though_the_token_has_it_still() {
    let host = Host::start().await;
    let operator = host.operator().await;
    assert_eq!(host.ask(host.router(), &operator).await.status, 200);
    assert!(host.store.set_role(operator.user_id, None).await.unwrap());
    host.ask(host.router(), &operator).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn a_token_that_claims_a_role_which_the_profile_never_had_lets_nobody_in() {
    let host = Host::start().await;
    let claiming = Caller { role_hint: Some(Role::Operator), ..host.user().await };
    host.ask(host.router(), &claiming).await.assert_problem(403, "forbidden");
}

#[tokio::test]
async fn an_operator_who_signed_out_or_is_gone_sees_nothing_more() {
    let host = Host::start().await;
    let operator = host.operator().await;
    host.store.end_session(operator.user_id, operator.session_id).await.unwrap();
    host.ask(host.router(), &operator).await.assert_problem(401, "session_ended");

    let nobody = Caller { user_id: host.ids.next(host.now()), ..operator };
    host.ask(host.router(), &nobody).await.assert_problem(401, "session_ended");
}

#[tokio::test]
async fn while_the_role_cannot_be_read_nobody_is_let_in() {
    let host = Host::start().await;
    let operator = host.operator().await;
    let env = host.env.clone().with("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1");
    let answer = host.ask(host.router_of(&env), &operator).await;
    answer.assert_problem(503, "unavailable");
}
