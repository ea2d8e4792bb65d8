//! A parameter store that holds SecureStrings, as the functions ask for them.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, Router, extract::State, http::HeaderMap, routing::post};
use serde_json::{Value, json};
use tokio::net::TcpListener;

type Held = Arc<BTreeMap<String, String>>;

/// Serves one that holds `parameters`, and gives its URL; gone with the test's runtime.
pub(super) async fn serve(parameters: BTreeMap<String, String>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().route("/", post(answer)).with_state(Arc::new(parameters));
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// `GetParameters`, the only action there is
/// (<https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html>).
async fn answer(State(held): State<Held>, headers: HeaderMap, body: String) -> Json<Value> {
    assert_eq!(headers["x-amz-target"], "AmazonSSM.GetParameters");
    let request: Value = serde_json::from_str(&body).unwrap();
    // What is not decrypted is no secret that anybody could use.
    assert_eq!(request["WithDecryption"], true);
    let names = request["Names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let (known, unknown): (Vec<_>, Vec<_>) = names.partition(|name| held.contains_key(*name));
    let parameter = |name: &str| json!({"Name": name, "Type": "SecureString", "Value": held[name]});
    let known: Vec<_> = known.into_iter().map(parameter).collect();
    Json(json!({"Parameters": known, "InvalidParameters": unknown}))
}
