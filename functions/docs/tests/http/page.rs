//! `GET /docs` and what it loads.

use axum::http::{StatusCode, header};

use crate::{Answer, assert_conditional, get, get_with};

/// The values of `src` and `href` in the page's `<script>` and `<link>` elements: what a browser
/// fetches without being asked.
fn fetched(html: &str) -> Vec<&str> {
    let elements =
        html.split('<').filter(|tag| tag.starts_with("script") || tag.starts_with("link"));
    let values = elements.flat_map(|tag| {
        [" src=\"", " href=\""].into_iter().filter_map(|name| tag.split_once(name))
    });
    values.map(|(_, value)| value.split_once('"').unwrap().0).collect()
}

async fn page() -> Answer {
    get("/docs").await
}

#[tokio::test]
async fn the_page_is_html_under_a_strict_policy() {
    let page = page().await;
    assert_eq!(page.status, StatusCode::OK);
    assert_eq!(page.header(&header::CONTENT_TYPE), "text/html; charset=utf-8");
    assert_eq!(page.header(&header::CACHE_CONTROL), "no-cache");
    assert_eq!(page.header(&header::X_CONTENT_TYPE_OPTIONS), "nosniff");
    assert_eq!(page.header(&header::REFERRER_POLICY), "no-referrer");

    let policy = page.header(&header::CONTENT_SECURITY_POLICY);
    let directives: Vec<&str> = policy.split("; ").collect();
    assert_eq!(
        directives,
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ]
    );
}

#[tokio::test]
async fn the_page_holds_nothing_that_the_policy_forbids() {
    let page = page().await;
    let html = page.text();
    for inline in ["<style", " style=", " onload=", " onclick=", "javascript:"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for script in html.split("<script").skip(1) {
        let (attributes, rest) = script.split_once('>').unwrap();
        assert!(attributes.contains(" src="), "a script without a source");
        assert!(rest.starts_with("</script>"), "an inline script");
    }
}

#[tokio::test]
async fn everything_the_page_loads_is_served_by_this_function() {
    let page = page().await;
    let html = page.text();
    for elsewhere in ["//", "http:", "https:", "@import", "<base", "<iframe", "<img"] {
        assert!(!html.contains(elsewhere), "{elsewhere}");
    }

    let files = fetched(html);
    assert_eq!(files.len(), 5, "{files:?}");
    for file in files {
        let answer = get(&format!("/{file}")).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        let expected = match file.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            other => panic!("an extension nobody thought of: {other}"),
        };
        assert_eq!(answer.header(&header::CONTENT_TYPE), expected, "{file}");
        assert_eq!(answer.header(&header::X_CONTENT_TYPE_OPTIONS), "nosniff", "{file}");
        let caching = answer.header(&header::CACHE_CONTROL);
        if file.contains("swagger-ui-") {
            assert_eq!(caching, "public, max-age=31536000, immutable", "{file}");
        } else {
            assert_eq!(caching, "no-cache", "{file}");
        }
    }
}

#[tokio::test]
async fn our_own_script_names_no_other_host() {
    let script = get("/docs/reference.js").await;
    assert!(!script.text().contains("http:") && !script.text().contains("https:"));
    assert!(script.text().contains("validatorUrl: null"), "the default asks a public host");
    assert!(script.text().contains("persistAuthorization: false"), "tokens stay out of storage");
}

#[tokio::test]
async fn nothing_is_sent_again_to_those_who_have_it() {
    let page = page().await;
    for path in fetched(page.text()).into_iter().chain(["docs"]) {
        assert_conditional(&format!("/{path}"), "gzip").await;
        assert_conditional(&format!("/{path}"), "gzip, br").await;
    }
}

#[tokio::test]
async fn a_trailing_slash_leads_to_the_page() {
    let answer = get("/docs/").await;
    assert_eq!(answer.status, StatusCode::PERMANENT_REDIRECT);
    assert_eq!(answer.header(&header::LOCATION), "../docs");
}

#[tokio::test]
async fn the_plain_and_the_brotli_file_have_entity_tags_of_their_own() {
    let page = page().await;
    let vendored = fetched(page.text()).into_iter().filter(|file| file.contains("swagger-ui-"));
    for file in vendored.map(|file| format!("/{file}")) {
        let plain = get(&file).await;
        let brotli = get_with(&file, header::ACCEPT_ENCODING, "br").await;
        assert_ne!(plain.header(&header::ETAG), brotli.header(&header::ETAG), "{file}");

        let tag_of_the_other = plain.header(&header::ETAG);
        let headers = [(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, tag_of_the_other)];
        let answer = crate::request(axum::http::Method::GET, &file, &headers).await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
    }
}
