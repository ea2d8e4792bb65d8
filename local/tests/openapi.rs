//! Holds the committed OpenAPI document against the code. `make openapi` writes it anew.

use std::{env, fs, path::Path};

#[test]
fn the_committed_openapi_document_is_the_one_that_the_code_describes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../functions/docs/openapi.json");
    let mut document = local::openapi::document().to_pretty_json().unwrap();
    document.push('\n');
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, &document).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap();
    assert!(
        committed == document,
        "functions/docs/openapi.json is out of date: run `make openapi`"
    );
}
