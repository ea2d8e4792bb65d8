//! An SSM that keeps parameters, as far as `parley` asks it.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::post,
};
use serde_json::{Value, json};
use shared::config::Env;
use tokio::net::TcpListener;

use crate::world::World;

/// What every signed request is made with. It must never be printed.
pub(crate) const AWS_SECRET: &str = "secret access key of a test";

/// The parameters: type and value, by name.
type Held = BTreeMap<String, (String, String)>;

#[derive(Clone, Default)]
struct Shared {
    held: Arc<Mutex<Held>>,
    /// The operation that is refused, and the error's name.
    refused: Arc<Mutex<Option<(&'static str, &'static str)>>>,
}

/// A running SSM.
pub(crate) struct Ssm {
    shared: Shared,
    url: String,
}

impl Ssm {
    pub(crate) async fn start() -> Self {
        let shared = Shared::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().route("/", post(answer)).with_state(shared.clone());
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { shared, url }
    }

    /// The environment of an operator who is signed in to this AWS.
    pub(crate) fn process(&self) -> Env {
        Env::default()
            .with("AWS_REGION", "eu-central-1")
            .with("AWS_ACCESS_KEY_ID", "id")
            .with("AWS_SECRET_ACCESS_KEY", AWS_SECRET)
            .with("AWS_ENDPOINT_URL_SSM", &self.url)
    }

    /// The same, as variables.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "id".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", AWS_SECRET.to_owned()),
            ("AWS_ENDPOINT_URL_SSM", self.url.clone()),
        ]
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Holds the map of `world` as that of the stack `parley-test`.
    pub(crate) fn hold_map_of(&self, world: &World) {
        let map = fs::read_to_string(world.folder.path().join("operator.json")).unwrap();
        let mut map: BTreeMap<String, String> = serde_json::from_str(&map).unwrap();
        // A real one has parameters in place of secrets, and neither a region nor credentials.
        for name in ["AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            map.remove(name);
        }
        for secret in ["GEMINI_API_KEY", "STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET"] {
            let parameter = format!("/parley-test/{secret}");
            self.set(&parameter, &map.remove(secret).unwrap());
            map.insert(format!("{secret}_PARAMETER"), parameter);
        }
        self.set("/parley-test/operator", &json!(map).to_string());
    }

    pub(crate) fn set(&self, name: &str, value: &str) {
        let parameter = ("String".to_owned(), value.to_owned());
        self.shared.held.lock().unwrap().insert(name.to_owned(), parameter);
    }

    pub(crate) fn forget(&self, name: &str) {
        self.shared.held.lock().unwrap().remove(name).unwrap();
    }

    /// Refuses `operation` from here on.
    pub(crate) fn refuse(&self, operation: &'static str, error: &'static str) {
        *self.shared.refused.lock().unwrap() = Some((operation, error));
    }

    /// Does everything again.
    pub(crate) fn relent(&self) {
        *self.shared.refused.lock().unwrap() = None;
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.shared.held.lock().unwrap().keys().cloned().collect()
    }

    pub(crate) fn value(&self, name: &str) -> String {
        self.shared.held.lock().unwrap()[name].1.clone()
    }

    pub(crate) fn kind(&self, name: &str) -> String {
        self.shared.held.lock().unwrap()[name].0.clone()
    }
}

async fn answer(State(shared): State<Shared>, headers: HeaderMap, body: String) -> Response {
    let signature = headers["authorization"].to_str().unwrap();
    assert!(signature.contains("/eu-central-1/ssm/aws4_request"), "{signature}");
    let operation = headers["x-amz-target"].to_str().unwrap().strip_prefix("AmazonSSM.").unwrap();
    if let Some((refused, error)) = *shared.refused.lock().unwrap()
        && refused == operation
    {
        return failed(error);
    }
    let input: Value = serde_json::from_str(&body).unwrap();
    let text = |name: &str| input[name].as_str().unwrap().to_owned();
    let mut held = shared.held.lock().unwrap();
    if operation == "GetParameters" {
        let names = input["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let found: Vec<_> = names
            .filter_map(|name| Some(json!({ "Name": name, "Value": held.get(name)?.1 })))
            .collect();
        return Json(json!({ "Parameters": found })).into_response();
    }
    let name = text("Name");
    match operation {
        "GetParameter" => {
            assert_eq!(input["WithDecryption"], true);
            let Some((kind, value)) = held.get(&name) else { return failed("ParameterNotFound") };
            let parameter = json!({ "Name": name, "Type": kind, "Value": value });
            Json(json!({ "Parameter": parameter })).into_response()
        }
        "PutParameter" => {
            if held.contains_key(&name) && input["Overwrite"] != true {
                return failed("ParameterAlreadyExists");
            }
            held.insert(name, (text("Type"), text("Value")));
            Json(json!({ "Version": 1, "Tier": "Standard" })).into_response()
        }
        "DeleteParameter" => match held.remove(&name) {
            Some(_) => Json(json!({})).into_response(),
            None => failed("ParameterNotFound"),
        },
        other => panic!("{other}"),
    }
}

fn failed(error: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({ "__type": error, "message": "…" }))).into_response()
}
