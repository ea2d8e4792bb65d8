//! Signing up (`POST /auth/signup`), and what a password is worth that was given before anybody had
//! shown whose number it is: see `docs/adr/0002-signup-passwords.md`.

use axum::{Json, extract::State, http::StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use shared::{
    backoff::Backoff,
    domain::{
        MobileNumber, Tier, UserId,
        text::{Email, FullName},
    },
    http::{
        Errors, Input, JsonBody, Problem, ProblemBody, Result, Time,
        answers::{Failures, TakesJson},
        note_user,
    },
    store::{Account, Signup, SignupOutcome},
};
use utoipa::ToSchema;

use crate::{
    password::{NewPassword, Password},
    schemas,
};

/// How long an account waits for its number to be verified.
const UNVERIFIED_LIFE: SignedDuration = SignedDuration::from_hours(24);
/// How long a password given at signup waits for it.
const PASSWORD_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Who signs up.
#[derive(Deserialize, ToSchema)]
pub struct SignupRequest {
    /// The number to sign in with.
    #[serde(default)]
    #[schema(required, value_type = schemas::MobileNumber)]
    mobile_number: Input<MobileNumber>,
    /// A password to log in with, besides codes. It counts only if the number is verified within 15
    /// minutes, and no other signup of this number came without it.
    #[serde(default)]
    #[schema(value_type = Option<schemas::NewPassword>)]
    password: Input<NewPassword>,
    /// One line, not blank.
    #[serde(default)]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f][^\x00-\x1f\x7f-\x9f]*$",
        example = "Ada Lovelace")]
    full_name: Input<FullName>,
    /// Nothing is sent to it.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Email, max_length = 254,
        example = "ada@example.org")]
    email: Input<Email>,
}

/// An account that waits for its number to be verified.
#[derive(Serialize, ToSchema)]
pub struct NewUser {
    /// The user's id, a ULID.
    #[schema(value_type = String, pattern = "^[0-7][0-9A-HJKMNP-TV-Z]{25}$",
        example = "01KAHBJ4M2WQ8V1C0T3X5Y7Z9A")]
    id: UserId,
    /// E.164: `+` and 8 to 15 digits.
    #[schema(value_type = String, pattern = "^\\+[0-9]{8,15}$", example = "+14155550123")]
    mobile_number: MobileNumber,
    /// `null` if none is set.
    #[schema(required, value_type = Option<String>, example = "Ada Lovelace")]
    full_name: Option<FullName>,
    /// `null` if none is set.
    #[schema(required, value_type = Option<String>, example = "ada@example.org")]
    email: Option<Email>,
    /// What the user pays for.
    #[schema(value_type = String, pattern = "^basic$", example = "basic")]
    subscription_tier: Tier,
    /// When the account was opened.
    created_at: Time,
}

/// What a signup asks for, checked.
struct Wanted {
    number: MobileNumber,
    password: Option<NewPassword>,
    full_name: Option<FullName>,
    email: Option<Email>,
}

impl TryFrom<SignupRequest> for Wanted {
    type Error = Problem;

    fn try_from(request: SignupRequest) -> Result<Self> {
        let mut errors = Errors::default();
        let number = errors.required("mobile_number", request.mobile_number);
        let password = errors.optional("password", request.password);
        let full_name = errors.optional("full_name", request.full_name);
        let email = errors.optional("email", request.email);
        let number = errors.finish(number)?;
        Ok(Self { number, password, full_name, email })
    }
}

/// Sign up
///
/// Opens an account that nobody can use before its number is verified: ask for a code
/// (`POST /auth/send-otp`) and give it back (`POST /auth/verify-otp`). An account that is not
/// verified within 24 hours is forgotten. Until then its number can be signed up again; the later
/// name and address stand.
#[utoipa::path(
    post,
    path = "/auth/signup",
    operation_id = "signup",
    tag = "auth",
    security(()),
    request_body = SignupRequest,
    responses(
        (status = 201, description = "Signed up", body = NewUser),
        (status = 409, description = "`already_registered`: the number is a verified account's",
            body = ProblemBody, content_type = "application/problem+json"),
        TakesJson,
        Failures,
    )
)]
pub(crate) async fn signup(
    State(state): State<crate::State>,
    body: JsonBody<SignupRequest>,
) -> Result<(StatusCode, Json<NewUser>)> {
    let wanted = Wanted::try_from(body.value)?;
    let hash = match &wanted.password {
        Some(password) => Some(state.passwords.hash(password).await?),
        None => None,
    };
    let now = state.clock.now();
    // Most numbers are nobody's: whose it is otherwise, the store tells when it refuses.
    let mut owner = None;
    let mut tried = Backoff::default();
    loop {
        let before = match owner {
            Some(owner) => state.store.account(owner, now).await?,
            None => None,
        };
        if before.as_ref().is_some_and(|account| account.user.verified) {
            let detail = "This number has an account already. Sign in with a code.";
            return Err(Problem::conflict("already_registered", detail));
        }
        let (id, outcome) = save(&state, before.as_ref(), &wanted, hash.as_deref(), now).await?;
        let found = match outcome {
            SignupOutcome::Done => {
                note_user(id);
                return Ok((StatusCode::CREATED, Json(NewUser::new(id, wanted))));
            }
            SignupOutcome::Taken(owner) => Some(owner),
            SignupOutcome::Free => None,
        };
        // Nobody was quicker than a signup that only had to find out whose the number is.
        let is_news = owner.is_none() && found.is_some();
        if !is_news && !tried.again().await {
            return Err(Problem::unavailable("too many signups of one number at once"));
        }
        owner = found;
    }
}

impl NewUser {
    fn new(id: UserId, wanted: Wanted) -> Self {
        let Wanted { number: mobile_number, full_name, email, password: _ } = wanted;
        let created_at = id.created_at().into();
        Self { id, mobile_number, full_name, email, subscription_tier: Tier::Basic, created_at }
    }
}

/// Opens an account, or changes the unverified one that was there `before`.
async fn save(
    state: &crate::State,
    before: Option<&Account>,
    wanted: &Wanted,
    hash: Option<&str>,
    now: Timestamp,
) -> Result<(UserId, SignupOutcome)> {
    let same = match (before, &wanted.password) {
        (Some(before), Some(given)) => {
            let given = Password::from(given.clone());
            state.passwords.verify(&given, before.password_hash.as_deref()).await?
        }
        (Some(before), None) => before.password_hash.is_none(),
        (None, _) => true,
    };
    let contested = is_contested(before, same);
    let password = match before.filter(|_| same) {
        // The same again: it was given when it was first given.
        Some(before) => before.password_hash.as_deref().zip(before.signup_password_at),
        None => hash.map(|hash| (hash, now)),
    };
    let signup = Signup {
        mobile_number: &wanted.number,
        full_name: wanted.full_name.as_ref(),
        email: wanted.email.as_ref(),
        password: password.filter(|_| !contested),
        contested,
        now,
        expires_at: now.saturating_add(UNVERIFIED_LIFE).unwrap_or(now),
    };
    if let Some(before) = before {
        return Ok((before.user.id, state.store.sign_up_again(before, &signup).await?));
    }
    let id = state.ids.next(now);
    Ok((id, state.store.open_account(id, &signup).await?))
}

/// Whether the signups of a number differ in their passwords, one more included that brought the
/// `same` as the ones `before`. No password is another password than any.
fn is_contested(before: Option<&Account>, same: bool) -> bool {
    before.is_some_and(|before| before.contested || !same)
}

/// Whether the password given at signup stays when the number is verified at `now`. Whoever signed
/// up first may have been somebody else, who waits for the owner to verify the number: the password
/// has to be the only one that was ever given for it, and a young one.
pub(crate) fn keeps_password(account: &Account, now: Timestamp) -> bool {
    let young = |given: Timestamp| now.duration_since(given) < PASSWORD_LIFE;
    !account.contested && account.signup_password_at.is_some_and(young)
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::domain::{Ids, User};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_795_255_200 + minutes * 60).unwrap()
    }

    fn unverified(password_at: Option<Timestamp>, contested: bool) -> Account {
        Account {
            user: User {
                id: Ids::default().next(at(0)),
                mobile_number: MobileNumber::parse("+14155550123").unwrap(),
                full_name: None,
                email: None,
                tier: Tier::Basic,
                role: None,
                tally: None,
                last_counted: None,
                verified: false,
            },
            password_hash: password_at.map(|_| "hash".to_owned()),
            signup_password_at: password_at,
            contested,
            signups: 1,
            generation: 0,
            kept_session: None,
            ended_sessions: std::collections::HashSet::new(),
            billing: shared::store::Billing::default(),
        }
    }

    #[test]
    fn a_password_stays_for_whoever_verifies_the_number_soon() {
        let account = unverified(Some(at(0)), false);
        assert!(keeps_password(&account, at(0)));
        assert!(keeps_password(&account, at(14)));
        assert!(!keeps_password(&account, at(15)));
    }

    #[test]
    fn a_contested_password_never_stays() {
        assert!(!keeps_password(&unverified(Some(at(0)), true), at(0)));
    }

    #[test]
    fn there_is_nothing_to_keep_where_no_password_was_given() {
        assert!(!keeps_password(&unverified(None, false), at(0)));
    }

    #[test]
    fn once_contested_always_contested() {
        assert!(!is_contested(None, true));
        assert!(!is_contested(Some(&unverified(None, false)), true));
        assert!(is_contested(Some(&unverified(None, false)), false));
        assert!(is_contested(Some(&unverified(None, true)), true));
    }
}
