//! HTML by hand: little of it, nothing from elsewhere, and all that is shown escaped.

use std::fmt::Write as _;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    response::{Html, IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;\
padding:0 1rem;color:#1a1f36}h1{font-size:1.4rem}form{margin:.5rem 0}button{font:inherit;width:100%;\
padding:.6rem;border:1px solid #ccd;border-radius:.4rem;background:#f6f8fa;cursor:pointer}\
.main{background:#4b5bd7;color:#fff;border:0}.note{background:#fff3cd;padding:.6rem;border-radius:.4rem}\
dt{color:#697386}dd{margin:0 0 .5rem}small{color:#697386}";

/// A page that is being written.
pub(super) struct Page {
    body: String,
    /// Where its forms may lead, besides the stand-in itself: browsers hold redirects against it too.
    form_targets: Vec<String>,
}

impl Page {
    pub(super) fn new(title: &str) -> Self {
        let mut page = Self { body: String::new(), form_targets: Vec::new() };
        page.element("h1", title);
        page
    }

    /// An element with nothing but text in it.
    pub(super) fn element(&mut self, name: &str, text: &str) {
        self.push(format_args!("<{name}>{}</{name}>", escape(text)));
    }

    /// Something that has just happened, or can't.
    pub(super) fn note(&mut self, text: &str) {
        self.push(format_args!("<p class=\"note\">{}</p>", escape(text)));
    }

    /// Names and values.
    pub(super) fn facts(&mut self, facts: &[(&str, String)]) {
        self.push(format_args!("<dl>"));
        for (name, value) in facts {
            self.push(format_args!("<dt>{}</dt><dd>{}</dd>", escape(name), escape(value)));
        }
        self.push(format_args!("</dl>"));
    }

    /// A button that posts to `action`.
    pub(super) fn button(&mut self, action: &str, label: &str, is_main: bool) {
        let class = if is_main { " class=\"main\"" } else { "" };
        self.push(format_args!(
            "<form method=\"post\" action=\"{}\"><button{class}>{}</button></form>",
            escape(action),
            escape(label)
        ));
    }

    /// A link. Only addresses of the web, and of the stand-in's own pages, become one.
    pub(super) fn link(&mut self, url: &str, label: &str) {
        let is_own = url.starts_with('/') && !url.starts_with("//");
        if is_own || origin(url).is_some() {
            let (url, label) = (escape(url), escape(label));
            self.push(format_args!("<p><a href=\"{url}\">{label}</a></p>"));
        }
    }

    /// Forms may lead to `url`.
    pub(super) fn may_lead_to(&mut self, url: &str) {
        self.form_targets.extend(origin(url));
    }

    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        // Writing to a string can't fail.
        self.body.write_fmt(text).ok();
    }

    pub(super) fn into_response(self, status: StatusCode) -> Response {
        let html = format!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\">\
             <title>Parley: stand-in for Stripe</title><style>{STYLE}</style></head>\
             <body>{}<p><small>This is Parley's stand-in for Stripe. No money moves.</small></p>\
             </body></html>",
            self.body
        );
        (status, headers(&self.form_targets), Html(html)).into_response()
    }
}

fn headers(form_targets: &[String]) -> HeaderMap {
    let style = STANDARD.encode(Sha256::digest(STYLE));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' {}",
        form_targets.join(" ")
    );
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    set(header::CONTENT_SECURITY_POLICY, policy.trim_end());
    set(header::CACHE_CONTROL, "no-store");
    set(header::REFERRER_POLICY, "no-referrer");
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    headers
}

/// Scheme, host and port of an address of the web; none if it is not one, or holds what has no place
/// in a policy.
fn origin(url: &str) -> Option<String> {
    let uri: Uri = url.split(['?', '#', '{']).next()?.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?.as_str());
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let known = matches!(scheme, "http" | "https") && authority.chars().all(plain);
    known.then(|| format!("{scheme}://{authority}"))
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_no_more_than_scheme_host_and_port() {
        let known = "http://localhost:3000/subscribe/success?session_id={CHECKOUT_SESSION_ID}";
        assert_eq!(origin(known).as_deref(), Some("http://localhost:3000"));
        for other in ["javascript:alert(1)", "/relative", "http://a;b/", "http://u:p@host/", ""] {
            assert_eq!(origin(other), None, "{other}");
        }
    }
}
