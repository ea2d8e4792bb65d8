//! Routes: what the API lets through to which function, and how much of it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{agree, set, support::Template};

#[test]
fn every_documented_operation_has_a_route_and_nothing_else_reaches_a_function() {
    let document = serde_json::to_value(local::openapi::document()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let documented = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().keys();
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    // The files that the reference is made of are no operations.
    let expected: BTreeSet<_> = documented.chain(["GET /docs/{proxy+}".to_owned()]).collect();
    let template = Template::read();
    let routes: BTreeSet<_> =
        template.functions().into_iter().flat_map(|(_, function)| routes(function)).collect();
    agree("the API", &routes, "the code", &expected);
}

/// The routes that lead to a function, such as `GET /health`.
fn routes(function: &Value) -> Vec<String> {
    let events = function["Events"].as_object().unwrap().values();
    events
        .filter(|event| event["Type"] == "HttpApi")
        .map(|event| {
            let route = |name: &str| event["Properties"][name].as_str().unwrap_or("$default");
            format!("{} {}", route("Method"), route("Path"))
        })
        .collect()
}

#[test]
fn every_limit_of_a_route_is_of_one_that_there_is() {
    let template = Template::read();
    let routes: BTreeSet<_> =
        template.functions().into_iter().flat_map(|(_, function)| routes(function)).collect();
    let limited = template.properties("HttpApi")["RouteSettings"].as_object().unwrap();
    // API Gateway refuses a stage that names a route it hasn't got.
    let limited = set(limited.keys().map(String::as_str));
    assert!(limited.is_subset(&routes), "{:?}", limited.difference(&routes));
    let costly = routes.iter().filter(|route| {
        let what = route.strip_prefix("POST /auth/");
        what.is_some_and(|what| !["refresh", "logout"].contains(&what))
    });
    for route in costly {
        assert!(limited.contains(route), "{route} sends an SMS or hashes a password: limit it");
    }
}
