//! Bodies made to exhaust, to confuse, or to mean one thing to one reader and another to the next: at
//! every endpoint that takes one.

use tests::{Parley, Request, Response, User};

use super::{everything_of, goes_on, raw, with};

const JSON: &str = "application/json";

/// Every endpoint that takes a body, a field of it, and whether it asks for a token.
const TAKES_A_BODY: [(&str, &str, &str, bool); 12] = [
    ("POST", "/auth/signup", "mobile_number", false),
    ("POST", "/auth/send-otp", "mobile_number", false),
    ("POST", "/auth/verify-otp", "otp", false),
    ("POST", "/auth/login", "password", false),
    ("POST", "/auth/refresh", "refresh_token", false),
    ("POST", "/auth/forgot-password", "mobile_number", false),
    ("POST", "/auth/reset-password", "new_password", false),
    ("POST", "/auth/change-password", "new_password", true),
    ("PATCH", "/user/me", "full_name", true),
    ("POST", "/chatroom", "name", true),
    ("PATCH", "/chatroom/{room}", "system_instruction", true),
    ("POST", "/chatroom/{room}/message", "content", true),
];

/// A request to each of them with the body that `body` makes for its field.
fn to_each(
    user: &User,
    parley: &Parley,
    room: &str,
    body: impl Fn(&str) -> (String, Vec<u8>),
) -> Vec<Request> {
    let request = |(method, path, field, protected): (&str, &str, &str, bool)| {
        let (content_type, body) = body(field);
        let path = path.replace("{room}", room);
        let request = parley.request(method.parse().unwrap(), &path).body(&content_type, body);
        if protected { request.token(&user.token) } else { request }
    };
    TAKES_A_BODY.into_iter().map(request).collect()
}

#[track_caller]
fn is_one_of(answer: &Response, statuses: &[u16], what: &str) {
    assert!(statuses.contains(&answer.status()), "{what}: {answer}");
}

/// How a body is refused: status and code. Several would be a refusal for another reason, too.
type Refusal = (u16, &'static str);

const NO_JSON: Refusal = (400, "invalid_json");
const NO_OBJECT: Refusal = (422, "not_an_object");
const NO_TEXT: Refusal = (422, "validation_failed");
const TOO_LARGE: Refusal = (413, "body_too_large");

/// Sends JSON to each endpoint.
struct Bombs {
    parley: Parley,
    user: User,
    room: String,
}

impl Bombs {
    async fn new() -> Self {
        let parley = Parley::start().await;
        let user = parley.user().await;
        let room = user.create_room("Mine").await;
        Self { parley, user, room }
    }

    /// Each endpoint has to refuse what `body` makes for its field, like this.
    async fn drop(&self, what: &str, body: impl Fn(&str) -> Vec<u8>, refusal: Refusal) {
        let json = |field: &str| (JSON.to_owned(), body(field));
        for request in to_each(&self.user, &self.parley, &self.room, json) {
            let answer = request.await;
            assert_eq!((answer.status(), &*answer.string("code")), refusal, "{what}: {answer}");
        }
    }

    async fn nothing_happened(self, before: &[serde_json::Value]) {
        assert_eq!(everything_of(&self.user).await, before);
        goes_on(&self.parley).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_deep_large_or_long_is_refused() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    let nested = |open: &str, count: usize| open.repeat(count);
    let cases: Vec<(&str, String, Refusal)> = vec![
        ("arrays in arrays", nested("[", 60_000), NO_JSON),
        ("arrays that end", format!("{}{}", nested("[", 30_000), nested("]", 30_000)), NO_JSON),
        ("objects in objects", nested("{\"a\":", 12_000), NO_JSON),
        ("a number beyond all numbers", "1e999999".to_owned(), NO_JSON),
        ("a number below all numbers", "-1e999999".to_owned(), NO_JSON),
        ("a number of many digits", "9".repeat(60_000), NO_JSON),
        ("a fraction of many digits", format!("0.{}", "1".repeat(60_000)), NO_TEXT),
        ("a long array", format!("[{}0]", "0,".repeat(30_000)), NO_TEXT),
        ("a large object", format!("{{{}\"z\":0}}", "\"a\":0,".repeat(10_000)), NO_TEXT),
        ("an empty array", "[]".to_owned(), NO_TEXT),
        ("an empty object", "{}".to_owned(), NO_TEXT),
        ("true", "true".to_owned(), NO_TEXT),
    ];
    for (what, json, refusal) in cases {
        bombs.drop(what, |field| with(field, &json).into(), refusal).await;
    }
    let key = "k".repeat(60_000);
    let long_key = |field: &str| format!("{{\"{key}\":1,\"{field}\":[]}}").into();
    bombs.drop("a long key", long_key, NO_TEXT).await;
    let members: Vec<_> = (0..5_000).map(|n| format!("\"k{n}\":{n},")).collect();
    let members = members.concat();
    let many_keys = |field: &str| format!("{{{members}\"{field}\":[]}}").into();
    bombs.drop("many keys", many_keys, NO_TEXT).await;
    bombs.drop("100,000 deep", |field| with(field, &nested("[", 100_000)).into(), TOO_LARGE).await;
    // Where nobody reads it, depth costs nothing: it is skipped without a stack.
    let ignored = format!("{}{}", nested("[", 30_000), nested("]", 30_000));
    let ignored = |field: &str| format!("{{\"ignored\":{ignored},\"{field}\":[]}}").into();
    bombs.drop("depth that nobody reads", ignored, NO_TEXT).await;
    bombs.nothing_happened(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_text_is_refused() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    // Half of a pair, the wrong way round, or followed by something else (RFC 8259, section 8.2).
    for half in [r"\ud800", r"\udc00", r"\ud800A", r"\udc00\ud800", r"\ud83d\u0041", r"\uD800\n"] {
        let json = format!("\"{half}\"");
        bombs.drop(half, |field| with(field, &json).into(), NO_JSON).await;
    }
    for escape in [r"\u00", r"\x41", r"\u{41}", r"\U00000041", "\\", "\u{0}", "\u{1}", "\n"] {
        let json = format!("\"{escape}\"");
        bombs.drop(escape, |field| with(field, &json).into(), NO_JSON).await;
    }
    // A gateway makes U+FFFD of what is no UTF-8: then only the array is no text.
    let refusal = if bombs.parley.is_behind_a_gateway().await { NO_TEXT } else { NO_JSON };
    for bytes in [&b"\xff\xfe"[..], b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"]
    {
        let body =
            |field: &str| [b"{\"x\":\"", bytes, b"\",\"", field.as_bytes(), b"\":[]}"].concat();
        bombs.drop("no UTF-8", body, refusal).await;
    }
    bombs.nothing_happened(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_almost_json_is_refused() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    for almost in
        ["NaN", "Infinity", "-Infinity", "0x10", "01", "+1", ".5", "1.", "'x'", "undefined"]
    {
        bombs.drop(almost, |field| with(field, almost).into(), NO_JSON).await;
    }
    // A reader that takes what is around it finds an array, which is no text.
    for (before, after) in [
        ("\u{feff}", ""),
        ("/* comment */", ""),
        ("", "// comment"),
        ("", "{}"),
        ("", "\u{0}"),
        (")]}',\n", ""),
    ] {
        let body = |field: &str| format!("{before}{}{after}", with(field, "[]")).into();
        bombs.drop(&format!("{before:?} … {after:?}"), body, NO_JSON).await;
    }
    // The fields in their order.
    bombs.drop("an array", |field| format!("[{}]", with(field, "[]")).into(), NO_OBJECT).await;
    for trailing in ["[],", "[] \"x\"", "[]}"] {
        bombs.drop(trailing, |field| with(field, trailing).into(), NO_JSON).await;
    }
    let utf_16 =
        |field: &str| with(field, "[]").encode_utf16().flat_map(u16::to_le_bytes).collect();
    bombs.drop("UTF-16", utf_16, NO_JSON).await;
    bombs.drop("nothing", |_| Vec::new(), NO_JSON).await;
    bombs.nothing_happened(&before).await;
}

/// What two readers would take for two things (RFC 8259, section 4) is refused.
#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_comes_twice_is_refused() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    for (one, other) in [("\"x\"", "\"y\""), ("\"x\"", "\"x\""), ("null", "\"x\""), ("[]", "\"x\"")]
    {
        let body = |field: &str| format!("{{\"{field}\":{one},\"{field}\":{other}}}").into();
        bombs.drop("twice", body, NO_OBJECT).await;
        // The same name, written otherwise.
        let body = |field: &str| {
            let first = field.as_bytes()[0];
            format!("{{\"{field}\":{one},\"\\u00{first:x}{}\":{other}}}", &field[1..]).into()
        };
        bombs.drop("twice, once escaped", body, NO_OBJECT).await;
    }
    bombs.nothing_happened(&before).await;
}

/// The key stands for the bytes of a body: one that was refused leaves it free, and the same meaning in
/// other bytes is another request.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_body_leaves_its_idempotency_key_free() {
    let Bombs { parley, user, room } = Bombs::new().await;
    let send = async |body: &str| {
        let request = user.post(&format!("/chatroom/{room}/message")).key("once");
        request.body(JSON, body.to_owned()).await
    };
    for refused in [
        r#"{"content": "Hello", "content": "Goodbye"}"#,
        r#"{"content": "\ud800"}"#,
        r#"{"content": "\u0000"}"#,
        r#"{"content": 1e999999}"#,
        r#"{"content": "Hello""#,
    ] {
        is_one_of(&send(refused).await, &[400, 422], refused);
    }
    let body = r#"{"content": "Hello", "other": 1, "other": 2}"#;
    let first = send(body).await.expect(202).string("id");
    assert_eq!(send(body).await.expect(202).string("id"), first);
    for other in [r#"{"content":"Hello"}"#, r#"{"content": "Hello", "other": 2, "other": 1}"#] {
        send(other).await.is(422);
    }
    assert_eq!(user.daily_message_count().await, 1);
    goes_on(&parley).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_sent_as_json_is_refused() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    for other in [
        "",
        " ",
        "json",
        "text/json",
        "application/json, text/html",
        "application/jsonp",
        "text/plain",
        "application/javascript",
        "multipart/form-data; boundary=x",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "application/xml",
        "application/json/x",
        "*/*",
        "application/x+json+zip",
    ] {
        let body = |field: &str| (other.to_owned(), with(field, "\"x\"").into_bytes());
        for request in to_each(&bombs.user, &bombs.parley, &bombs.room, body) {
            is_one_of(&request.await, &[415], other);
        }
    }
    // An empty gzip file, and one that says that it is. Nothing is ever inflated.
    let gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, gzip"] {
        let body = |_: &str| (JSON.to_owned(), gzip.to_vec());
        for request in to_each(&bombs.user, &bombs.parley, &bombs.room, body) {
            let answer = request.header("content-encoding", coding).await;
            is_one_of(&answer, &[400, 415], coding);
        }
    }
    bombs.nothing_happened(&before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn five_megabytes_are_refused_everywhere() {
    let bombs = Bombs::new().await;
    let before = everything_of(&bombs.user).await;
    let gateway = bombs.parley.is_behind_a_gateway().await;
    let body = with("content", &format!("\"{}\"", "x".repeat(5 * 1024 * 1024)));
    let take_json = TAKES_A_BODY.map(|(method, path, _, protected)| (method, path, protected));
    let others = [("POST", "/subscribe/pro", true), ("POST", "/webhook/stripe", false)];
    for (method, path, protected) in take_json.into_iter().chain(others) {
        let path = path.replace("{room}", &bombs.room);
        let token = if protected { &bombs.user.token } else { "none" };
        let request = bombs.parley.request(method.parse().unwrap(), &path).token(token);
        let answer = request.body(JSON, body.clone()).alone().try_send().await;
        if gateway {
            // It reads the whole of it before Parley sees any.
            answer.unwrap().is(413);
            continue;
        }
        // A server may hang up on what it does not want to read.
        if let Ok(answer) = answer {
            answer.is(413);
        }
        // It says why before any of it is sent.
        let announced = format!(
            "{method} {path} HTTP/1.1\r\nauthorization: Bearer {token}\r\ncontent-type: {JSON}\r\n\
             content-length: {}\r\nexpect: 100-continue\r\n",
            body.len()
        );
        let answer = raw::ask(&bombs.parley, announced.as_bytes(), &[]).await.unwrap();
        assert_eq!(answer.status, 413, "{path}: {answer:?}");
        answer.refused();
    }
    bombs.nothing_happened(&before).await;
}
