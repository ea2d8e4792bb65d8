//! `template.yaml`, read as CloudFormation reads it for one deployment: what a function's
//! environment comes to.

use std::{collections::BTreeMap, fs, path::Path};

use serde_yaml_ng::Value as Yaml;

/// What a value of the template comes to, as text.
pub type Text = BTreeMap<String, String>;

/// A function, as it is deployed.
#[derive(Debug, Clone)]
pub struct Function {
    /// The name of its crate, of its binary and of its event.
    pub name: String,
    /// What invokes it: the type of its events, such as `HttpApi`.
    pub source: String,
    /// Seconds.
    pub timeout: String,
    /// MB.
    pub memory: String,
    /// What the template sets, and nothing else.
    pub environment: Text,
}

/// The template, and what only a deployment knows.
pub struct Deployment {
    template: Yaml,
    /// Parameters over their defaults.
    pub parameters: Text,
    /// What resources, pseudo parameters (`AWS::Region`) and attributes (`MessageQueue.Arn`) are.
    pub resources: Text,
    /// The SSM parameters that CloudFormation reads.
    pub stored: Text,
}

impl Deployment {
    /// One that gives no parameters and has no resources yet.
    #[must_use]
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let template = serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let (parameters, resources, stored) = Default::default();
        Self { template, parameters, resources, stored }
    }

    /// All functions.
    #[must_use]
    pub fn functions(&self) -> Vec<Function> {
        self.all_properties().map(|properties| self.function(properties)).collect()
    }

    /// The memory of the function of this name, MB.
    #[must_use]
    pub fn memory(&self, name: &str) -> u32 {
        let is_named = |properties: &&Yaml| self.name(properties) == name;
        let function = self.all_properties().find(is_named);
        let function = function.unwrap_or_else(|| panic!("no function {name}"));
        self.property(function, "MemorySize").parse().unwrap()
    }

    fn all_properties(&self) -> impl Iterator<Item = &Yaml> {
        let resources = self.template["Resources"].as_mapping().unwrap().values();
        let functions =
            resources.filter(|resource| resource["Type"] == "AWS::Serverless::Function");
        functions.map(|function| &function["Properties"])
    }

    /// A function's own setting, or that of all functions.
    fn property(&self, properties: &Yaml, name: &str) -> String {
        let of_all = || self.template["Globals"]["Function"].get(name);
        self.text(properties.get(name).or_else(of_all).unwrap()).unwrap()
    }

    fn name(&self, properties: &Yaml) -> String {
        self.property(properties, "CodeUri").strip_prefix("functions/").unwrap().to_owned()
    }

    fn function(&self, properties: &Yaml) -> Function {
        let globals = &self.template["Globals"]["Function"];
        let text = |name| self.property(properties, name);
        let mut events = properties["Events"].as_mapping().unwrap().values();
        Function {
            name: self.name(properties),
            source: events.next().unwrap()["Type"].as_str().unwrap().to_owned(),
            timeout: text("Timeout"),
            memory: text("MemorySize"),
            // As SAM merges them: the function's own over those of all functions.
            environment: [globals, properties]
                .into_iter()
                .filter_map(|of| of["Environment"]["Variables"].as_mapping())
                .flatten()
                .filter_map(|(name, value)| Some((self.text(name)?, self.text(value)?)))
                .collect(),
        }
    }

    /// What `value` comes to; none for `AWS::NoValue`.
    fn text(&self, value: &Yaml) -> Option<String> {
        match value {
            Yaml::String(text) => Some(text.clone()),
            Yaml::Number(number) => Some(number.to_string()),
            Yaml::Bool(flag) => Some(flag.to_string()),
            Yaml::Tagged(tagged) if tagged.tag == "Ref" => self.reference(tagged.value.as_str()?),
            Yaml::Tagged(tagged) if tagged.tag == "GetAtt" => {
                Some(self.known(tagged.value.as_str()?))
            }
            Yaml::Tagged(tagged) if tagged.tag == "Sub" => Some(self.substituted(&tagged.value)),
            Yaml::Tagged(tagged) if tagged.tag == "If" => {
                let holds = self.condition(tagged.value[0].as_str()?);
                self.text(&tagged.value[if holds { 1 } else { 2 }])
            }
            other => panic!("this test does not know what CloudFormation makes of {other:?}"),
        }
    }

    /// `!Ref name`.
    fn reference(&self, name: &str) -> Option<String> {
        if name == "AWS::NoValue" {
            return None;
        }
        let Some(parameter) = self.template["Parameters"].get(name) else {
            return Some(self.known(name));
        };
        let given = self.parameters.get(name).cloned();
        let value = given.or_else(|| self.text(parameter.get("Default")?));
        let value = value.unwrap_or_else(|| panic!("{name} has no default and was not given"));
        if parameter["Type"].as_str()?.starts_with("AWS::SSM::Parameter::Value") {
            let stored = self.stored.get(&value);
            return Some(stored.unwrap_or_else(|| panic!("SSM has no {value}")).clone());
        }
        Some(value)
    }

    /// What a deployment knows `name` as.
    fn known(&self, name: &str) -> String {
        let known = self.resources.get(name);
        known.unwrap_or_else(|| panic!("this test has nothing for {name}")).clone()
    }

    /// `!Sub text`, or `!Sub [text, names]`.
    fn substituted(&self, value: &Yaml) -> String {
        let (text, names) = match value {
            Yaml::Sequence(parts) => (&parts[0], parts.get(1)),
            text => (text, None),
        };
        let mut pieces = text.as_str().unwrap().split("${");
        let mut result = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap();
            let own = names.and_then(|names| names.get(name)).map(|value| self.text(value));
            result += &own.unwrap_or_else(|| self.reference(name)).unwrap_or_default();
            result += rest;
        }
        result
    }

    /// Whether the condition of this name holds.
    fn condition(&self, name: &str) -> bool {
        self.holds(&self.template["Conditions"][name])
    }

    fn holds(&self, condition: &Yaml) -> bool {
        let Yaml::Tagged(tagged) = condition else { panic!("no condition: {condition:?}") };
        let value = &tagged.value;
        let mut parts = value.as_sequence().into_iter().flatten();
        match tagged.tag.to_string().as_str() {
            "!Equals" => self.text(&value[0]) == self.text(&value[1]),
            "!Not" => !self.holds(&value[0]),
            "!And" => parts.all(|part| self.holds(part)),
            "!Or" => parts.any(|part| self.holds(part)),
            "!Condition" => self.condition(value.as_str().unwrap()),
            other => panic!("this test does not know the condition {other}"),
        }
    }
}
