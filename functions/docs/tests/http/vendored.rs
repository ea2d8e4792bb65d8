//! The vendored files: as published, as recorded, and in both codings.

use std::{fmt::Write as _, fs, path::PathBuf};

use axum::http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::{get, get_with};

const SERVED: [&str; 2] = ["swagger-ui-bundle.js", "swagger-ui.css"];

fn assets() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets")
}

fn readme() -> String {
    fs::read_to_string(assets().join("README.md")).unwrap()
}

fn version() -> String {
    let readme = readme();
    let rest = readme.split_once("| version | `").unwrap().1;
    rest.split_once('`').unwrap().0.to_owned()
}

fn path(file: &str) -> String {
    format!("/docs/swagger-ui-{}/{file}", version())
}

#[test]
fn the_files_are_those_that_the_readme_records() {
    let files = fs::read_dir(assets().join("swagger-ui")).unwrap();
    let mut names: Vec<_> = files.map(|file| file.unwrap().file_name()).collect();
    names.sort();
    let rows: Vec<String> = names
        .iter()
        .map(|name| {
            let content = fs::read(assets().join("swagger-ui").join(name)).unwrap();
            let mut hash = String::new();
            for byte in Sha256::digest(&content) {
                write!(hash, "{byte:02x}").unwrap();
            }
            format!("| `{}` | {} | `{hash}` |", name.display(), content.len())
        })
        .collect();

    let readme = readme();
    let (_, table) = readme.split_once("| file | bytes | SHA-256 |\n|---|---|---|\n").unwrap();
    assert_eq!(table.lines().collect::<Vec<_>>(), rows, "scripts/vendor-docs.sh writes them");
}

#[tokio::test]
async fn whoever_takes_brotli_gets_it_and_it_is_the_same_file() {
    for file in SERVED {
        let plain = fs::read(assets().join("swagger-ui").join(file)).unwrap();
        let answer = get_with(&path(file), header::ACCEPT_ENCODING, "gzip, deflate, br").await;
        assert_eq!(answer.status, StatusCode::OK, "{file}");
        assert_eq!(answer.header(&header::CONTENT_ENCODING), "br", "{file}");
        assert_eq!(answer.header(&header::VARY), "accept-encoding", "{file}");
        assert!(answer.body.len() * 4 < plain.len(), "{file}");

        let mut unpacked = Vec::new();
        brotli_decompressor::BrotliDecompress(&mut answer.body.as_ref(), &mut unpacked).unwrap();
        assert!(unpacked == plain, "{file}");
    }
}

#[tokio::test]
async fn whoever_does_not_take_brotli_gets_the_file_as_it_is() {
    for file in SERVED {
        let plain = fs::read(assets().join("swagger-ui").join(file)).unwrap();
        for accepting in ["gzip, deflate", "br;q=0", "identity;q=0", "*", ""] {
            let answer = get_with(&path(file), header::ACCEPT_ENCODING, accepting).await;
            assert_eq!(answer.status, StatusCode::OK, "{file}, {accepting:?}");
            assert!(!answer.headers.contains_key(header::CONTENT_ENCODING), "{file}");
            assert_eq!(answer.header(&header::VARY), "accept-encoding", "{file}");
            assert!(answer.body == plain, "{file}, {accepting:?}");
        }
        assert!(get(&path(file)).await.body == plain, "{file}, no Accept-Encoding");
    }
}
