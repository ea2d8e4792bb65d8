//! The schemas of fields that several requests share, for the OpenAPI document. They say exactly
//! what the types that read these fields accept; nothing here runs.

use utoipa::ToSchema;

/// A mobile number: an optional `+` and 8 to 15 digits. Spaces, dashes and brackets are ignored.
// The long class is Unicode's White_Space: what `\s` stands for differs between dialects.
#[derive(ToSchema)]
#[schema(
    pattern = r"^[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*\+?[ ()-]*(?:[0-9][ ()-]*){8,15}[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$",
    example = "+14155550123"
)]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) struct MobileNumber(String);

/// A one-time code: six digits.
#[derive(ToSchema)]
#[schema(pattern = "^[0-9]{6}$", example = "482913")]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) struct OtpCode(String);

/// A password to be set: 8 to 128 characters, any of them.
#[derive(ToSchema)]
#[schema(min_length = 8, max_length = 128, format = Password, example = "correct horse battery")]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) struct NewPassword(String);

/// A password that was set.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128, format = Password, example = "correct horse battery")]
#[expect(dead_code, reason = "only its documentation is used")]
pub(crate) struct Password(String);
