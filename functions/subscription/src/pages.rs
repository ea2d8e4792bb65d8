//! The pages that Checkout comes back to. They grant nothing and show nothing of anybody: what was
//! paid is for Stripe to say.

use axum::{
    http::{HeaderName, header},
    response::Html,
};

/// The pages' style; the Content-Security-Policy allows it by its digest, and nothing else at all.
pub const STYLE: &str = "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:34rem;margin:15vh auto;\
padding:0 1rem;color-scheme:light dark}";

/// The digest of [`STYLE`] (a test holds the two together).
const POLICY: &str = "default-src 'none'; style-src \
    'sha256-FPec6c+3wXe0sYodtrVjwx23DelQCEguvtdzblL76LE='; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

type Page = ([(HeaderName, &'static str); 2], Html<String>);

/// The page after paying
#[utoipa::path(
    get,
    path = "/subscribe/success",
    operation_id = "show_success",
    tag = "subscription",
    security(()),
    responses((status = 200, description = "A page for people; it grants nothing", body = String, content_type = "text/html"))
)]
pub(crate) async fn success() -> Page {
    page(
        "Thank you",
        "Pro begins as soon as the payment is confirmed, usually within seconds. \
         You can close this page.",
    )
}

/// The page after leaving the checkout
#[utoipa::path(
    get,
    path = "/subscribe/cancel",
    operation_id = "show_cancel",
    tag = "subscription",
    security(()),
    responses((status = 200, description = "A page for people", body = String, content_type = "text/html"))
)]
pub(crate) async fn cancel() -> Page {
    page("Nothing was paid", "The checkout stays open for a while, should you change your mind.")
}

fn page(title: &str, text: &str) -> Page {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{title} – Parley</title><style>{STYLE}</style>\
         <h1>{title}</h1><p>{text}</p></html>\n"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        // The address holds the checkout session's id.
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, Html(html))
}
