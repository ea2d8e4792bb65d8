//! What each function may do to the tables: what its methods take, and what `template.yaml` allows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{patterns::Group, proxy::Call, support::Template};

/// For each function, the IAM actions on each table and index.
pub(crate) type Policies = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What the methods that each function calls have been seen to take.
pub(crate) fn needed(groups: &[Group]) -> Policies {
    let mut policies = Policies::new();
    for row in groups.iter().flat_map(|group| &group.rows) {
        for function in row.used_by() {
            let policy = policies.entry(function).or_default();
            for access in row.calls.iter().flat_map(Call::accesses) {
                policy.entry(access.resource).or_default().insert(access.action);
            }
        }
    }
    policies
}

/// What the functions' roles allow.
pub(crate) fn granted(template: &Template) -> Policies {
    let mut policies = Policies::new();
    for (function, properties) in template.functions() {
        let role = properties["Role"]["Fn::GetAtt"].as_str().unwrap();
        let role = template.properties(role.strip_suffix(".Arn").unwrap());
        for statement in statements(role) {
            for action in one_or_many(&statement["Action"]).filter_map(Value::as_str) {
                let Some(action) = action.strip_prefix("dynamodb:") else { continue };
                for resource in one_or_many(&statement["Resource"]) {
                    let policy = policies.entry(function.to_owned()).or_default();
                    policy.entry(name(resource)).or_default().insert(action.to_owned());
                }
            }
        }
    }
    policies
}

fn statements(role: &Value) -> impl Iterator<Item = &Value> {
    let policies = role["Policies"].as_array().unwrap().iter();
    policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap())
}

fn one_or_many(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice).iter()
}

/// `users` for `!GetAtt UsersTable.Arn`, `users/index/purge` for
/// `!Sub ${UsersTable.Arn}/index/purge`. Anything else stands for itself.
fn name(resource: &Value) -> String {
    let table = |id: &str| id.strip_suffix("Table.Arn").map(str::to_lowercase);
    let name = if let Some(attribute) = resource["Fn::GetAtt"].as_str() {
        table(attribute)
    } else {
        let text = resource["Fn::Sub"].as_str().and_then(|text| text.strip_prefix("${"));
        let parts = text.and_then(|text| text.split_once('}'));
        parts.and_then(|(id, rest)| Some(table(id)? + rest))
    };
    name.unwrap_or_else(|| resource.to_string())
}
