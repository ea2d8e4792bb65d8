//! API Gateway's event on its way into the routers of `docs` and `chatroom`.
//!
//! Input: the event. `$TOKEN` stands for a good access token.
#![no_main]

use base64::{Engine, engine::general_purpose::STANDARD};
use fuzz::{bounded, web};
use lambda_http::{Context, LambdaEvent, request::LambdaRequest};
use libfuzzer_sys::fuzz_target;
use shared::http::behind_gateway;
use tower::ServiceExt;

fuzz_target!(|input: &[u8]| bounded(input, |input| {
    let Ok(text) = str::from_utf8(input) else { return };
    let Ok(event) = serde_json::from_str(&web::with_token(text)) else { return };
    if !is_possible(&event) {
        return;
    }
    let event = LambdaEvent::new(event, Context::default());
    let Some(answer) = web::at_once(behind_gateway(web::router()).oneshot(event)) else { return };
    let answer = serde_json::to_value(answer.unwrap()).unwrap();
    let header = |name: &str| Some(answer["headers"][name].as_str()?.to_owned());
    let status = answer["statusCode"].as_u64().unwrap().try_into().unwrap();
    web::hold(status, header, answer["body"].as_str().unwrap_or_default().as_bytes());
}));

/// What the gateway itself makes nobody else can get wrong: the encoding of a body that is no text, and
/// the id of the request.
fn is_possible(event: &LambdaRequest) -> bool {
    let LambdaRequest::ApiGatewayV2(request) = event else { return false };
    let body = request.body.as_deref().unwrap_or_default();
    let id = request.request_context.request_id.as_deref().unwrap_or_default();
    (!request.is_base64_encoded || STANDARD.decode(body).is_ok())
        && id.bytes().all(|byte| byte.is_ascii_graphic())
}
