//! The OpenAPI document, put together from the functions' own parts.

use utoipa::{
    OpenApi,
    openapi::{
        InfoBuilder, LicenseBuilder, OpenApi as Document, ServerBuilder,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The whole document, OpenAPI 3.1.
#[must_use]
pub fn document() -> Document {
    let mut document = auth::ApiDoc::openapi();
    let parts = [
        user::ApiDoc::openapi(),
        chatroom::ApiDoc::openapi(),
        subscription::ApiDoc::openapi(),
        stripe_webhook::ApiDoc::openapi(),
        admin::ApiDoc::openapi(),
        docs::ApiDoc::openapi(),
    ];
    for part in parts {
        document.merge(part);
    }
    document.info = InfoBuilder::new()
        .title("Parley")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A chatroom backend: sign in with your mobile number, open a chatroom, send a message, \
             and Google Gemini answers in the background.\n\nEvery error is a problem detail \
             (RFC 9457) with a stable `code`.",
        ))
        .license(Some(LicenseBuilder::new().name("MIT OR Apache-2.0").build()))
        .build();
    document.servers = Some(vec![ServerBuilder::new().url("/").build()]);
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
    document
        .components
        .get_or_insert_default()
        .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    document
}
