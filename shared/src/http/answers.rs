//! The error answers that many endpoints have in common, for the OpenAPI document. The layers and
//! extractors of this module give them; nothing here runs.

use utoipa::IntoResponses;

use super::problem::ProblemBody;

/// What any endpoint may answer.
#[derive(IntoResponses)]
pub enum Failures {
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
pub enum TakesJson {
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

/// What any endpoint that asks for an access token may answer besides.
#[derive(IntoResponses)]
pub enum Protected {
    /// `missing_token`, `invalid_token`, or `session_ended`: sign in again
    #[response(
        status = 401,
        content_type = "application/problem+json",
        headers(("WWW-Authenticate" = String, description = "`Bearer` (RFC 6750)"))
    )]
    Unauthorized(ProblemBody<'static>),
}

/// What any endpoint with parameters in its query may answer besides.
#[derive(IntoResponses)]
pub enum TakesQuery {
    /// `validation_failed`, with all parameters that are wrong
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(ProblemBody<'static>),
}

/// What any endpoint may answer that is about one thing of the caller's.
#[derive(IntoResponses)]
pub enum FindsOne {
    /// `not_found`: it never was, is gone, or is somebody else's
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(ProblemBody<'static>),
}
