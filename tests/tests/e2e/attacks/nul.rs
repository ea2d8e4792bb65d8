//! NUL in what people type: some readers end a text there, and some leave it out.

use serde_json::{Value, json};
use tests::{Parley, Request, User, random_number};

use super::{everything_of, goes_on};

const PASSWORD: &str = "correct horse battery";

/// A request that is right.
struct Right {
    method: &'static str,
    path: String,
    body: Value,
    /// What is answered to it.
    status: u16,
    /// The members of its body that take text, and what is answered if there is a NUL in one: a
    /// password may hold anything, and is then another one.
    texts: &'static [(&'static str, u16)],
}

impl Right {
    fn post(path: &str, body: Value, status: u16, texts: &'static [(&'static str, u16)]) -> Self {
        Self { method: "POST", path: path.to_owned(), body, status, texts }
    }

    fn patch(path: &str, body: Value, texts: &'static [(&'static str, u16)]) -> Self {
        Self { method: "PATCH", ..Self::post(path, body, 200, texts) }
    }

    fn with_body(&self, user: &User, body: &Value) -> Request {
        user.request(self.method.parse().unwrap(), &self.path).json(body)
    }

    /// The NUL is all that is wrong.
    async fn is_refused_with_a_nul(&self, user: &User) {
        for (member, status) in self.texts {
            let text = self.body[member].as_str().unwrap();
            let (start, end) = text.split_at(text.len() / 2);
            for spoilt in [format!("{start}\0{end}"), format!("\0{text}"), format!("{text}\0")] {
                let mut body = self.body.clone();
                body[member] = json!(spoilt);
                let answer = self.with_body(user, &body).await;
                answer.is(*status);
                if *status == 422 {
                    assert_eq!(answer.faulty_fields(), [*member], "{answer}");
                }
            }
        }
    }

    async fn is_taken_without(&self, user: &User) {
        self.with_body(user, &self.body).await.is(self.status);
    }
}

/// One for each endpoint that takes text, in an order in which none spoils the next.
async fn all(parley: &Parley, user: &User, room: &str) -> Vec<Right> {
    let body = json!({"new_password": PASSWORD});
    user.post("/auth/change-password").json(&body).await.is(200);
    let [nobodys, fresh, unverified] = [(); 3].map(|()| random_number());
    parley.signup(&unverified, json!({})).await.is(201);
    let otp = parley.login_code(&unverified).await;
    let number = &user.mobile_number;
    let reset = parley.reset_code(number).await;
    let person = json!({"mobile_number": fresh, "full_name": "Ada", "email": "ada@example.org"});
    let code = json!({"mobile_number": unverified, "otp": otp});
    let credentials = json!({"mobile_number": number, "password": PASSWORD});
    let reset = json!({"mobile_number": number, "otp": reset, "new_password": PASSWORD});
    let change = json!({"old_password": PASSWORD, "new_password": PASSWORD});
    let token = json!({"refresh_token": user.refresh_token});
    let profile = json!({"full_name": "Ada", "email": "ada@example.org"});
    let change_room = json!({"name": "Physics", "system_instruction": "Be brief."});
    let only_number = || json!({"mobile_number": nobodys});
    let [at_room, at_message] = ["", "/message"].map(|end| format!("/chatroom/{room}{end}"));
    let message = json!({"content": "Hello"});
    vec![
        Right::post(
            "/auth/signup",
            person,
            201,
            &[("mobile_number", 422), ("full_name", 422), ("email", 422)],
        ),
        Right::post("/auth/send-otp", only_number(), 200, &[("mobile_number", 422)]),
        Right::post("/auth/verify-otp", code, 200, &[("mobile_number", 422), ("otp", 422)]),
        Right::post("/auth/login", credentials, 200, &[("mobile_number", 422), ("password", 401)]),
        // It may hold anything, too: it is just none of ours.
        Right::post("/auth/refresh", token, 200, &[("refresh_token", 401)]),
        Right::post("/auth/forgot-password", only_number(), 200, &[("mobile_number", 422)]),
        Right::patch("/user/me", profile, &[("full_name", 422), ("email", 422)]),
        Right::post("/chatroom", json!({"name": "Mine, too"}), 201, &[("name", 422)]),
        Right::patch(&at_room, change_room, &[("name", 422), ("system_instruction", 422)]),
        Right::post(&at_message, message, 202, &[("content", 422)]),
        Right::post("/auth/change-password", change, 200, &[("old_password", 403)]),
        Right::post("/auth/reset-password", reset, 200, &[("mobile_number", 422), ("otp", 422)]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nul_is_no_part_of_a_text_wherever_it_stands() {
    let parley = Parley::start().await;
    let user = parley.user().await;
    let room = user.create_room("Mine").await;
    let all = all(&parley, &user, &room).await;
    let before = everything_of(&user).await;
    for right in &all {
        right.is_refused_with_a_nul(&user).await;
    }
    assert_eq!(everything_of(&user).await, before);
    for right in &all {
        right.is_taken_without(&user).await;
    }
    goes_on(&parley).await;
}
