//! The `Link` header (RFC 8288), as far as pagination uses it.

use crate::Response;

/// The target of the link with this `rel`, as a whole URL, if the answer has one.
#[must_use]
pub fn link(response: &Response, rel: &str) -> Option<String> {
    let headers = response.headers().get_all("link");
    headers.iter().flat_map(|value| value.to_str().expect("Link is text").split(',')).find_map(
        |link| {
            let (target, parameters) = link.trim().split_once(';')?;
            let is_it = parameters
                .split(';')
                .filter_map(|parameter| parameter.trim().split_once('='))
                .any(|(name, value)| name == "rel" && value.trim_matches('"') == rel);
            is_it.then(|| response.resolve(target.trim_start_matches('<').trim_end_matches('>')))
        },
    )
}
