//! Setting what is not for setting, by naming it in a body: whatever the tables call it.

use serde_json::{Value, json};
use tests::{Parley, User, random_number};

use super::everything_of;
use crate::tokens::Jws;

/// What a greedy client would like to be.
fn greed(victim: &User) -> Value {
    let victim = &Jws::read(&victim.token).claims["sub"];
    let mut body = json!({
        "id": victim, "user_id": victim, "sub": victim, "pk": victim, "sk": "profile",
        "chatroom_id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "owner": victim,
        "mobile_number": "+14155550100", "verified": true, "verified_at": 1,
        "role": "operator", "is_admin": true, "admin": true, "scope": "admin",
        "used": -1_000, "usage_day": "2000-01-01", "daily_message_count": -1_000,
        "daily_limit": 1_000_000, "resets_at": "2000-01-01T00:00:00Z", "tally": {"used": 0},
    });
    let more = json!({
        "subscription_tier": "pro", "tier": "pro", "pro_until": 4_000_000_000_i64,
        "status": "active", "current_period_end": "2099-01-01T00:00:00Z",
        "customer_id": "cus_1", "stripe_customer_id": "cus_1", "subscription_id": "sub_1",
        "password_hash": "x", "session_generation": 0, "kept_session": "x", "contested": false,
        "signups": 0, "deleted_at": null, "expires_at": 1, "purge_shard": 0, "billing_due": "0",
        "created_at": "2000-01-01T00:00:00Z", "last_message_at": "2000-01-01T00:00:00Z",
        "updated_at": "2000-01-01T00:00:00Z", "activity": "9999999999999#x",
        "messages": [{"content": "x"}], "__proto__": {"tier": "pro"}, "$set": {"tier": "pro"},
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_name_and_address_of_an_account_can_be_set() {
    let parley = Parley::start().await;
    let (user, victim) = (parley.user().await, parley.user().await);
    let before = (everything_of(&user).await, everything_of(&victim).await);
    let answer = user.patch("/user/me").json(&greed(&victim)).await.expect(200);
    assert_eq!(answer.json(), before.0[0], "{answer}");
    assert_eq!((everything_of(&user).await, everything_of(&victim).await), before);
    // Nor does a new token say more than the old one.
    let claims = |token: &str| {
        let mut claims = Jws::read(token).claims;
        for of_its_own in ["iat", "exp"] {
            claims.as_object_mut().unwrap().remove(of_its_own);
        }
        claims
    };
    let mut body = greed(&victim);
    body["refresh_token"] = json!(user.refresh_token);
    let next = parley.post("/auth/refresh").json(&body).await.signed_in(&parley, "");
    assert_eq!(claims(&next.token), claims(&user.token));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_what_a_signup_asks_for_can_be_set_by_signing_up_or_in() {
    let parley = Parley::start().await;
    let victim = parley.user().await;
    let before = everything_of(&victim).await;
    let number = random_number();
    let signup = parley.signup(&number, greed(&victim)).await.expect(201);
    assert_eq!(signup.json()["mobile_number"], number, "{signup}");
    assert_eq!(signup.json()["subscription_tier"], "basic", "{signup}");
    assert_ne!(signup.json()["id"], before[0]["id"], "{signup}");
    // Nobody has verified it, whatever it says.
    parley.signup(&number, json!({})).await.is(201);

    let mut body = greed(&victim);
    body["mobile_number"] = json!(number);
    body["otp"] = json!(parley.login_code(&number).await);
    let user = parley.post("/auth/verify-otp").json(&body).await.signed_in(&parley, &number);
    let me = user.get("/user/me").await.expect(200);
    assert_eq!(me.json()["id"], signup.json()["id"], "{me}");
    assert_eq!(me.json()["subscription_tier"], "basic", "{me}");
    assert_eq!(me.json()["daily_message_count"], 0, "{me}");
    assert_eq!(me.json().get("role"), None, "{me}");
    user.get("/admin/status").await.is(403);
    assert_eq!(everything_of(&victim).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_name_and_instruction_of_a_room_can_be_set() {
    let parley = Parley::start().await;
    let (user, victim) = (parley.user().await, parley.user().await);
    let mut body = greed(&victim);
    body["name"] = json!("Mine");
    let opened = user.post("/chatroom").json(&body).await.expect(201);
    let room = opened.string("id");
    assert_ne!(room, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let before = user.get(&format!("/chatroom/{room}")).await.expect(200).json();
    for member in ["created_at", "updated_at", "last_message_at"] {
        assert!(!before[member].to_string().contains("2000-"), "{before}");
    }
    assert_eq!(before["messages"], json!([]));

    user.patch(&format!("/chatroom/{room}")).json(&greed(&victim)).await.is(200);
    let mut after = user.get(&format!("/chatroom/{room}")).await.expect(200).json();
    assert!(!after["updated_at"].to_string().contains("2000-"), "{after}");
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
    assert_eq!(user.rooms().await, [room]);
    assert_eq!(victim.rooms().await, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_names_their_own_price() {
    let Some(parley) = Parley::builder().start().await else { return };
    let (user, victim) = (parley.user().await, parley.user().await);
    let body = json!({
        "price": "price_free", "price_id": "price_free", "amount": 0, "quantity": 0,
        "customer": "cus_1", "mode": "setup", "trial_period_days": 730,
        "success_url": "https://evil.example.org/", "return_url": "https://evil.example.org/",
        "client_reference_id": greed(&victim)["id"], "metadata": greed(&victim),
    });
    let opened = user.post("/subscribe/pro").json(&body).await.expect(201);
    assert!(!opened.text().contains("evil"), "{opened}");
    for of in [&user, &victim] {
        let status = of.get("/subscribe/status").await.expect(200);
        assert_eq!(status.json()["tier"], "basic", "{status}");
    }
}
