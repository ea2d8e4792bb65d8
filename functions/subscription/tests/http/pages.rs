//! The pages that Checkout comes back to, and the paths and methods that there are not.

use axum::{
    body::Body,
    http::{Request, header},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use local::testing::Answer;
use sha2::{Digest as _, Sha256};

use crate::host::{Host, opened};

async fn ask(host: &Host, method: &str, path: &str) -> Answer {
    host.send(Request::builder().method(method).uri(path).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_pages_are_for_anybody_and_grant_nothing() {
    let host = Host::start().await;
    let ada = host.person().await;
    let session = opened(&host.subscribe(&ada).await);
    let before = host.billing(&ada).await;
    host.calls();
    for (path, title) in
        [("/subscribe/success", "Thank you"), ("/subscribe/cancel", "Nothing was paid")]
    {
        let page = ask(&host, "GET", &format!("{path}?session_id={session}")).await;
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.headers[header::CONTENT_TYPE], "text/html; charset=utf-8");
        assert_eq!(page.headers[header::REFERRER_POLICY], "no-referrer");
        assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(html.contains(&format!("<h1>{title}</h1>")), "{html}");
    }
    assert_eq!(host.calls(), Vec::<String>::new());
    assert_eq!(host.billing(&ada).await, before);
}

#[tokio::test]
async fn the_policy_allows_the_one_style_by_its_digest_and_nothing_else() {
    let host = Host::start().await;
    let digest = STANDARD.encode(Sha256::digest(subscription::STYLE));
    let expected = format!(
        "default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    for path in ["/subscribe/success", "/subscribe/cancel"] {
        let page = ask(&host, "GET", path).await;
        assert_eq!(page.headers[header::CONTENT_SECURITY_POLICY], expected);
        let html = String::from_utf8(page.body.to_vec()).unwrap();
        assert!(html.contains(&format!("<style>{}</style>", subscription::STYLE)));
        assert!(!html.contains("style=") && !html.contains("<script"), "{html}");
    }
}

#[tokio::test]
async fn the_pages_show_nothing_of_the_query() {
    let host = Host::start().await;
    for path in ["/subscribe/success", "/subscribe/cancel"] {
        let plain = ask(&host, "GET", path).await;
        for query in ["session_id=cs_test_1", "session_id=%3Cscript%3Ealert(1)%3C/script%3E", "%ff"]
        {
            let page = ask(&host, "GET", &format!("{path}?{query}")).await;
            assert_eq!((page.status, &page.body), (plain.status, &plain.body), "{query}");
        }
    }
}

#[tokio::test]
async fn head_has_the_headers_alone() {
    let host = Host::start().await;
    for path in ["/subscribe/success", "/subscribe/cancel"] {
        let [page, head] = [ask(&host, "GET", path).await, ask(&host, "HEAD", path).await];
        assert_eq!(head.status, 200);
        assert!(head.body.is_empty());
        for name in [header::CONTENT_TYPE, header::CONTENT_SECURITY_POLICY] {
            assert_eq!(head.headers[&name], page.headers[&name]);
        }
    }
}

#[tokio::test]
async fn other_paths_and_methods_have_the_common_answers() {
    let host = Host::start().await;
    for path in ["/subscribe", "/subscribe/", "/subscription", "/subscribe/pro/x", "/subscribe/PRO"]
    {
        ask(&host, "GET", path).await.assert_problem(404, "not_found");
    }
    for (method, path) in [
        ("GET", "/subscribe/pro"),
        ("GET", "/subscribe/portal"),
        ("POST", "/subscribe/status"),
        ("DELETE", "/subscription/status"),
        ("POST", "/subscribe/success"),
        ("PUT", "/subscribe/cancel"),
    ] {
        let answer = ask(&host, method, path).await;
        answer.assert_problem(405, "method_not_allowed");
        assert!(answer.headers.contains_key(header::ALLOW), "{method} {path}");
    }
}
