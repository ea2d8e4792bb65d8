//! The error answers of this function, for its OpenAPI document. The handlers, and the layers and
//! extractors of `shared::http`, give them; nothing here runs.

use shared::http::ProblemBody;
use utoipa::IntoResponses;

/// What any endpoint that takes a code may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) enum TakesCode {
    /// `invalid_code`: it is wrong, was used already or has expired, or there is no such account
    #[response(
        status = 401,
        content_type = "application/problem+json",
        headers(("WWW-Authenticate" = String, description = "`Bearer` (RFC 6750)"))
    )]
    InvalidCode(ProblemBody<'static>),

    /// `too_many_attempts`: five tries were wrong, this code is dead; ask for another one
    #[response(
        status = 429,
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds until the dead code is forgotten"))
    )]
    TooManyAttempts(ProblemBody<'static>),
}

/// What any endpoint that sends a code may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) enum SendsCode {
    /// `otp_too_soon`
    #[response(
        status = 429,
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds until another code can be sent"))
    )]
    TooSoon(ProblemBody<'static>),
}
