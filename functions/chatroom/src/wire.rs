//! What goes over the wire: the JSON of chatrooms and messages, both ways.

use axum::extract::FromRequestParts;
use serde::{Deserialize, Serialize};
use shared::{
    domain::{
        Chatroom, ChatroomId, Message, MessageId, Side, Status,
        text::{Content, RoomName, SystemInstruction},
    },
    http::{Errors, Input, Problem, Time},
};
use utoipa::ToSchema;

/// A new chatroom.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewRoomBody {
    /// What to call it. "New chat" if it isn't given.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "AI Assistant")]
    pub name: Input<RoomName>,
}

/// A change of a chatroom: a field that is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct ChangeRoomBody {
    /// What to call it.
    #[serde(default)]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 100, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$", example = "Physics")]
    pub name: Input<RoomName>,
    /// What to tell the model before every conversation; `null` clears it.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 4000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$", example = "Answer in one sentence.")]
    pub system_instruction: Input<SystemInstruction>,
}

/// A new message.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct NewMessageBody {
    /// What to ask.
    #[serde(default)]
    #[schema(value_type = String, required = true, min_length = 1, max_length = 16000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$", example = "Explain quantum computing")]
    content: Input<Content>,
    /// The same as `content`, for older clients.
    #[serde(default)]
    #[schema(value_type = Option<String>, deprecated, min_length = 1, max_length = 16000, pattern = r"^[^\x00]*[^\s\x00][^\x00]*$")]
    text: Input<Content>,
}

impl NewMessageBody {
    /// The content, under either name.
    pub(crate) fn content(self) -> Result<Content, Problem> {
        let mut errors = Errors::default();
        let content = match (self.content, self.text) {
            (Input::Absent, Input::Absent) => errors.required("content", Input::Absent),
            (Input::Absent, text) => errors.required("text", text),
            (content, _) => errors.required("content", content),
        };
        errors.finish(content)
    }
}

/// A chatroom.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoomJson {
    /// Which one.
    #[schema(value_type = String, example = "01KAHB3V8C5QD6N9TXRW2E4GZM")]
    pub id: ChatroomId,
    /// What its owner calls it.
    #[schema(example = "AI Assistant")]
    pub name: String,
    /// What its owner tells the model before every conversation. Left out where there is nothing,
    /// and in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub system_instruction: Option<String>,
    /// When it was opened.
    pub created_at: Time,
    /// The last message, rename or change of instruction.
    pub updated_at: Time,
    /// The owner's last message; null before the first.
    pub last_message_at: Option<Time>,
}

impl From<Chatroom> for RoomJson {
    fn from(room: Chatroom) -> Self {
        Self {
            id: room.id,
            created_at: room.created_at().into(),
            name: room.name,
            system_instruction: room.system_instruction,
            updated_at: room.updated_at.into(),
            last_message_at: room.last_message_at.map(Time),
        }
    }
}

/// A chatroom with the latest page of its messages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoomWithMessagesJson {
    #[serde(flatten)]
    pub room: RoomJson,
    /// The latest messages, oldest first.
    pub messages: Vec<MessageJson>,
}

/// A message: fields that don't apply are left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MessageJson {
    /// Which one.
    #[schema(value_type = String, example = "01KAHB4T2N7Q3V5XJ8W6Y9ZC1D")]
    pub id: MessageId,
    /// The chatroom.
    #[schema(value_type = String, example = "01KAHB3V8C5QD6N9TXRW2E4GZM")]
    pub chatroom_id: ChatroomId,
    /// What it says.
    pub content: String,
    /// Whether the user wrote it, or the assistant.
    pub is_from_user: bool,
    /// Of a question: how far it has come. Of a reply: `failed` if it says that there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<StatusJson>, nullable = false)]
    pub status: Option<Status>,
    /// Of a reply: the question.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub reply_to: Option<MessageId>,
    /// Of a question that is settled: the reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false)]
    pub reply_id: Option<MessageId>,
    /// Of a reply: why the model stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "STOP")]
    pub finish_reason: Option<String>,
    /// Of a reply: what it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<UsageJson>, nullable = false)]
    pub usage: Option<shared::domain::Usage>,
    /// When it was sent.
    pub created_at: Time,
}

/// How far a message has come.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Status)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the domain's type, which knows nothing of OpenAPI")]
pub(crate) enum StatusJson {
    Pending,
    Answered,
    Failed,
}

/// Tokens that the model counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Usage)]
pub(crate) struct UsageJson {
    /// Of the prompt, history included.
    input_tokens: u64,
    /// Of the answer, thoughts included.
    output_tokens: u64,
}

impl From<Message> for MessageJson {
    fn from(message: Message) -> Self {
        let mut json = Self {
            id: message.id,
            chatroom_id: message.chatroom_id,
            created_at: message.created_at().into(),
            content: message.content,
            is_from_user: false,
            status: None,
            reply_to: None,
            reply_id: None,
            finish_reason: None,
            usage: None,
        };
        match message.side {
            Side::Question { status, reply_id } => {
                json.is_from_user = true;
                json.status = Some(status);
                json.reply_id = reply_id;
            }
            Side::Reply { reply_to, failed, finish_reason, usage } => {
                json.status = failed.then_some(Status::Failed);
                json.reply_to = Some(reply_to);
                json.finish_reason = finish_reason;
                json.usage = usage;
            }
        }
        json
    }
}

/// The ids in a path. What is no id can't be anybody's: 404.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RoomPath(pub ChatroomId);

/// The ids of a message's path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MessagePath(pub ChatroomId, pub MessageId);

impl<S: Send + Sync> FromRequestParts<S> for RoomPath {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|path| path.parse().ok()).ok_or_else(no_chatroom)?;
        note_room(id);
        Ok(Self(id))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for MessagePath {
    type Rejection = Problem;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        state: &S,
    ) -> Result<Self, Problem> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        let ids = path.ok().and_then(|axum::extract::Path((room, message))| {
            Some(Self(room.parse().ok()?, message.parse().ok()?))
        });
        let Self(room, message) = ids.ok_or_else(no_message)?;
        note_room(room);
        note_message(message);
        Ok(Self(room, message))
    }
}

/// Notes for the log which room a request is about.
pub(crate) fn note_room(room: ChatroomId) {
    tracing::Span::current().record("chatroom_id", tracing::field::display(room));
}

/// Notes for the log which message a request is about.
pub(crate) fn note_message(message: MessageId) {
    tracing::Span::current().record("message_id", tracing::field::display(message));
}

/// 404 for a room that isn't there, or not the caller's.
pub(crate) fn no_chatroom() -> Problem {
    Problem::not_found("chatroom")
}

/// 404 for a message that isn't there, or not the caller's.
pub(crate) fn no_message() -> Problem {
    Problem::not_found("message")
}
