//! `PATCH /user/me`.

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};

use crate::host::{Host, NUMBER};

#[tokio::test]
async fn a_field_is_set_left_or_cleared() {
    let host = Host::start().await;
    let ada = host.ada().await;

    let set = host.patch_me(&ada, r#"{"full_name":"Ada King"}"#).await;
    assert_eq!(set.status, 200, "{set:?}");
    assert_eq!(set.json()["full_name"], "Ada King");
    assert_eq!(set.json()["email"], "ada@example.org");
    assert_eq!(set.json(), host.get("/user/me", &ada).await.json());

    let cleared = host.patch_me(&ada, r#"{"email":null}"#).await.json();
    assert_eq!(cleared["full_name"], "Ada King");
    assert_eq!(cleared["email"], Value::Null);

    let both = host.patch_me(&ada, r#"{"full_name":null,"email":"king@example.org"}"#).await.json();
    assert_eq!((&both["full_name"], &both["email"]), (&Value::Null, &json!("king@example.org")));

    let none = host.patch_me(&ada, "{}").await;
    assert_eq!((none.status.as_u16(), none.json()), (200, both));
}

#[tokio::test]
async fn no_other_field_can_be_set() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let before = host.get("/user/me", &ada).await.json();
    let greedy = json!({
        "id": host.ids.next::<shared::domain::UserId>(host.now()).to_string(),
        "mobile_number": "+10000000000",
        "subscription_tier": "pro",
        "tier": "pro",
        "role": "operator",
        "daily_message_count": -5,
        "used": 0,
        "daily_limit": null,
        "verified_at": 1,
        "session_generation": 9,
        "password_hash": "x",
    });
    let answer = host.patch_me(&ada, greedy.to_string()).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, before.clone()));
    assert_eq!(before["mobile_number"], NUMBER);
}

#[tokio::test]
async fn all_wrong_fields_are_told_at_once_and_nothing_is_changed() {
    let host = Host::start().await;
    let ada = host.ada().await;
    let before = host.get("/user/me", &ada).await.json();
    let long = "x".repeat(101);
    for (full_name, email) in [
        (json!(""), json!("ada")),
        (json!(" \u{3000}"), json!("")),
        (json!("two\nlines"), json!("a@")),
        (json!(long), json!(format!("{}@example.org", "a".repeat(250)))),
        (json!(7), json!(["ada@example.org"])),
    ] {
        let body = json!({ "full_name": full_name, "email": email });
        let problem =
            host.patch_me(&ada, body.to_string()).await.assert_problem(422, "validation_failed");
        let errors = problem["errors"].as_array().unwrap();
        let fields: Vec<_> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["full_name", "email"], "{body}");
    }
    let half = json!({ "full_name": "Eve", "email": "eve" });
    host.patch_me(&ada, half.to_string()).await.assert_problem(422, "validation_failed");
    assert_eq!(host.get("/user/me", &ada).await.json(), before);
}

#[tokio::test]
async fn names_in_any_script_are_kept_to_the_letter() {
    let host = Host::start().await;
    let ada = host.ada().await;
    for name in ["Zoë Ångström", "أحمد", "山田 太郎", "O'Brien \"<b>\"", "🧑‍🚀", " Ada "]
    {
        let body = json!({ "full_name": name });
        assert_eq!(host.patch_me(&ada, body.to_string()).await.json()["full_name"], name);
    }
    let longest = "é".repeat(100);
    let body = json!({ "full_name": longest });
    assert_eq!(host.patch_me(&ada, body.to_string()).await.json()["full_name"], longest);
}

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let host = Host::start().await;
    let ada = host.ada().await;
    for (body, status, code) in [
        ("", 400, "invalid_json"),
        ("{", 400, "invalid_json"),
        ("full_name=Eve", 400, "invalid_json"),
        ("{}{}", 400, "invalid_json"),
        ("7", 422, "not_an_object"),
        ("null", 422, "not_an_object"),
        ("[]", 422, "not_an_object"),
        (r#"["Eve"]"#, 422, "not_an_object"),
        ("\"Eve\"", 422, "not_an_object"),
        (r#"{"full_name":"Eve","full_name":"Mallory"}"#, 422, "not_an_object"),
    ] {
        host.patch_me(&ada, body).await.assert_problem(status, code);
    }
    let large = format!(r#"{{"full_name":"{}"}}"#, "x".repeat(64 * 1024));
    host.patch_me(&ada, large).await.assert_problem(413, "body_too_large");

    let request = Request::patch("/user/me")
        .header(header::AUTHORIZATION, format!("Bearer {}", host.token(&ada)))
        .header(header::CONTENT_TYPE, "text/plain");
    let answer = host.send(request.body(Body::from(r#"{"full_name":"Eve"}"#)).unwrap()).await;
    answer.assert_problem(415, "unsupported_media_type");

    assert_eq!(host.get("/user/me", &ada).await.json()["full_name"], "Ada Lovelace");
}
