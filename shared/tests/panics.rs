//! A panic in the log of a function: in a process of its own, since the hook is the process's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    process::Command,
};

use serde_json::Value;
use shared::telemetry;

const NAME: &str = "a_panic_is_a_line_with_the_ids_around_it_and_without_its_message";
const CHILD: &str = "PARLEY_TEST_PANICS";

#[test]
fn a_panic_is_a_line_with_the_ids_around_it_and_without_its_message() {
    if std::env::var_os(CHILD).is_some() {
        telemetry::init();
        let request = tracing::info_span!("request", request_id = "JKJa").entered();
        catch_unwind(AssertUnwindSafe(|| panic!("+14155550123 said hello"))).unwrap_err();
        drop(request);
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    assert!(child.status.success(), "{child:?}");
    let [out, err] = [child.stdout, child.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(!out.contains("4155550123") && !err.contains("4155550123"), "{out}{err}");
    // The test's name stands before it in the same line.
    let line = out.lines().find_map(|line| line.find('{').map(|at| &line[at..])).unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"panicked".into()));
    assert_eq!(line["request_id"], "JKJa");
    assert!(line["panic.location"].as_str().unwrap().contains("panics.rs:"), "{line}");
}
