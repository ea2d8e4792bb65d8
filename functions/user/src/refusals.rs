//! The error answers of this function, for its OpenAPI document. The layers and extractors of
//! `shared::http` give them; nothing here runs.

use shared::http::ProblemBody;
use utoipa::IntoResponses;

/// What any endpoint that asks for an access token may answer.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) enum Protected {
    /// `missing_token`, `invalid_token`, or `session_ended`: sign in again
    #[response(
        status = 401,
        content_type = "application/problem+json",
        headers(("WWW-Authenticate" = String, description = "`Bearer` (RFC 6750)"))
    )]
    Unauthorized(ProblemBody<'static>),

    /// `internal`: something went wrong on our side
    #[response(status = 500, content_type = "application/problem+json")]
    Internal(ProblemBody<'static>),

    /// `unavailable`: the service is busy, nothing was lost; try again in a moment
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "Seconds to wait"))
    )]
    Unavailable(ProblemBody<'static>),
}

/// What any endpoint that takes a JSON body may answer besides.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) enum TakesJson {
    /// `invalid_json` or `unreadable_body`
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemBody<'static>),

    /// `body_too_large`: more than 64 KiB
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemBody<'static>),

    /// `unsupported_media_type`: not `application/json`
    #[response(status = 415, content_type = "application/problem+json")]
    UnsupportedMediaType(ProblemBody<'static>),

    /// `validation_failed`, with all fields that are wrong; or `not_an_object`
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(ProblemBody<'static>),
}
