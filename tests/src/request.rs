//! One request, built up and then awaited.

use std::{fmt::Display, future::IntoFuture};

use futures_util::{FutureExt, future::BoxFuture};
use reqwest::{RequestBuilder, header};
use serde_json::Value;

use crate::{Api, Response};

/// A request; `.await` sends it.
#[must_use = "a request does nothing unless it is awaited"]
pub struct Request {
    api: Api,
    builder: RequestBuilder,
    may_fail: bool,
}

impl Request {
    pub(crate) fn new(api: Api, builder: RequestBuilder) -> Self {
        Self { api, builder, may_fail: false }
    }

    fn map(self, with: impl FnOnce(RequestBuilder) -> RequestBuilder) -> Self {
        Self { builder: with(self.builder), ..self }
    }

    /// With a JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.api.never_log().sent(body);
        self.map(|builder| builder.json(body))
    }

    /// With a body of another kind, or of none.
    pub fn body(self, content_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.header(header::CONTENT_TYPE.as_str(), content_type).map(|builder| builder.body(body))
    }

    /// With a header.
    pub fn header(self, name: &str, value: impl Display) -> Self {
        self.map(|builder| builder.header(name, value.to_string()))
    }

    /// With an access token.
    pub fn token(self, token: &str) -> Self {
        self.map(|builder| builder.bearer_auth(token))
    }

    /// On a connection of its own: a server that refuses a body unread has to close the connection,
    /// and the next request on it would be lost.
    pub fn alone(self) -> Self {
        self.header(header::CONNECTION.as_str(), "close")
    }

    /// With an `Idempotency-Key`.
    pub fn key(self, key: &str) -> Self {
        self.api.never_log().secret(key);
        self.header("idempotency-key", key)
    }

    /// A 5xx is all right: what the server needs is out of order.
    pub fn may_fail(self) -> Self {
        Self { may_fail: true, ..self }
    }

    /// Sends it, where it is all right that no answer comes: the server is being killed.
    pub async fn try_send(self) -> Result<Response, reqwest::Error> {
        let (client, request) = self.builder.build_split();
        let request = request?;
        let method = request.method().clone();
        let response = client.execute(request).await?;
        let response = Response::read(method, response).await?;
        if let Some(body) = response.try_json() {
            self.api.never_log().received(&body);
        }
        response.obeys_the_rules_for_all(&self.api.never_shown(), self.may_fail);
        Ok(response)
    }
}

impl IntoFuture for Request {
    type Output = Response;
    type IntoFuture = BoxFuture<'static, Response>;

    fn into_future(self) -> Self::IntoFuture {
        async { self.try_send().await.unwrap_or_else(|error| panic!("no answer: {error:?}")) }
            .boxed()
    }
}
