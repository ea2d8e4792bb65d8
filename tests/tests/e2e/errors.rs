//! Requests that are wrong in themselves. That every error is a problem with the request's id is
//! checked by the harness, on every answer of every test.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::json;
use tests::{Parley, Response};

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_path_is_a_404_for_everybody() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    for path in [
        "/nothing/here",
        "/chatrooms",
        "/auth",
        "/auth/nothing",
        "/user",
        "/user/somebody",
        "/chatroom/01ARZ3NDEKTSV4RRFFQ69G5FAV/nothing",
        "//",
        "/.env",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE, Method::PUT] {
            let answer = parley.request(method.clone(), path).await;
            assert_eq!(answer.status(), 404, "{answer}");
            let answer = user.request(method, path).json(&json!({})).await;
            assert_eq!(answer.status(), 404, "{answer}");
        }
    }
}

/// A path that Parley itself says it doesn't know.
async fn unknown_to_parley(parley: &Parley) -> &'static str {
    if parley.is_behind_a_gateway().await { "/chatroom/nothing" } else { "/nothing" }
}

fn allowed(answer: &Response) -> BTreeSet<String> {
    answer.is(405);
    answer.header("allow").split(',').map(|method| method.trim().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_method_is_a_405_that_names_the_right_ones() {
    let parley = Parley::start().await;
    let behind_a_gateway = parley.is_behind_a_gateway().await;
    let id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    for (path, right) in [
        ("/auth/signup".to_owned(), vec!["POST"]),
        ("/auth/send-otp".to_owned(), vec!["POST"]),
        ("/auth/verify-otp".to_owned(), vec!["POST"]),
        ("/auth/login".to_owned(), vec!["POST"]),
        ("/auth/refresh".to_owned(), vec!["POST"]),
        ("/auth/logout".to_owned(), vec!["POST"]),
        ("/auth/forgot-password".to_owned(), vec!["POST"]),
        ("/auth/reset-password".to_owned(), vec!["POST"]),
        ("/auth/change-password".to_owned(), vec!["POST"]),
        ("/user/me".to_owned(), vec!["GET", "PATCH", "DELETE"]),
        ("/user/me/usage".to_owned(), vec!["GET"]),
        ("/chatroom".to_owned(), vec!["GET", "POST"]),
        (format!("/chatroom/{id}"), vec!["GET", "PATCH", "DELETE"]),
        (format!("/chatroom/{id}/message"), vec!["POST"]),
        (format!("/chatroom/{id}/messages"), vec!["GET"]),
        (format!("/chatroom/{id}/messages/{id}"), vec!["GET"]),
        ("/subscribe/pro".to_owned(), vec!["POST"]),
        ("/subscribe/portal".to_owned(), vec!["POST"]),
        ("/subscribe/status".to_owned(), vec!["GET"]),
        ("/subscription/status".to_owned(), vec!["GET"]),
        ("/subscribe/success".to_owned(), vec!["GET"]),
        ("/subscribe/cancel".to_owned(), vec!["GET"]),
        ("/webhook/stripe".to_owned(), vec!["POST"]),
        ("/subscribe/webhook".to_owned(), vec!["POST"]),
        ("/".to_owned(), vec!["GET"]),
        ("/health".to_owned(), vec!["GET"]),
        ("/openapi.json".to_owned(), vec!["GET"]),
        ("/docs".to_owned(), vec!["GET"]),
        ("/.well-known/jwks.json".to_owned(), vec!["GET"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if right.contains(&method) {
                continue;
            }
            let answer = parley.request(method.parse().unwrap(), &path).await;
            if behind_a_gateway {
                // It knows routes, each with its method.
                answer.is(404);
                continue;
            }
            assert_eq!(answer.status(), 405, "{answer}");
            let mut allowed = allowed(&answer);
            // HEAD goes with GET (RFC 9110, section 9.3.2); OPTIONS may be named.
            allowed.remove("HEAD");
            allowed.remove("OPTIONS");
            let right: BTreeSet<_> = right.iter().map(ToString::to_string).collect();
            assert_eq!(allowed, right, "{answer}");
        }
    }
}

/// Every request with a body, and whether it needs a token.
const WITH_BODY: [(&str, &str, bool); 11] = [
    ("POST", "/auth/signup", false),
    ("POST", "/auth/send-otp", false),
    ("POST", "/auth/verify-otp", false),
    ("POST", "/auth/login", false),
    ("POST", "/auth/refresh", false),
    ("POST", "/auth/forgot-password", false),
    ("POST", "/auth/reset-password", false),
    ("POST", "/auth/change-password", true),
    ("PATCH", "/user/me", true),
    ("POST", "/chatroom", true),
    ("PATCH", "/chatroom/{room}", true),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_can_not_be_taken_is_refused_in_the_same_way_everywhere() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let message = ("POST", "/chatroom/{room}/message", true);
    for (method, path, protected) in WITH_BODY.into_iter().chain([message]) {
        let path = path.replace("{room}", &room);
        let send = async |content_type: &str, body: Vec<u8>| {
            let too_large = body.len() > 64 * 1024;
            let request = parley.request(method.parse().unwrap(), &path).body(content_type, body);
            let request = if too_large { request.alone() } else { request };
            if protected { request.token(&user.token).await } else { request.await }
        };
        let json = "application/json";
        for broken in ["{", "nonsense", "{\"a\":}", "{} {}", "{'a':1}"] {
            let answer = send(json, broken.into()).await;
            assert_eq!(answer.status(), 400, "{broken}: {answer}");
        }
        let deep = "[".repeat(60_000);
        let answer = send(json, deep.into()).await;
        assert_eq!(answer.status(), 400, "{answer}");
        for no_object in ["[]", "\"text\"", "5", "null", "true"] {
            let answer = send(json, no_object.into()).await;
            assert_eq!(answer.status(), 422, "{no_object}: {answer}");
        }
        for other in ["text/plain", "application/x-www-form-urlencoded", "application/xml"] {
            let answer = send(other, b"{}".to_vec()).await;
            assert_eq!(answer.status(), 415, "{other}: {answer}");
        }
        let too_large = format!("{{\"filler\":\"{}\"}}", "x".repeat(64 * 1024));
        let answer = send(json, too_large.into()).await;
        assert_eq!(answer.status(), 413, "{answer}");
    }
    // None of it did anything.
    assert_eq!(user.rooms().await, [&*room]);
    assert_eq!(user.messages(&room).await, [json!(null); 0]);
}

/// JSON is UTF-8 (RFC 8259, section 8.1), in members that nobody asked for as well.
#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_text_are_no_json() {
    let parley = Parley::start().await;
    if parley.is_behind_a_gateway().await {
        // It makes text of a body, with U+FFFD for what is none, before Parley sees it.
        return tests::rehearsal::report::left_out("the gateway makes text of all bodies");
    }
    let user = parley.user().await;
    for body in [&b"{\"name\":\"\xff\xfe\"}"[..], b"{\"name\":\"Room\",\"other\":\"\xff\xfe\"}"] {
        let answer = user.post("/chatroom").body("application/json", body.to_vec()).await;
        assert_eq!(answer.status(), 400, "{}: {answer}", String::from_utf8_lossy(body));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn json_may_name_its_charset() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user
        .post("/chatroom")
        .body("application/json; charset=utf-8", r#"{"name": "Grüße"}"#)
        .await
        .expect(201);
    assert_eq!(room.json()["name"], "Grüße", "{room}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_has_an_id_of_its_own_also_when_nothing_is_wrong() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let unknown = unknown_to_parley(&parley).await;
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        for path in ["/health", "/user/me", "/chatroom", unknown] {
            ids.insert(user.get(path).await.header("x-request-id"));
        }
    }
    assert_eq!(ids.len(), 20, "{ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_knows_a_request_by_its_id() {
    let Some(parley) = Parley::builder().start().await else { return };
    let user = parley.user().await;
    let id =
        user.get("/chatroom/01ARZ3NDEKTSV4RRFFQ69G5FAV").await.expect(404).header("x-request-id");
    assert!(parley.logs().contains(&id), "no {id} in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_configured_frontend_may_call_from_a_browser_and_others_may_not() {
    let Some(parley) =
        Parley::builder().env("FRONTEND_URL", "https://app.example.org").start().await
    else {
        return;
    };
    let user = parley.user().await;
    let preflight = async |origin: &str| {
        parley
            .request(Method::OPTIONS, "/chatroom")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type,idempotency-key")
            .await
    };
    let allowed = preflight("https://app.example.org").await;
    assert!([200, 204].contains(&allowed.status()), "{allowed}");
    assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.org");
    let headers = allowed.header("access-control-allow-headers").to_lowercase();
    for header in ["authorization", "content-type", "idempotency-key"] {
        assert!(headers.contains(header), "{allowed}");
    }
    assert!(allowed.header("access-control-allow-methods").contains("POST"), "{allowed}");

    let origin = |answer: &Response| answer.try_header("access-control-allow-origin");
    let stranger = preflight("https://evil.example.org").await;
    assert_ne!(origin(&stranger).as_deref(), Some("https://evil.example.org"), "{stranger}");
    assert_ne!(origin(&stranger).as_deref(), Some("*"), "{stranger}");

    // A page that can't read an error can't show it.
    for (path, status) in [("/chatroom", 200), (unknown_to_parley(&parley).await, 404)] {
        let answer = user.get(path).header("origin", "https://app.example.org").await;
        answer.is(status);
        assert_eq!(origin(&answer).as_deref(), Some("https://app.example.org"), "{answer}");
        let exposed = answer.header("access-control-expose-headers").to_lowercase();
        for header in ["x-request-id", "location", "link", "retry-after", "ratelimit"] {
            assert!(exposed.contains(header) || exposed == "*", "{header}: {answer}");
        }
    }
}
