//! The OpenAPI document: complete, and no looser or stricter than what is accepted.

use regex::Regex;
use serde_json::{Value, json};
use shared::domain::MobileNumber;

use crate::{App, NUMBER, answer::DOCUMENT};

fn schema(name: &str) -> &'static Value {
    &DOCUMENT["components"]["schemas"][name]
}

fn pattern(schema: &Value) -> Regex {
    Regex::new(schema["pattern"].as_str().unwrap()).unwrap()
}

#[test]
fn every_operation_documents_every_kind_of_answer() {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 10);
    for (path, operations) in paths {
        for (method, operation) in operations.as_object().unwrap() {
            let answers = operation["responses"].as_object().unwrap();
            let documents = |status: &str| answers.contains_key(status);
            assert!(documents("500") && documents("503"), "{method} {path}");
            let takes_json = operation["requestBody"].is_object();
            for status in ["400", "413", "415", "422"] {
                assert_eq!(documents(status), takes_json, "{method} {path}: {status}");
            }
            for (status, answer) in answers.iter().filter(|(status, _)| status.as_str() >= "400") {
                let content = &answer["content"]["application/problem+json"]["schema"];
                let body = "#/components/schemas/ProblemBody";
                assert_eq!(content["$ref"], body, "{method} {path}: {status}");
            }
            assert!(operation["security"].is_array(), "{method} {path}");
            assert!(operation["operationId"].is_string(), "{method} {path}");
        }
    }
}

#[test]
fn required_fields_are_marked_and_optional_ones_may_be_null() {
    for (name, required) in [
        ("SignupRequest", json!(["mobile_number"])),
        ("CodeRequest", json!(["mobile_number"])),
        ("GivenCode", json!(["mobile_number", "otp"])),
        ("Credentials", json!(["mobile_number", "password"])),
        ("RefreshRequest", json!(["refresh_token"])),
        ("PasswordReset", json!(["mobile_number", "otp", "new_password"])),
        ("PasswordChange", json!(["new_password"])),
        ("TokenPair", json!(["access_token", "token_type", "expires_in", "refresh_token"])),
        ("CodeSent", json!(["message", "expires_in"])),
    ] {
        assert_eq!(schema(name)["required"], required, "{name}");
    }
    let signup = &schema("SignupRequest")["properties"];
    for field in ["full_name", "email"] {
        assert_eq!(signup[field]["type"], json!(["string", "null"]), "{field}");
    }
    let password = signup["password"]["oneOf"].as_array().unwrap();
    assert!(password.contains(&json!({"type": "null"})), "{password:?}");
}

/// All texts of these characters, up to this length.
fn texts(characters: &str, longest: usize) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut last = all.clone();
    for _ in 0..longest {
        last = last
            .iter()
            .flat_map(|text| characters.chars().map(move |c| format!("{text}{c}")))
            .collect();
        all.extend(last.iter().cloned());
    }
    all
}

#[test]
fn the_pattern_of_a_mobile_number_is_what_is_accepted() {
    let pattern = pattern(schema("MobileNumber"));
    let mut accepted = 0;
    for around in texts("+ -(1x\n\u{1c}\u{3000}\u{feff}", 3) {
        for digits in
            ["", "1234567", "12345678", "1234-(567) 8", "123456789012345", "1234567890123456"]
        {
            for text in [format!("{around}{digits}"), format!("{digits}{around}")] {
                let good = MobileNumber::parse(&text).is_ok();
                assert_eq!(pattern.is_match(&text), good, "{text:?}");
                accepted += usize::from(good);
            }
        }
    }
    assert!(accepted > 100, "{accepted}");
}

#[tokio::test]
async fn the_patterns_of_codes_and_names_are_what_is_accepted() {
    let app = App::start().await;
    let code = pattern(schema("OtpCode"));
    for otp in ["123456", "000000", "12345", "1234567", "12345x", " 123456", "", "１２３４５６"]
    {
        let taken = app.verify(NUMBER, otp).await.status != 422;
        assert_eq!(code.is_match(otp), taken, "{otp:?}");
    }
    let name = pattern(&schema("SignupRequest")["properties"]["full_name"]);
    for text in
        ["A", " A ", "", " ", "\u{3000}", "a\nb", "a\u{7f}", "a\u{85}b", "Ada 👩", "\u{200b}"]
    {
        let taken = app.signup(json!({"full_name": text})).await.status == 201;
        assert_eq!(name.is_match(text), taken, "{text:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_no_object_of_ours_is_refused_as_documented() {
    let app = App::start().await;
    for (path, operations) in DOCUMENT["paths"].as_object().unwrap() {
        if !operations["post"]["requestBody"].is_object() {
            continue;
        }
        for body in [json!([]), json!("text"), json!(7), json!(null)] {
            let answer = app.post(path, &body).await;
            assert!(matches!(answer.status, 401 | 422), "{answer}");
        }
        app.post(path, &json!({"unknown": "x".repeat(70_000)})).await;
    }
}
