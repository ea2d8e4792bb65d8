//! Headers, both ways: what a client writes into names and addresses must not become one, and what it
//! says in its own must not mean what it shouldn't.

use serde_json::json;
use tests::{Parley, Response, User};

use super::{everything_of, goes_on, raw};

const INJECTED: &str = "x-injected";

/// Ends of a line, as one may hope that somebody takes them for such.
const BREAKS: [&str; 9] =
    ["\r\n", "\n", "\r", "\u{0}", "\u{b}", "\u{c}", "\u{85}", "\u{1b}[2K", "\u{7f}"];

#[track_caller]
fn nothing_injected(answer: &Response) {
    for (name, value) in answer.headers() {
        let text = format!("{name}: {value:?}").to_ascii_lowercase();
        assert!(!text.contains("injected") && !text.contains("evil"), "{answer}");
    }
}

async fn try_names(user: &User, room: &str, text: &str) {
    let room = format!("/chatroom/{room}");
    for (method, path, field) in [
        ("PATCH", "/user/me", "full_name"),
        ("PATCH", "/user/me", "email"),
        ("POST", "/chatroom", "name"),
        ("PATCH", &room, "name"),
        ("POST", "/auth/signup", "full_name"),
        ("POST", "/auth/signup", "email"),
        ("POST", "/auth/signup", "mobile_number"),
        ("POST", "/auth/send-otp", "mobile_number"),
    ] {
        let mut body = json!({"mobile_number": tests::random_number()});
        body[field] = json!(text);
        let answer = user.request(method.parse().unwrap(), path).json(&body).await;
        assert_eq!(answer.faulty_fields(), [field], "{text:?}: {answer}");
        nothing_injected(&answer);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_holds_no_second_line() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let before = everything_of(&user).await;
    for end in BREAKS {
        try_names(&user, &room, &format!("Ada{end}{INJECTED}: 1")).await;
        try_names(&user, &room, &format!("\"a{end}b\"@example.org")).await;
        try_names(&user, &room, &format!("ada@example.org{end}")).await;
    }
    assert_eq!(everything_of(&user).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_does_not_come_back_as_a_header() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    for end in ["%0d%0a", "%0a", "%E5%98%8A%E5%98%8D", "%00", "%0d%0a%20"] {
        let header = format!("{end}{INJECTED}:%20evil");
        for path in [
            format!("/chatroom?limit=1{header}"),
            format!("/chatroom?cursor=QQ{header}"),
            format!("/chatroom/{room}{header}"),
            format!("/chatroom/{room}/messages?before={room}{header}"),
            format!("/user/me/usage?days=1{header}"),
            format!("/subscribe/success?session_id=cs_1{header}"),
            format!("/subscribe/cancel?{header}=1"),
            format!("/docs?{header}=1"),
            format!("/nothing/here{header}"),
        ] {
            let answer = user.get(&path).await;
            nothing_injected(&answer);
            assert!(!answer.text().contains("evil"), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_says_of_itself_is_not_taken_over() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let claim = |request: tests::Request| {
        request
            .header("x-forwarded-host", "evil.example.org")
            .header("x-forwarded-proto", "evil")
            .header("x-forwarded-for", "203.0.113.7, evil")
            .header("forwarded", "host=evil.example.org;proto=evil")
            .header("x-original-url", "/admin/status?evil")
            .header("x-rewrite-url", "/admin/status?evil")
            .header("x-request-id", "evil")
            .header("x-amzn-trace-id", "Root=evil")
            .header("x-user-id", "evil")
            .header("x-amzn-request-context", r#"{"requestId":"evil"}"#)
            .header("x-amzn-lambda-context", "evil")
    };
    let room = claim(user.post("/chatroom").json(&json!({"name": "Mine"}))).await.expect(201);
    nothing_injected(&room);
    let room = room.string("id");
    for n in 0..3 {
        let sent = claim(user.sending(&room, &format!("Question {n}"))).await.expect(202);
        nothing_injected(&sent);
    }
    let page = claim(user.get(&format!("/chatroom/{room}/messages?limit=1"))).await.expect(200);
    nothing_injected(&page);
    assert!(page.header("link").starts_with("</chatroom/"), "{page}");
    let me = claim(user.get("/user/me")).await.expect(200);
    nothing_injected(&me);
    assert!(!me.text().contains("evil"), "{me}");
    claim(parley.get("/user/me")).await.is(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_is_what_the_request_line_says() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let path = format!("/chatroom/{room}");
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        user.get(&path).header(name, "DELETE").await.is(200);
        user.get("/user/me").header(name, "DELETE").await.is(200);
        let posted = user.post(&path).header(name, "DELETE").json(&json!({})).await;
        assert!([404, 405].contains(&posted.status()), "{posted}");
    }
    user.get(&format!("{path}?_method=DELETE")).await.is(200);
    let posted = user.post(&path).body("application/x-www-form-urlencoded", "_method=DELETE").await;
    assert!([404, 405].contains(&posted.status()), "{posted}");
    assert_eq!(user.rooms().await, [room]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotency_key_is_a_name_and_nothing_else() {
    let parley = Parley::start().await;
    let (user, victim) = (parley.user().await, parley.user().await);
    let body = json!({"name": "The same"});
    victim.post("/chatroom").key("used by both of them").json(&body).await.is(201);
    let keys = [
        "used by both of them",
        "#",
        "idem#shared",
        "profile",
        "../profile",
        "user#x",
        "session#x",
        "*",
        "%00",
        "%0d%0a",
        "{\"S\":\"x\"}",
        ":key",
        "attribute_not_exists(pk)",
        "' OR '1'='1",
        "0",
        "null",
        "\"quoted\"",
    ];
    for key in keys {
        let first = user.post("/chatroom").key(key).json(&body).await.expect(201).string("id");
        let again = user.post("/chatroom").key(key).json(&body).await.expect(201).string("id");
        assert_eq!(first, again, "{key}");
        user.post("/chatroom").key(key).json(&json!({"name": "Another"})).await.is(422);
    }
    assert_eq!(user.rooms().await.len(), keys.len());
    assert_eq!(victim.rooms().await.len(), 1);
    // What is no ASCII is for a gateway to refuse, or to make something of.
    let no_ascii: &[_] =
        if parley.is_behind_a_gateway().await { &[] } else { &["clé", "\u{1f511}"] };
    for key in no_ascii {
        user.post("/chatroom").key(key).json(&body).await.is(422);
    }
    for key in ["", " ", &"k".repeat(256), &"k".repeat(6_000)] {
        let answer = user.post("/chatroom").key(key).json(&body).await;
        assert_eq!(answer.faulty_fields(), ["Idempotency-Key"], "{key}");
    }
    assert_eq!(user.rooms().await.len(), keys.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_are_no_http_or_far_too_much_of_it_are_refused() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let many = "x-many: 1\r\n".repeat(2_000);
    let long = format!("x-long: {}\r\n", "x".repeat(1_000_000));
    let requests = [
        format!("GET /user/me HTTP/1.1\r\n{many}"),
        format!("GET /user/me HTTP/1.1\r\n{long}"),
        format!("GET /{} HTTP/1.1\r\n", "x".repeat(200_000)),
        "GET /user/me HTTP/1.1\r\nbad header: 1\r\n".to_owned(),
        "GET /user/me HTTP/1.1\r\nx-bad: a\u{0}b\r\n".to_owned(),
        "GET /user/me HTTP/9.9\r\n".to_owned(),
        "GET /user me HTTP/1.1\r\n".to_owned(),
        "POST /auth/login HTTP/1.1\r\ncontent-length: -1\r\n".to_owned(),
        "POST /auth/login HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n".to_owned(),
        "POST /auth/login HTTP/1.1\r\ntransfer-encoding: nonsense\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\r\n".to_owned(),
    ];
    for request in &requests {
        let Some(answer) = raw::ask(&parley, request.as_bytes(), &[]).await else { return };
        let shown: String = request.chars().take(80).collect();
        assert!((400..506).contains(&answer.status), "{shown}: {answer:?}");
        assert_ne!(answer.status, 500, "{shown}: {answer:?}");
    }
    user.get("/user/me").await.is(200);
    goes_on(&parley).await;
}
