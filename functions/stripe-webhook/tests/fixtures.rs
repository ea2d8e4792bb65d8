//! Events of every version of Stripe's API that an endpoint may still be set to: what is understood
//! of them, and that they pass with a signature. `fixtures/README.md` tells where they are from.

#![expect(clippy::unwrap_used, reason = "a helper that can't go on fails its test")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Deserialize;
use stripe_oracle::Webhook;
use stripe_webhook::{
    event::{About, Event},
    signature::Secrets,
};

/// A row of `expected.json`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    file: PathBuf,
    id: String,
    r#type: String,
    customer: Option<String>,
    subscription: Option<String>,
    checkout_session: Option<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn expected() -> Vec<Expected> {
    serde_json::from_slice(&fs::read(folder().join("expected.json")).unwrap()).unwrap()
}

#[test]
fn events_of_every_version_are_understood() {
    for expected in expected() {
        let body = fs::read(folder().join(&expected.file)).unwrap();
        let event = Event::parse(&body).unwrap();
        let About { customer, subscription, checkout_session } = event.about.clone();
        let file = expected.file.display();
        assert_eq!(event.id.as_str(), expected.id, "{file}");
        assert_eq!(event.kind, expected.r#type, "{file}");
        assert_eq!(customer.map(|id| id.to_string()), expected.customer, "{file}");
        assert_eq!(subscription.map(|id| id.to_string()), expected.subscription, "{file}");
        assert_eq!(checkout_session.map(|id| id.to_string()), expected.checkout_session, "{file}");
        assert_eq!(event.matters(), !expected.r#type.starts_with("v2."), "{file}");
    }
}

#[test]
fn events_of_every_version_pass_with_their_signature_only() {
    let secrets = Secrets::parse("whsec_of_the_fixtures").unwrap();
    let now: Timestamp = "2026-11-21T12:00:00Z".parse().unwrap();
    let mut headers: Vec<String> = Vec::new();
    for expected in expected() {
        let body = fs::read_to_string(folder().join(&expected.file)).unwrap();
        let header =
            Webhook::generate_test_header(&body, "whsec_of_the_fixtures", Some(now.as_second()));
        assert_eq!(
            secrets.verify(&header, body.as_bytes(), now),
            Ok(()),
            "{}",
            expected.file.display()
        );
        for other in &headers {
            assert!(
                secrets.verify(other, body.as_bytes(), now).is_err(),
                "{}",
                expected.file.display()
            );
        }
        headers.push(header);
    }
}

#[test]
fn every_fixture_is_expected() {
    let expected: BTreeSet<_> = expected().into_iter().map(|row| row.file).collect();
    let mut there = BTreeSet::new();
    for version in fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path()) {
        if version.is_dir() {
            for file in fs::read_dir(version).unwrap().map(|entry| entry.unwrap().path()) {
                there.insert(file.strip_prefix(folder()).unwrap().to_owned());
            }
        }
    }
    assert_eq!(there, expected);
    assert!(there.len() > 20);
}
