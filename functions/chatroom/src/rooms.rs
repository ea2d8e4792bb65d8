//! Chatrooms: open, list, show, change, delete.

use axum::{
    Json,
    extract::{RawQuery, State as Of},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use shared::{
    cache::{Lookup, Version},
    domain::ChatroomId,
    http::{
        Cursor, Errors, FromCaller, IdempotencyKey, Input, JsonBody, PageQuery, Problem, Result,
        answers::{Failures, FindsOne, Protected, TakesJson, TakesQuery},
        fingerprint, key_reused, link_next,
    },
    store::{ChatroomChange, Claim, Created, Direction, FirstAnswer, NewChatroom},
};

use crate::{
    State,
    wire::{
        ChangeRoomBody, NewRoomBody, RoomJson, RoomPath, RoomWithMessagesJson, no_chatroom,
        note_room,
    },
};

const CACHE: HeaderName = HeaderName::from_static("x-cache");

/// How many messages are shown with a room.
const LATEST: u16 = 50;

/// A page of the list as it is kept in the cache.
#[derive(Serialize, Deserialize)]
struct KeptPage {
    body: String,
    next: Option<String>,
}

/// Open a chatroom
#[utoipa::path(
    post, path = "/chatroom", tag = "chatrooms", security(("bearer" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the first answer again, for 24 hours", min_length = 1, max_length = 255)),
    request_body = NewRoomBody,
    responses(
        (status = 201, description = "It is open", body = RoomJson, headers(("Location" = String))),
        TakesJson,
        Protected,
        Failures,
    )
)]
pub(crate) async fn create(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    (method, uri): (Method, Uri),
    key: Option<IdempotencyKey>,
    body: JsonBody<NewRoomBody>,
) -> Result<Response> {
    let mut errors = Errors::default();
    let name = errors.optional("name", body.value.name);
    errors.finish(Some(()))?;
    let id: ChatroomId = state.ids.next(state.clock.now());
    let name = name.unwrap_or_default();
    let room = RoomJson {
        id,
        name: name.as_str().to_owned(),
        system_instruction: None,
        created_at: id.created_at().into(),
        updated_at: id.created_at().into(),
        last_message_at: None,
    };
    let answer = FirstAnswer {
        location: format!("/chatroom/{id}"),
        body: serde_json::to_string(&room).map_err(Problem::internal)?,
    };
    let claim = key.map(|IdempotencyKey(key)| Claim {
        key,
        fingerprint: fingerprint(&method, uri.path(), &body.bytes),
        answer: answer.clone(),
    });
    let room = NewChatroom { id, name, claim };
    let opening = state.store.create_chatroom(&caller, &room);
    let answer = match state.cache.holding_lists(caller.user_id, opening).await? {
        Created::Done => {
            note_room(id);
            answer
        }
        Created::Replayed(first) => {
            if let Some(id) = first.id() {
                note_room(id);
            }
            first
        }
        Created::KeyReused => return Err(key_reused()),
        Created::SessionEnded => return Err(Problem::session_ended()),
    };
    created(StatusCode::CREATED, answer)
}

/// List the chatrooms, latest activity first
#[utoipa::path(
    get, path = "/chatroom", tag = "chatrooms", security(("bearer" = [])),
    params(
        ("limit" = Option<u16>, Query, description = "The size of a page, 50 by default", minimum = 1, maximum = 100),
        ("cursor" = Option<String>, Query, description = "From the `Link` header of the page before", min_length = 1, pattern = "^[A-Za-z0-9_-]+$")
    ),
    responses(
        (status = 200, description = "A page of them", body = [RoomJson], headers(
            ("Link" = Option<String>, description = "The next page, rel=\"next\""),
            ("X-Cache" = String, description = "HIT or MISS")
        )),
        TakesQuery,
        Protected,
        Failures,
    )
)]
pub(crate) async fn list(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RawQuery(query): RawQuery,
) -> Result<Response> {
    let mut page = PageQuery::new(query.as_deref());
    let limit = page.limit();
    let cursor: Option<Cursor> = page.place("cursor");
    page.finish()?;
    let user = caller.user_id;
    let field = format!("{limit}:{}", cursor.as_ref().map_or("", |Cursor(key)| key));
    let version = match state.cache.list(user, &field).await {
        Lookup::Hit(kept) => match serde_json::from_str::<KeptPage>(&kept) {
            Ok(kept) => {
                tracing::info!(CacheHits = 1, "listed from the cache");
                return Ok(listed(kept, limit, "HIT"));
            }
            // Kept by another version of this code: read anew.
            Err(_) => Version::unknown(),
        },
        Lookup::Miss(version) => version,
    };
    let cursor = cursor.as_ref().map(|Cursor(key)| key.as_str());
    let rooms = state.store.chatrooms(user, limit, cursor).await?;
    if state.cache.is_on() {
        tracing::info!(CacheMisses = 1, "listed from the table");
    }
    let json: Vec<_> = rooms.rooms.into_iter().map(RoomJson::from).collect();
    let page = KeptPage {
        body: serde_json::to_string(&json).map_err(Problem::internal)?,
        next: rooms.next.map(|key| Cursor(key).encode()),
    };
    let kept = serde_json::to_string(&page).map_err(Problem::internal)?;
    state.cache.keep_list(user, &field, version, &kept).await;
    Ok(listed(page, limit, "MISS"))
}

fn listed(page: KeptPage, limit: u16, cache: &'static str) -> Response {
    let mut headers = json();
    headers.insert(CACHE, HeaderValue::from_static(cache));
    let next = page.next.map(|cursor| format!("/chatroom?limit={limit}&cursor={cursor}"));
    if let Some(link) = next.as_deref().and_then(link_next) {
        headers.insert(header::LINK, link);
    }
    (headers, page.body).into_response()
}

/// Show a chatroom with its latest messages
#[utoipa::path(
    get, path = "/chatroom/{chatroom_id}", tag = "chatrooms", security(("bearer" = [])),
    params(("chatroom_id" = String, Path, description = "The chatroom")),
    responses(
        (status = 200, description = "The chatroom", body = RoomWithMessagesJson),
        FindsOne,
        Protected,
        Failures,
    )
)]
pub(crate) async fn show(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RoomPath(id): RoomPath,
) -> Result<Json<RoomWithMessagesJson>> {
    let (room, page) = tokio::join!(
        state.store.chatroom(caller.user_id, id),
        state.store.messages(id, Direction::Latest, LATEST),
    );
    let room = room?.ok_or_else(no_chatroom)?;
    let messages = page?.messages.into_iter().map(Into::into).collect();
    Ok(Json(RoomWithMessagesJson { room: room.into(), messages }))
}

/// Rename a chatroom, or change what the model is told in it
#[utoipa::path(
    patch, path = "/chatroom/{chatroom_id}", tag = "chatrooms", security(("bearer" = [])),
    params(("chatroom_id" = String, Path, description = "The chatroom")),
    request_body = ChangeRoomBody,
    responses(
        (status = 200, description = "As it is now", body = RoomJson),
        FindsOne,
        TakesJson,
        Protected,
        Failures,
    )
)]
pub(crate) async fn change(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RoomPath(id): RoomPath,
    JsonBody { value: body, .. }: JsonBody<ChangeRoomBody>,
) -> Result<Json<RoomJson>> {
    let mut errors = Errors::default();
    let name = match body.name {
        Input::Absent => None,
        // A room always has a name: there is nothing to clear.
        name => errors.required("name", name),
    };
    let system_instruction = errors.change("system_instruction", body.system_instruction);
    errors.finish(Some(()))?;
    let change = ChatroomChange { name, system_instruction };
    let now = state.clock.now();
    let write = Box::pin(state.store.change_chatroom(caller.user_id, id, &change, now));
    let room = state.write_rooms(&caller, write).await?;
    Ok(Json(room.ok_or_else(no_chatroom)?.into()))
}

/// Delete a chatroom and all that was said in it
#[utoipa::path(
    delete, path = "/chatroom/{chatroom_id}", tag = "chatrooms", security(("bearer" = [])),
    params(("chatroom_id" = String, Path, description = "The chatroom")),
    responses(
        (status = 204, description = "It is gone"),
        FindsOne,
        Protected,
        Failures,
    )
)]
pub(crate) async fn delete(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RoomPath(id): RoomPath,
) -> Result<StatusCode> {
    let now = state.clock.now();
    let deletion = Box::pin(state.store.delete_chatroom(caller.user_id, id, now));
    let was_there = state.write_rooms(&caller, deletion).await?;
    if was_there { Ok(StatusCode::NO_CONTENT) } else { Err(no_chatroom()) }
}

/// A body that is JSON already, with its `Location`.
pub(crate) fn created(status: StatusCode, answer: FirstAnswer) -> Result<Response> {
    let mut headers = json();
    let location = HeaderValue::try_from(answer.location).map_err(Problem::internal)?;
    headers.insert(header::LOCATION, location);
    Ok((status, headers, answer.body).into_response())
}

fn json() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(header::CONTENT_TYPE, json)])
}
