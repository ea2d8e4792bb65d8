//! The MD5 digests that SQS returns, so that a client can see that its message arrived unharmed.

use std::{collections::BTreeMap, fmt::Write as _};

use md5::{Digest, Md5};

use super::message::{AttributeValue, MessageAttribute};

/// The digest of a message's body, in lower-case hexadecimal.
pub(super) fn of_body(body: &str) -> String {
    hexadecimal(&Md5::digest(body))
}

/// The digest of a message's attributes, in lower-case hexadecimal; `None` if there are none.
///
/// In the order of their names: length and bytes of name, data type and value, with one byte
/// before the value for its kind (SQS developer guide, "Calculating the MD5 message digest for
/// message attributes").
pub(super) fn of_attributes(attributes: &BTreeMap<String, MessageAttribute>) -> Option<String> {
    if attributes.is_empty() {
        return None;
    }
    let mut digest = Md5::new();
    for (name, attribute) in attributes {
        update_with_length(&mut digest, name.as_bytes());
        update_with_length(&mut digest, attribute.data_type.as_bytes());
        match &attribute.value {
            AttributeValue::String(text) => {
                digest.update([1]);
                update_with_length(&mut digest, text.as_bytes());
            }
            AttributeValue::Binary(bytes) => {
                digest.update([2]);
                update_with_length(&mut digest, bytes);
            }
        }
    }
    Some(hexadecimal(&digest.finalize()))
}

fn update_with_length(digest: &mut Md5, bytes: &[u8]) {
    // No message is longer than 1 MiB.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

/// `bytes` as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
