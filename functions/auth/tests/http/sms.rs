//! Codes by SMS: to known numbers only, and the time tells nothing.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use local::testing::Lines;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{App, NUMBER, UNKNOWN};

/// A stand-in for AWS End User Messaging.
#[derive(Clone)]
struct Messaging {
    does: Does,
    sent: Arc<Mutex<Vec<(HeaderMap, Value)>>>,
}

#[derive(Clone, Copy)]
enum Does {
    Send,
    Refuse,
    Hang,
}

impl Messaging {
    /// The function, with this for its messaging service.
    async fn that(does: Does) -> (Self, App) {
        let messaging = Self { does, sent: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(messaging.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let app = App::start_with(|env| {
            env.with("OTP_DELIVERY", "sms")
                .with("STAGE", "production")
                .with("SMS_ORIGINATION_IDENTITY", "pool-1")
                .with("SMS_PROTECT_CONFIGURATION_ID", "protect-1")
                .with("AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2", url)
        })
        .await;
        (messaging, app)
    }

    fn sent(&self) -> Vec<(HeaderMap, Value)> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

async fn receive(
    State(messaging): State<Messaging>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, Json<Value>) {
    messaging.sent.lock().unwrap().push((headers, serde_json::from_slice(&body).unwrap()));
    match messaging.does {
        Does::Send => (StatusCode::OK, Json(json!({"MessageId": "1"}))),
        Does::Refuse => (StatusCode::BAD_REQUEST, Json(json!({"__type": "ThrottlingException"}))),
        Does::Hang => std::future::pending().await,
    }
}

#[tokio::test]
async fn a_known_number_gets_an_sms_with_its_code() {
    let (messaging, app) = Messaging::that(Does::Send).await;
    app.signup(json!({})).await.expect(201);
    let answer = app.ask_for_code(NUMBER).await.expect(200);
    assert!(answer.json().get("otp").is_none(), "{answer}");
    let sent = messaging.sent();
    let [(headers, message)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(headers["x-amz-target"], "PinpointSMSVoiceV2.SendTextMessage");
    assert!(headers["authorization"].to_str().unwrap().contains("/sms-voice/aws4_request"));
    assert_eq!(message["DestinationPhoneNumber"], NUMBER);
    assert_eq!(message["OriginationIdentity"], "pool-1");
    assert_eq!(message["ProtectConfigurationId"], "protect-1");
    assert_eq!(message["MessageType"], "TRANSACTIONAL");
    assert_eq!(message["TimeToLive"], 300);
    let text = message["MessageBody"].as_str().unwrap();
    app.verify(NUMBER, &text[..6]).await.expect(200);
}

#[tokio::test]
async fn neither_answer_nor_time_tells_whether_an_sms_was_sent() {
    for does in [Does::Send, Does::Refuse, Does::Hang] {
        let (messaging, app) = Messaging::that(does).await;
        app.signup(json!({})).await.expect(201);
        let (log, _guard) = Lines::begin(app.clock.clone());
        let ask = async |number| {
            let began = Instant::now();
            let answer = app.ask_for_code(number).await.expect(200);
            (answer.json(), began.elapsed())
        };
        let ((known, one), (unknown, other)) = tokio::join!(ask(NUMBER), ask(UNKNOWN));
        assert_eq!(known, unknown);
        assert!(one.abs_diff(other) < Duration::from_millis(100), "{one:?}, {other:?}");
        assert!(one.min(other) >= Duration::from_millis(1_500), "{one:?}, {other:?}");
        let sent = messaging.sent();
        assert_eq!(sent.len(), 1, "one try");
        assert_eq!(sent[0].1["DestinationPhoneNumber"], NUMBER);
        // Only the log tells.
        let counted = if matches!(does, Does::Send) { "OtpSent" } else { "OtpNotSent" };
        log.assert_counted(&[(counted, 1)]);
    }
}

#[tokio::test]
async fn no_sms_is_paid_for_where_none_can_arrive() {
    let (messaging, app) = Messaging::that(Does::Send).await;
    for number in ["+1234567890", "+442071838750"] {
        let body = json!({"mobile_number": number});
        app.post("/auth/signup", &body).await.expect(201);
        for path in ["/auth/send-otp", "/auth/forgot-password"] {
            assert_eq!(app.post(path, &body).await.faulty_fields(), ["mobile_number"]);
        }
    }
    assert_eq!(messaging.sent().len(), 0);
}
