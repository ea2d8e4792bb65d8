//! Functions: each crate of `functions/` is deployed once, under its own name, into its own log.

use std::fs;

use serde_json::json;

use crate::{
    agree, set,
    support::{Template, root},
};

#[test]
fn every_function_is_deployed_from_its_own_folder() {
    let template = Template::read();
    let deployed = template.functions();
    let folders = fs::read_dir(root().join("functions")).unwrap();
    let folders = folders.map(|folder| folder.unwrap().file_name().into_string().unwrap());
    let names = set(deployed.iter().map(|(name, _)| *name));
    assert_eq!(names.len(), deployed.len(), "a folder is deployed twice: {deployed:?}");
    agree("CodeUri", &names, "functions/", &folders.collect());
}

#[test]
fn the_binary_that_is_built_is_the_crates_own() {
    let template = Template::read();
    for (name, _) in template.functions() {
        let built = &template.0["Resources"][id(name, "Function")]["Metadata"];
        assert_eq!(built["BuildMethod"], "rust-cargolambda", "{name}");
        assert_eq!(built["BuildProperties"]["Binary"], name, "{name}");
        let manifest = root().join("functions").join(name).join("Cargo.toml");
        let manifest = fs::read_to_string(manifest).unwrap();
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is another crate");
    }
}

#[test]
fn all_run_on_arm_under_a_role_and_a_log_of_their_own() {
    let template = Template::read();
    let globals = &template.0["Globals"]["Function"];
    assert_eq!(globals["Architectures"], json!(["arm64"]));
    assert_eq!(globals["Runtime"], "provided.al2023");
    assert_eq!(globals["Tracing"], "Active");
    for (name, function) in template.functions() {
        assert_eq!(function["Role"]["Fn::GetAtt"], format!("{}.Arn", id(name, "Role")));
        assert_eq!(function["LoggingConfig"]["LogGroup"]["Ref"], id(name, "Logs"));
        let logs = &template.properties(&id(name, "Logs"))["LogGroupName"]["Fn::Sub"];
        assert_eq!(*logs, format!("/aws/lambda/${{AWS::StackName}}/{name}"));
        for overridden in ["Architectures", "Runtime", "Tracing"] {
            assert!(function.get(overridden).is_none(), "{name} overrides {overridden}");
        }
    }
}

#[test]
fn no_log_is_kept_for_ever() {
    let template = Template::read();
    for (id, logs) in template.resources("AWS::Logs::LogGroup") {
        assert_eq!(logs["RetentionInDays"]["Ref"], "LogRetentionDays", "{id}");
    }
}

/// The id of a function's resource: `GeminiWorkerRole` for `gemini-worker`.
pub(crate) fn id(function: &str, resource: &str) -> String {
    let words = function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]);
    words.collect::<String>() + resource
}
