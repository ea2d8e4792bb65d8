//! Sign-in: mobile numbers proven by one-time codes, passwords, access and refresh tokens.
//!
//! Three rules go through all of it:
//! - An answer tells nobody whether a number has an account, neither by what it says nor by the
//!   time it takes. Signing up is the exception: who signs up has to learn that a number is taken.
//! - A guess is counted before it is looked at, so that parallel guesses can't outrun the bound.
//! - One-time codes and refresh tokens are kept as hashes only, and work once.

mod codes;
mod delivery;
mod keys;
mod login;
mod otp;
mod password;
mod passwords;
mod refresh_token;
mod refusals;
mod schemas;
mod sessions;
mod signup;
mod sms;
mod state;
mod tokens;

use axum::{
    Router,
    routing::{get, post},
};
use utoipa::OpenApi;

pub use codes::{CodeRequest, CodeSent};
pub use keys::{PublicKey, PublicKeys, public_keys_of};
pub use login::{Credentials, GivenCode};
pub use passwords::{Done, PasswordChange, PasswordReset};
pub use refresh_token::RefreshToken;
pub use sessions::RefreshRequest;
pub use signup::{NewUser, SignupRequest};
pub use state::State;
pub use tokens::TokenPair;

/// The routes of this function.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/auth/signup", post(signup::signup))
        .route("/auth/send-otp", post(codes::send_otp))
        .route("/auth/verify-otp", post(login::verify_otp))
        .route("/auth/login", post(login::login))
        .route("/auth/refresh", post(sessions::refresh))
        .route("/auth/logout", post(sessions::logout))
        .route("/auth/forgot-password", post(codes::forgot_password))
        .route("/auth/reset-password", post(passwords::reset))
        .route("/auth/change-password", post(passwords::change))
        .route("/.well-known/jwks.json", get(keys::jwks))
        .with_state(state)
}

/// What this function adds to the API's OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        signup::signup,
        codes::send_otp,
        login::verify_otp,
        login::login,
        sessions::refresh,
        sessions::logout,
        codes::forgot_password,
        passwords::reset,
        passwords::change,
        keys::jwks,
    ),
    tags((name = "auth", description = "Signing up, signing in, and staying signed in."))
)]
pub struct ApiDoc;
