//! `parley status`: how each part of a deployment is, as `GET /admin/status` tells it.
//!
//! Asked from here, with the operator's own permissions: it works while the API does not.

use std::{fmt, sync::Arc};

use admin::{Inspector, Overall, Status};
use serde::Serialize;
use serde_json::{Map, Value};
use shared::{config::Env, domain::Clock};

use super::Report;
use crate::Error;

/// How things are.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Seen(Status);

/// Asks all parts of the deployment `env`, for two seconds at most.
///
/// # Errors
/// A setting is missing or unusable. A part that can't be reached is no error: it is shown.
pub async fn status(env: &Env, clock: Arc<dyn Clock>) -> Result<Seen, Error> {
    Ok(Seen(Inspector::from_env(env, clock)?.status().await))
}

impl Report for Seen {
    fn exit_code(&self) -> u8 {
        u8::from(self.0.status != Overall::Ok)
    }
}

/// A row for each part, whatever parts there are: its name, its status, and what else it says.
impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Ok(Value::Object(parts)) = serde_json::to_value(&self.0) else {
            return Err(fmt::Error);
        };
        let mut rows = Vec::new();
        collect(&parts, "", &mut rows);
        let [names, states] =
            [0, 1].map(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
        write!(f, "{}", shown(&parts["status"]))?;
        for [name, state, rest] in &rows {
            let needs_attention = self.0.needs_attention.iter().any(|part| part == name);
            let mark = if needs_attention { '!' } else { ' ' };
            let row = format!("{mark} {name:<names$}  {state:<states$}  {rest}");
            write!(f, "\n{}", row.trim_end())?;
        }
        Ok(())
    }
}

/// The rows of `parts`, those of nested ones under their full names.
fn collect(parts: &Map<String, Value>, prefix: &str, rows: &mut Vec<[String; 3]>) {
    for (name, part) in parts {
        let Value::Object(members) = part else { continue };
        let name = format!("{prefix}{name}");
        if members.values().all(Value::is_object) {
            collect(members, &format!("{name}."), rows);
            continue;
        }
        let state = members.get("status").map(shown).unwrap_or_default();
        let rest = members.iter().filter(|(name, value)| *name != "status" && !value.is_null());
        let rest: Vec<_> = rest
            .map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)))
            .collect();
        rows.push([name, state, rest.join(", ")]);
    }
}

/// A value without JSON's quotes.
fn shown(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
