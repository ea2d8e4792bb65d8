//! The operator's map says of a deployment what its functions are told.

use std::collections::BTreeMap;

use local::operator::map::NAMES;

use crate::{agree, set, stack::Stack};

#[test]
fn an_operator_finds_what_the_functions_use() {
    for stack in [Stack::staging(), Stack::production()] {
        let map = stack.text(&stack.template().properties("OperatorParameter")["Value"]).unwrap();
        assert!(map.len() < 3_000, "a standard parameter holds 4 KB, and real names are longer");
        let map: BTreeMap<String, String> = serde_json::from_str(&map).unwrap();
        let names = map.keys().cloned().collect();
        agree("OperatorParameter", &names, "local::operator::map::NAMES", &set(NAMES));
        let functions = stack.template().functions();
        let told: Vec<_> =
            functions.iter().map(|(_, function)| stack.environment(function)).collect();
        for (name, value) in map.iter().filter(|(name, _)| *name != "API_URL") {
            let mut same = told.iter().filter_map(|environment| environment.get(name)).peekable();
            assert!(same.peek().is_some(), "no function has {name}");
            assert!(same.all(|told| told == value), "{name} is not what the functions have");
        }
        let held = map
            .keys()
            .find(|name| ["KEY", "SECRET", "PEPPER"].iter().any(|secret| name.ends_with(secret)));
        assert_eq!(held, None, "secrets are named, not held");
    }
}
