//! Chatrooms and messages: `/chatroom/*`.
//!
//! A message's way begins in [`send`]: one DynamoDB transaction, one SQS message, 202.

mod history;
mod rooms;
mod send;
mod state;
mod wire;

use axum::{
    Router,
    routing::{get, post},
};
use utoipa::OpenApi;

pub use state::State;

/// The routes, without the layers that every function has.
pub fn router(state: State) -> Router {
    Router::new()
        .route("/chatroom", post(rooms::create).get(rooms::list))
        .route(
            "/chatroom/{chatroom_id}",
            get(rooms::show).patch(rooms::change).delete(rooms::delete),
        )
        .route("/chatroom/{chatroom_id}/message", post(send::send))
        .route("/chatroom/{chatroom_id}/messages", get(history::list))
        .route("/chatroom/{chatroom_id}/messages/{message_id}", get(history::show))
        .with_state(state)
}

/// This function's part of the OpenAPI document.
#[derive(OpenApi)]
#[openapi(
    paths(
        rooms::create,
        rooms::list,
        rooms::show,
        rooms::change,
        rooms::delete,
        send::send,
        history::list,
        history::show
    ),
    tags((name = "chatrooms", description = "Conversations with the assistant"))
)]
pub struct ApiDoc;
