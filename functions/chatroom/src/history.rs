//! What was said in a room, page by page.

use axum::{
    Json,
    extract::{RawQuery, State as Of},
    http::{HeaderMap, header},
};
use shared::{
    domain::{ChatroomId, Message},
    http::{
        FromCaller, PageQuery, Result,
        answers::{Failures, FindsOne, Protected, TakesQuery},
        links,
    },
    store::{Direction, MessagePage},
};

use crate::{
    State,
    wire::{MessageJson, MessagePath, RoomPath, no_chatroom, no_message},
};

/// List the messages of a chatroom, the newest page by default, oldest first within a page
#[utoipa::path(
    get, path = "/chatroom/{chatroom_id}/messages", tag = "chatrooms", security(("bearer" = [])),
    params(
        ("chatroom_id" = String, Path, description = "The chatroom"),
        ("limit" = Option<u16>, Query, description = "The size of a page, 50 by default", minimum = 1, maximum = 100),
        ("before" = Option<String>, Query, description = "Messages before this one; not together with `after`", pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"),
        ("after" = Option<String>, Query, description = "Messages after this one: what to poll with", pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$")
    ),
    responses(
        (status = 200, description = "A page of them", body = [MessageJson], headers(
            ("Link" = Option<String>, description = "Older messages, rel=\"prev\"; newer ones, rel=\"next\"")
        )),
        FindsOne,
        TakesQuery,
        Protected,
        Failures,
    )
)]
pub(crate) async fn list(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RoomPath(room): RoomPath,
    RawQuery(query): RawQuery,
) -> Result<(HeaderMap, Json<Vec<MessageJson>>)> {
    let mut parameters = PageQuery::new(query.as_deref());
    let limit = parameters.limit();
    let (before, after) = (parameters.place("before"), parameters.place("after"));
    if before.is_some() && after.is_some() {
        parameters.wrong("after", "can't be given together with before");
    }
    parameters.finish()?;
    let direction = match (before, after) {
        (Some(id), _) => Direction::Before(id),
        (None, Some(id)) => Direction::After(id),
        (None, None) => Direction::Latest,
    };
    // Asked for together; what the page holds is only shown if the room is the caller's.
    let (found, page) = tokio::join!(
        state.store.has_chatroom(caller.user_id, room),
        state.store.messages(room, direction, limit),
    );
    if !found? {
        return Err(no_chatroom());
    }
    let page = page?;
    let mut headers = HeaderMap::new();
    if let Some(links) = page_links(room, direction, limit, &page) {
        headers.insert(header::LINK, links);
    }
    Ok((headers, Json(page.messages.into_iter().map(Into::into).collect())))
}

/// Where older and newer messages are. Those that the page was cut from surely exist; those on the
/// side that the caller came from are linked too, since it came from there.
fn page_links(
    room: ChatroomId,
    direction: Direction,
    limit: u16,
    page: &MessagePage,
) -> Option<axum::http::HeaderValue> {
    let target = |side: &str, message: &Message| {
        format!("/chatroom/{room}/messages?limit={limit}&{side}={}", message.id)
    };
    let older = page.messages.first().map(|first| target("before", first));
    let newer = page.messages.last().map(|last| target("after", last));
    let (older, newer) = match direction {
        Direction::Latest => (older.filter(|_| page.more), None),
        Direction::Before(_) => (older.filter(|_| page.more), newer),
        Direction::After(_) => (older, newer.filter(|_| page.more)),
    };
    links(&[("prev", older), ("next", newer)])
}

/// Show one message: a question tells how far it has come
#[utoipa::path(
    get, path = "/chatroom/{chatroom_id}/messages/{message_id}", tag = "chatrooms", security(("bearer" = [])),
    params(
        ("chatroom_id" = String, Path, description = "The chatroom"),
        ("message_id" = String, Path, description = "The message")
    ),
    responses(
        (status = 200, description = "The message", body = MessageJson),
        FindsOne,
        Protected,
        Failures,
    )
)]
pub(crate) async fn show(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    MessagePath(room, id): MessagePath,
) -> Result<Json<MessageJson>> {
    let (found, message) =
        tokio::join!(state.store.has_chatroom(caller.user_id, room), state.store.message(room, id));
    let message = message?.filter(|_| matches!(found, Ok(true)));
    found?;
    Ok(Json(message.ok_or_else(no_message)?.into()))
}
