//! `GET /admin/status`.

use axum::{Json, extract::State};
use shared::{
    domain::{Caller, Role},
    http::{
        FromCaller, Problem, ProblemBody, Result,
        answers::{Failures, Protected},
    },
    store::Standing,
};

use crate::Status;

/// How each part of this deployment is
///
/// Every part is asked at once, and has two seconds. The answer is 200 however they are: what it says
/// of them is in `status` and `needs_attention`.
#[utoipa::path(
    get,
    path = "/admin/status",
    operation_id = "get_status",
    tag = "admin",
    security(("bearer" = [])),
    responses(
        (status = 200, description = "How the parts are", body = Status),
        (status = 403, description = "`forbidden`: only operators may see this",
            body = ProblemBody, content_type = "application/problem+json"),
        Protected,
        Failures,
    )
)]
pub(crate) async fn show(
    State(state): State<crate::State>,
    FromCaller(caller): FromCaller,
) -> Result<Json<Status>> {
    admit(&state, &caller).await?;
    Ok(Json(state.inspector.status().await))
}

/// Lets operators in. Nobody else costs a read.
async fn admit(state: &crate::State, caller: &Caller) -> Result<()> {
    let forbidden = || Problem::forbidden("forbidden", "Only operators may see this.");
    if caller.role_hint != Some(Role::Operator) {
        return Err(forbidden());
    }
    match state.inspector.store().standing(caller, Role::Operator).await? {
        Standing::Held => Ok(()),
        Standing::NotHeld => Err(forbidden()),
        Standing::Ended => Err(Problem::session_ended()),
    }
}
