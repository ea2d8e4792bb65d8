//! Sending a message: durable first, queued second, answered later.

use std::time::Duration;

use axum::{
    Extension,
    extract::State as Of,
    http::{Method, StatusCode, Uri},
    response::Response,
};
use shared::{
    cache::Hold,
    domain::{Caller, ChatroomId, MessageId, Status, Tier, User, clock, text::Content},
    http::{
        Allowance, FromCaller, IdempotencyKey, JsonBody, Problem, ProblemBody, RateLimitHeaders,
        Result,
        answers::{Failures, FindsOne, Protected, TakesJson},
        fingerprint, key_reused,
    },
    queue::Job,
    store::{Claim, Denied, FirstAnswer, NewMessage, Sent},
    trace::Origin,
};
use tokio::time::timeout;

use crate::{
    State,
    rooms::created,
    wire::{MessageJson, NewMessageBody, RoomPath, no_chatroom, note_message},
};

const DAY: u64 = 86_400;
const MINUTE: i64 = 60;

/// How long the queue is waited for: the message is safe without it.
const QUEUEING: Duration = Duration::from_secs(2);

/// Send a message: it is accepted at once and answered in the background
#[utoipa::path(
    post, path = "/chatroom/{chatroom_id}/message", tag = "chatrooms", security(("bearer" = [])),
    params(
        ("chatroom_id" = String, Path, description = "The chatroom"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the first answer again, for 24 hours", min_length = 1, max_length = 255)
    ),
    request_body = NewMessageBody,
    responses(
        (status = 202, description = "Accepted: it will be answered, or say why not", body = MessageJson, headers(
            ("Location" = String, description = "The message"),
            ("RateLimit-Policy" = Option<String>, description = "The limits that apply (draft-ietf-httpapi-ratelimit-headers)"),
            ("RateLimit" = Option<String>, description = "What is left of them")
        )),
        (status = 429, description = "The day's quota is used up, or too many messages in a minute", body = ProblemBody<'static>, content_type = "application/problem+json", headers(
            ("Retry-After" = u64, description = "Seconds")
        )),
        FindsOne,
        TakesJson,
        Protected,
        Failures,
    )
)]
pub(crate) async fn send(
    Of(state): Of<State>,
    FromCaller(caller): FromCaller,
    RoomPath(room): RoomPath,
    Extension(origin): Extension<Origin>,
    (method, uri): (Method, Uri),
    key: Option<IdempotencyKey>,
    body: JsonBody<NewMessageBody>,
) -> Result<Response> {
    let content = body.value.content()?;
    let (rate, hold) = begin(&state, &caller).await?;
    let key = key.map(|IdempotencyKey(key)| (key, fingerprint(&method, uri.path(), &body.bytes)));
    let (accepted, sender) = tokio::join!(
        accept(&state, &caller, room, &content, key.as_ref()),
        sender(&state, &caller),
    );
    // Without an answer it may still be accepted: then the hold is left to end by itself.
    let (id, answer, sent) = accepted?;
    let job = Job { user_id: caller.user_id, chatroom_id: room, message_id: id };
    let queueing = async {
        if let Sent::Accepted = sent {
            note_message(id);
            queue(&state, &job, &origin).await;
        }
    };
    tokio::join!(queueing, state.cache.release_lists(hold));
    let limits = |used| headers(&state, sender.as_ref(), id, used, rate);
    let mut used = Used::WithThis;
    let answer = match sent {
        Sent::Accepted => answer,
        Sent::Replayed(first) => {
            used = Used::AsShown;
            if let Some(id) = first.id() {
                note_message(id);
            }
            first
        }
        Sent::DayOver(day) => {
            return Err(Problem::unavailable(format!("a message was counted on {day} already")));
        }
        Sent::Denied(Denied::OverQuota) => {
            tracing::info!(QuotaDenials = 1, "the day's quota is used up");
            return Err(over_quota(&state, id, &limits(Used::All)));
        }
        Sent::Denied(Denied::NoRoom) => return Err(no_chatroom()),
        Sent::Denied(Denied::KeyReused) => return Err(key_reused()),
        Sent::Denied(Denied::SessionEnded) => return Err(Problem::session_ended()),
    };
    let mut response = created(StatusCode::ACCEPTED, answer)?;
    response.headers_mut().extend(limits(used).to_headers());
    Ok(response)
}

/// Counts the message against the rate, and tells the cache that one is about to be saved: in one
/// round trip.
async fn begin(state: &State, caller: &Caller) -> Result<(Option<Rate>, Hold)> {
    let hold = state.cache.hold_lists(caller.user_id);
    match tokio::join!(check_rate(state, caller), hold) {
        (Ok(rate), hold) => Ok((rate, hold)),
        (Err(refused), hold) => {
            state.cache.release_lists(hold).await;
            Err(refused)
        }
    }
}

/// How far ahead of ours a clock may be, in seconds, for the day that it has begun to be ours too.
/// Whatever id this process makes from then on is of that day, whosever it is.
const SKEW: u64 = 60;

/// Accepts the message, under an id of the day that has begun meanwhile if need be. `key` is the
/// client's idempotency key, with the digest of this request.
async fn accept(
    state: &State,
    caller: &Caller,
    room: ChatroomId,
    content: &Content,
    key: Option<&(String, String)>,
) -> Result<(MessageId, FirstAnswer, Sent)> {
    let accept_as = async |id| {
        let answer = first_answer(room, id, content.as_str())?;
        let claim = key.map(|(key, fingerprint)| Claim {
            key: key.clone(),
            fingerprint: fingerprint.clone(),
            answer: answer.clone(),
        });
        let message = NewMessage { id, chatroom_id: room, content, claim };
        let sent = state.store.accept(caller, &message, &state.limits).await?;
        Ok((id, answer, sent))
    };
    let first = accept_as(state.ids.next(state.clock.now())).await?;
    let (_, _, Sent::DayOver(day)) = first else { return Ok(first) };
    let (now, midnight) = (state.clock.now(), clock::start_of(day));
    if clock::seconds_until(midnight, now) > SKEW {
        return Ok(first);
    }
    accept_as(state.ids.next(midnight.max(now))).await
}

fn first_answer(room: ChatroomId, id: MessageId, content: &str) -> Result<FirstAnswer> {
    let message = MessageJson {
        id,
        chatroom_id: room,
        content: content.to_owned(),
        is_from_user: true,
        status: Some(Status::Pending),
        reply_to: None,
        reply_id: None,
        finish_reason: None,
        usage: None,
        created_at: id.created_at().into(),
    };
    Ok(FirstAnswer {
        location: format!("/chatroom/{room}/messages/{id}"),
        body: serde_json::to_string(&message).map_err(Problem::internal)?,
    })
}

/// A message that can't be queued now is not lost: it is pending in the table, and the sweeper
/// queues what stays pending.
async fn queue(state: &State, job: &Job, origin: &Origin) {
    let outcome = match timeout(QUEUEING, state.queue.send(job, origin)).await {
        Ok(sent) => sent.map_err(|error| error.to_string()),
        Err(_) => Err("SQS: timed out".to_owned()),
    };
    match outcome {
        Ok(()) => tracing::info!(MessagesAccepted = 1, "accepted"),
        Err(error) => {
            tracing::warn!(MessagesAccepted = 1, error, "accepted, left to the sweeper to queue");
        }
    }
}

/// Who sends, for the headers alone: read beside the transaction, so that it costs no time, and
/// only where the token says Basic. A Pro user has no daily quota to tell of. Where it can't be
/// read, the message goes its way all the same, and the headers tell nothing of the day.
async fn sender(state: &State, caller: &Caller) -> Option<User> {
    state.limits.daily(caller.tier_hint)?;
    match state.store.account(caller.user_id, state.clock.now()).await {
        Ok(account) => account.map(|account| account.user),
        Err(error) => {
            tracing::warn!(%error, "the day's quota can't be told");
            None
        }
    }
}

/// One send counted against the sender's rate; none where no rate is enforced.
#[derive(Clone, Copy)]
struct Rate {
    count: u32,
    limit: u32,
    resets_in: u64,
}

/// The fair-use rate, by fixed windows of a minute. Without a cache it is not enforced.
async fn check_rate(state: &State, caller: &Caller) -> Result<Option<Rate>> {
    let Some(mut limit) = state.limits.per_minute(caller.tier_hint) else { return Ok(None) };
    let now = state.clock.now().as_second();
    let Some(count) = state.cache.count_send(caller.user_id, now / MINUTE).await else {
        return Ok(None);
    };
    if count > limit && caller.tier_hint == Tier::Basic {
        // The token may be older than an upgrade: ask before refusing.
        let account = state.store.account(caller.user_id, state.clock.now()).await?;
        let tier = account.map_or(Tier::Basic, |account| account.user.tier);
        match state.limits.per_minute(tier) {
            Some(actual) => limit = actual,
            None => return Ok(None),
        }
    }
    let resets_in = (MINUTE - now % MINUTE).unsigned_abs();
    let rate = Rate { count, limit, resets_in };
    if count > limit {
        tracing::info!(RateDenials = 1, "too many messages in a minute");
        let detail = format!("At most {limit} messages a minute.");
        let mut problem = Problem::too_many("rate_limited", detail, resets_in);
        for (name, value) in &RateLimitHeaders(vec![rate.allowance()]).to_headers() {
            problem = problem.with_header(name.clone(), value.clone());
        }
        return Err(problem);
    }
    Ok(Some(rate))
}

impl Rate {
    fn allowance(self) -> Allowance {
        Allowance {
            name: "minute",
            quota: self.limit,
            window: MINUTE.unsigned_abs(),
            remaining: self.limit.saturating_sub(self.count),
            resets_in: self.resets_in,
        }
    }
}

/// How much of the day's quota is used.
#[derive(Clone, Copy)]
enum Used {
    /// What the profile shows, and this message.
    WithThis,
    /// What the profile shows.
    AsShown,
    /// All of it.
    All,
}

fn headers(
    state: &State,
    sender: Option<&User>,
    id: MessageId,
    used: Used,
    rate: Option<Rate>,
) -> RateLimitHeaders {
    let tier = match (used, sender) {
        // Only Basic has a quota to be over.
        (Used::All, _) => Tier::Basic,
        (_, Some(user)) => user.tier,
        (_, None) => Tier::Pro,
    };
    let daily = state.limits.daily(tier).map(|quota| {
        let at = id.created_at();
        let used = match (used, sender) {
            (Used::WithThis, Some(user)) => used_with(user, id),
            (Used::AsShown, Some(user)) => used_by(user, id),
            _ => quota,
        };
        let remaining = quota.saturating_sub(used);
        let resets_in = clock::seconds_until(clock::end_of(clock::day(at)), at);
        Allowance { name: "daily", quota, window: DAY, remaining, resets_in }
    });
    RateLimitHeaders(daily.into_iter().chain(rate.map(Rate::allowance)).collect())
}

/// Units used by now, message `id` included: the profile was read beside the transaction, so it may
/// or may not show that one.
fn used_with(user: &User, id: MessageId) -> u32 {
    let used = used_by(user, id);
    if user.last_counted >= Some(id) { used } else { used + 1 }
}

fn used_by(user: &User, id: MessageId) -> u32 {
    user.tally.map_or(0, |tally| tally.used_on(clock::day(id.created_at())))
}

fn over_quota(state: &State, id: MessageId, limits: &RateLimitHeaders) -> Problem {
    let at = id.created_at();
    let retry_after = clock::seconds_until(clock::end_of(clock::day(at)), at);
    let quota = state.limits.basic_daily_messages;
    let detail = format!("The day's {quota} messages are used up. Pro has no daily limit.");
    let mut problem = Problem::quota_exceeded(detail, retry_after);
    for (name, value) in &limits.to_headers() {
        problem = problem.with_header(name.clone(), value.clone());
    }
    problem
}
