//! Reads a request as strictly as Google does.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::reply::Refusal;

/// Fields of `GenerateContentRequest`: <https://ai.google.dev/api/generate-content>.
const FIELDS: [&str; 8] = [
    "contents",
    "systemInstruction",
    "generationConfig",
    "safetySettings",
    "tools",
    "toolConfig",
    "cachedContent",
    "model",
];

/// What matters of a `GenerateContentRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    #[serde(default)]
    contents: Vec<Content>,
    system_instruction: Option<Content>,
    generation_config: Option<GenerationConfig>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    role: Option<String>,
    #[serde(default)]
    parts: Vec<Map<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    thinking_config: Option<ThinkingConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ThinkingConfig {
    thinking_level: Option<String>,
}

impl Request {
    /// Reads the body of `generateContent` or `streamGenerateContent`.
    pub(super) fn read(model: &str, body: &[u8]) -> Result<Self, Refusal> {
        let value: Value = serde_json::from_slice(body).map_err(|_| not_json())?;
        let request = Self::from_value(value)?;
        request.check(model)?;
        Ok(request)
    }

    /// Reads the body of `countTokens`, which may hold a whole request or only its contents.
    pub(super) fn read_to_count(body: &[u8]) -> Result<Self, Refusal> {
        let mut value: Value = serde_json::from_slice(body).map_err(|_| not_json())?;
        let inner = value.get_mut("generateContentRequest").map(Value::take);
        Self::from_value(inner.unwrap_or(value))
    }

    fn from_value(value: Value) -> Result<Self, Refusal> {
        let unknown = value
            .as_object()
            .and_then(|fields| fields.keys().find(|name| !FIELDS.contains(&name.as_str())));
        if let Some(name) = unknown {
            return Err(Refusal::invalid_argument(format!(
                "Invalid JSON payload received. Unknown name \"{name}\": Cannot find field."
            )));
        }
        serde_json::from_value(value)
            .map_err(|error| Refusal::invalid_argument(format!("Invalid value: {error}")))
    }

    fn check(&self, model: &str) -> Result<(), Refusal> {
        let invalid = |message: &str| Err(Refusal::invalid_argument(message));
        if self.contents.is_empty() {
            return invalid("* GenerateContentRequest.contents: contents is not specified");
        }
        if self.contents.iter().any(|content| !matches!(content.role(), "user" | "model")) {
            return invalid("Please use a valid role: user, model.");
        }
        let mut parts = self.contents.iter().map(|content| &content.parts);
        if parts.any(|parts| parts.is_empty() || parts.iter().any(Map::is_empty)) {
            return invalid("* GenerateContentRequest.contents.parts: parts must not be empty");
        }
        if self.contents.last().is_some_and(|last| last.role() != "user") {
            return invalid("Please ensure that the last turn is a user turn.");
        }
        let minimal = self.thinking_level().is_some_and(|l| l.eq_ignore_ascii_case("MINIMAL"));
        if minimal && (model.starts_with("gemini-3.7") || model.starts_with("gemini-3.8")) {
            return invalid("Thinking level MINIMAL is not supported for this model.");
        }
        Ok(())
    }

    fn thinking_level(&self) -> Option<&str> {
        self.generation_config.as_ref()?.thinking_config.as_ref()?.thinking_level.as_deref()
    }

    /// The text of the last turn.
    pub(super) fn question(&self) -> String {
        self.contents.last().map(Content::text).unwrap_or_default()
    }

    /// How many turns it shows.
    pub(super) fn turns(&self) -> usize {
        self.contents.len()
    }

    pub(super) fn has_system_instruction(&self) -> bool {
        self.system_instruction.is_some()
    }

    /// The tokens of all of it.
    pub(super) fn tokens(&self) -> usize {
        let contents = self.contents.iter().chain(&self.system_instruction);
        contents.map(|content| tokens(&content.text())).sum()
    }
}

impl Content {
    /// Left out, it is the user's.
    fn role(&self) -> &str {
        self.role.as_deref().unwrap_or("user")
    }

    fn text(&self) -> String {
        self.parts.iter().filter_map(|part| part.get("text")?.as_str()).collect()
    }
}

/// Google's rule of thumb: a token is about four characters.
pub(super) fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

fn not_json() -> Refusal {
    Refusal::invalid_argument("Invalid JSON payload received.")
}
