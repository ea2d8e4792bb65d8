//! `template.yaml` as CloudFormation would deploy it: with parameters, its conditions and rules
//! decided, and references resolved as far as they can be without AWS. `!Ref X` of a resource stays
//! `X`, `!GetAtt X.Arn` stays `X.Arn`.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Template;

/// The public keys that the stack's SSM parameter holds.
pub(crate) const PUBLIC_KEYS: &str = "JwtPublicKeysParameter";

/// A deployment that is not there.
pub(crate) struct Stack {
    template: Template,
    parameters: BTreeMap<String, String>,
}

impl Stack {
    /// With `given` parameters, and the defaults of all others.
    pub(crate) fn with(given: &[(&str, &str)]) -> Self {
        let template = Template::read();
        let mut parameters = BTreeMap::new();
        for (name, about) in template.0["Parameters"].as_object().unwrap() {
            if let Some(default) = about.get("Default") {
                parameters.insert(name.clone(), plain(default).unwrap());
            }
        }
        for (name, value) in given {
            assert!(template.0["Parameters"].get(name).is_some(), "there is no parameter {name}");
            parameters.insert((*name).to_owned(), (*value).to_owned());
        }
        Self { template, parameters }
    }

    /// As `samconfig.toml` deploys staging, with codes in the answer.
    pub(crate) fn staging() -> Self {
        Self::with(&[
            ("OtpDelivery", "response"),
            ("StripePriceId", "price_1"),
            (PUBLIC_KEYS, "{}"),
        ])
    }

    /// As it is deployed with all that can be switched on.
    pub(crate) fn production() -> Self {
        Self::with(&PRODUCTION)
    }

    pub(crate) fn template(&self) -> &Template {
        &self.template
    }

    /// Parameters without a value, which CloudFormation asks for.
    pub(crate) fn missing(&self) -> Vec<&str> {
        let known = self.template.0["Parameters"].as_object().unwrap().keys();
        known.filter(|name| !self.parameters.contains_key(*name)).map(String::as_str).collect()
    }

    /// What the rules have against the parameters, each in its own words.
    pub(crate) fn refusals(&self) -> Vec<&str> {
        let rules = self.template.0["Rules"].as_object().unwrap().values();
        rules
            .filter(|rule| rule.get("RuleCondition").is_none_or(|when| self.holds(when)))
            .flat_map(|rule| rule["Assertions"].as_array().unwrap())
            .filter(|assertion| !self.holds(&assertion["Assert"]))
            .map(|assertion| assertion["AssertDescription"].as_str().unwrap())
            .collect()
    }

    /// The environment variables of a function; its own, and those of all.
    pub(crate) fn environment(&self, function: &Value) -> BTreeMap<String, String> {
        let of_all = self.shared_environment();
        let own = function["Environment"]["Variables"].as_object().into_iter().flatten();
        let own = own.map(|(name, value)| (name.clone(), self.text(value).unwrap()));
        of_all.into_iter().chain(own).collect()
    }

    /// The environment variables of all functions.
    pub(crate) fn shared_environment(&self) -> BTreeMap<String, String> {
        let variables = &self.template.0["Globals"]["Function"]["Environment"]["Variables"];
        let variables = variables.as_object().unwrap().iter();
        variables.map(|(name, value)| (name.clone(), self.text(value).unwrap())).collect()
    }

    /// The statements of a role's own policies.
    pub(crate) fn statements(&self, role: &str) -> Vec<&Value> {
        let policies = self.template.properties(role)["Policies"].as_array().unwrap().iter();
        let statements =
            policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
        statements.filter_map(|statement| self.chosen(statement)).collect()
    }

    /// One value or several, as text.
    pub(crate) fn texts(&self, value: &Value) -> Vec<String> {
        let values = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        values.iter().map(|value| self.text(value).unwrap()).collect()
    }

    /// What a value comes to; none for `AWS::NoValue`.
    pub(crate) fn text(&self, value: &Value) -> Option<String> {
        let value = self.chosen(value)?;
        if let Some(text) = plain(value) {
            return Some(text);
        }
        if let Some(name) = value["Ref"].as_str() {
            return Some(self.named(name, &BTreeMap::new()));
        }
        if let Some(attribute) = value["Fn::GetAtt"].as_str() {
            return Some(attribute_of(attribute));
        }
        let sub = &value["Fn::Sub"];
        let (text, own) = match sub.as_array() {
            Some(parts) => (&parts[0], parts[1].as_object()),
            None => (sub, None),
        };
        let own = own.into_iter().flatten();
        let own = own.map(|(name, value)| (name.as_str(), self.text(value).unwrap())).collect();
        Some(self.substituted(text.as_str().unwrap_or_else(|| panic!("{value}")), &own))
    }

    /// The branch of an `!If`; anything else stands for itself, and `AWS::NoValue` for nothing.
    fn chosen<'a>(&'a self, value: &'a Value) -> Option<&'a Value> {
        match value.get("Fn::If") {
            Some(choice) => {
                let condition = choice[0].as_str().unwrap();
                let branch = if self.condition(condition) { &choice[1] } else { &choice[2] };
                self.chosen(branch)
            }
            None if value.get("Ref").is_some_and(|name| name == "AWS::NoValue") => None,
            None => Some(value),
        }
    }

    fn substituted(&self, text: &str, own: &BTreeMap<&str, String>) -> String {
        let mut parts = text.split("${");
        let mut result = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').unwrap();
            result += &self.named(name, own);
            result += rest;
        }
        result
    }

    /// What a name in a reference stands for.
    fn named(&self, name: &str, own: &BTreeMap<&str, String>) -> String {
        match name {
            "AWS::StackName" => "parley".to_owned(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::Region" => "eu-central-1".to_owned(),
            "AWS::AccountId" => "123456789012".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            _ if own.contains_key(name) => own[name].clone(),
            _ if name.contains('.') => attribute_of(name),
            _ => self.parameters.get(name).cloned().unwrap_or_else(|| name.to_owned()),
        }
    }

    fn condition(&self, name: &str) -> bool {
        self.holds(&self.template.0["Conditions"][name])
    }

    fn holds(&self, expression: &Value) -> bool {
        let (function, about) = expression.as_object().unwrap().iter().next().unwrap();
        match function.as_str() {
            "Condition" => self.condition(about.as_str().unwrap()),
            "Fn::Equals" => self.text(&about[0]) == self.text(&about[1]),
            "Fn::Not" => !self.holds(&about[0]),
            "Fn::Contains" => self.texts(&about[0]).contains(&self.text(&about[1]).unwrap()),
            other => panic!("{other} is not known here yet"),
        }
    }
}

/// What production is deployed with, everything switched on.
pub(crate) const PRODUCTION: [(&str, &str); 9] = [
    ("Stage", "production"),
    ("OtpDelivery", "sms"),
    (PUBLIC_KEYS, "{}"),
    ("FrontendUrl", "https://chat.example.com"),
    ("StripePriceId", "price_1"),
    ("SmsOriginationIdentity", "pool/pool-1"),
    ("SmsProtectConfigurationId", "protect-1"),
    ("CacheEnabled", "true"),
    ("AlarmEmail", "operator@example.com"),
];

fn attribute_of(attribute: &str) -> String {
    match attribute {
        // They stand in a URL.
        "Cache.Endpoint.Address" => "cache.example.com".to_owned(),
        "Cache.Endpoint.Port" => "6379".to_owned(),
        other => other.to_owned(),
    }
}

/// A value that stands for itself.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}
