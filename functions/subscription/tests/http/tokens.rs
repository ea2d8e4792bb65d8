//! What all endpoints ask of the access token.

use axum::{
    body::Body,
    http::{Request, header},
};
use jiff::SignedDuration;
use shared::domain::{Caller, Ids};

use crate::host::Host;

const ENDPOINTS: [(&str, &str); 4] = [
    ("POST", "/subscribe/pro"),
    ("POST", "/subscribe/portal"),
    ("GET", "/subscribe/status"),
    ("GET", "/subscription/status"),
];

async fn refused(host: &Host, token: Option<&str>, code: &str) {
    for (method, path) in ENDPOINTS {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let answer = host.send(request.body(Body::empty()).unwrap()).await;
        answer.assert_problem(401, code);
        assert!(answer.headers.contains_key(header::WWW_AUTHENTICATE), "{method} {path}");
    }
    assert_eq!(host.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn without_a_good_token_nothing_is_told_or_bought() {
    let host = Host::start().await;
    let token = host.token(&host.person().await);
    refused(&host, None, "missing_token").await;
    refused(&host, Some("x.y.z"), "invalid_token").await;
    host.clock.advance(SignedDuration::from_hours(1));
    refused(&host, Some(&token), "invalid_token").await;
}

#[tokio::test]
async fn a_session_that_has_ended_buys_nothing() {
    let host = Host::start().await;
    let ada = host.person().await;
    let kept = Caller { session_id: Ids::default().next(host.now()), ..ada };
    let account = host.store.account(ada.user_id, host.now()).await.unwrap().unwrap();
    assert!(host.store.set_password(&account, "$argon2id$", kept.session_id).await.unwrap());
    refused(&host, Some(&host.token(&ada)), "session_ended").await;
    assert_eq!(host.subscribe(&kept).await.status, 201);
}

#[tokio::test]
async fn an_account_that_is_gone_or_never_was_buys_nothing() {
    let host = Host::start().await;
    let ada = host.person().await;
    host.delete_account(&ada).await;
    refused(&host, Some(&host.token(&ada)), "session_ended").await;
    let nobody = Caller { user_id: Ids::default().next(host.now()), ..ada };
    refused(&host, Some(&host.token(&nobody)), "session_ended").await;
}
