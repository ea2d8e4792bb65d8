//! A file that is part of the binary, and how HTTP serves it: conditional requests (RFC 9110,
//! section 13) and a choice of coding (section 12.5.3).
//!
//! Nothing is compressed, decompressed or hashed while the function runs.

use axum::{
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{IntoResponse, Response},
};

/// Kept for as long as a browser likes: the path names the version.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, but asked for again each time, which a 304 answers: a deployment shows at once.
const REVALIDATED: &str = "no-cache";

/// Scripts, styles and requests of this origin only, nothing inline, nothing in a frame. Swagger UI
/// draws its arrows from `data:` images.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";

const SECURITY: [(HeaderName, &str); 2] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::REFERRER_POLICY, "no-referrer"),
];

/// A file that is part of the binary.
pub(crate) struct Asset {
    /// Where it is served.
    pub(crate) path: &'static str,
    content_type: &'static str,
    caching: &'static str,
    /// Another value for another content.
    tag: u64,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
}

impl Asset {
    /// A file of this project, which another deployment may change. It is hashed by the compiler,
    /// whose `long_running_const_eval` lint refuses much more than half a megabyte.
    pub(crate) const fn own(
        path: &'static str,
        content_type: &'static str,
        content: &'static [u8],
    ) -> Self {
        let tag = fnv1a(content);
        Self { path, content_type, caching: REVALIDATED, tag, plain: content, brotli: None }
    }

    /// A file of somebody else's release, whose version is part of `path`, and the same file
    /// compressed.
    pub(crate) const fn vendored(
        path: &'static str,
        content_type: &'static str,
        plain: &'static [u8],
        brotli: &'static [u8],
    ) -> Self {
        // With its version, the path stands for the content, and is the shorter to hash.
        let tag = fnv1a(path.as_bytes());
        Self { path, content_type, caching: FOR_EVER, tag, plain, brotli: Some(brotli) }
    }

    /// The answer to a GET with these headers: 200 with the file as brotli or as it is, or 304.
    pub(crate) fn respond(&self, request: &HeaderMap) -> Response {
        let brotli = self.brotli.filter(|_| takes_brotli(request));
        let coding = if brotli.is_some() { "-br" } else { "" };
        let etag = format!("\"{:016x}{coding}\"", self.tag);

        let about = (
            SECURITY,
            [(header::CACHE_CONTROL, self.caching)],
            self.brotli.map(|_| [(header::VARY, "accept-encoding")]),
        );

        if names(request, &etag) {
            return (StatusCode::NOT_MODIFIED, about, [(header::ETAG, etag)]).into_response();
        }
        let coded = brotli.map(|_| [(header::CONTENT_ENCODING, "br")]);
        let content_type = [(header::CONTENT_TYPE, self.content_type)];
        (about, [(header::ETAG, etag)], content_type, coded, brotli.unwrap_or(self.plain))
            .into_response()
    }
}

/// Whether `Accept-Encoding` names brotli, and not with a weight of zero.
///
/// Everybody else gets the file as it is, whatever they ask for: RFC 9110 would also let us answer
/// 406, or send brotli to a client that has no such header, and neither helps anybody.
fn takes_brotli(request: &HeaderMap) -> bool {
    list(request, &header::ACCEPT_ENCODING).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|weight| weight.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case("br") && !refused
    })
}

/// Whether `If-None-Match` names this entity tag. The comparison is the weak one (RFC 9110,
/// section 13.1.2).
fn names(request: &HeaderMap, etag: &str) -> bool {
    list(request, &header::IF_NONE_MATCH)
        .any(|named| named == "*" || named.strip_prefix("W/").unwrap_or(named) == etag)
}

/// The members of a header whose value is a list, over all of its lines.
fn list<'a>(request: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = request.get_all(name).into_iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',').map(str::trim))
}

/// FNV-1a, 64 bits: tells one content from another, which is all that an entity tag has to do, and
/// is simple enough for the compiler to work out.
const fn fnv1a(content: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut rest = content;
    while let [byte, tail @ ..] = rest {
        hash = (hash ^ *byte as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = tail;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, axum::http::HeaderValue::from_static(value))])
    }

    #[test]
    fn brotli_goes_to_those_who_name_it() {
        for named in ["br", "gzip, deflate, br, zstd", "gzip;q=1.0, BR ; q=0.5", "br;q=0.001"] {
            assert!(takes_brotli(&request(header::ACCEPT_ENCODING, named)), "{named}");
        }
        for other in ["", "gzip", "identity", "*", "br;q=0", "br; q=0.000", "brotli", "gzip;q=br"] {
            assert!(!takes_brotli(&request(header::ACCEPT_ENCODING, other)), "{other}");
        }
        assert!(!takes_brotli(&HeaderMap::new()));
    }

    #[test]
    fn an_entity_tag_is_found_in_a_list_weak_or_strong() {
        for named in ["\"a\"", "W/\"a\"", "\"b\", \"a\"", "*"] {
            assert!(names(&request(header::IF_NONE_MATCH, named), "\"a\""), "{named}");
        }
        for other in ["", "a", "\"b\"", "\"a-br\""] {
            assert!(!names(&request(header::IF_NONE_MATCH, other), "\"a\""), "{other}");
        }
        assert!(!names(&HeaderMap::new(), "\"a\""));
    }

    #[test]
    fn another_content_or_version_has_another_tag() {
        let own = |content| Asset::own("/a", "text/plain", content).tag;
        assert_ne!(own(b"one"), own(b"two"));
        let vendored = |path| Asset::vendored(path, "text/plain", b"", b"").tag;
        assert_ne!(vendored("/lib-1.0/a"), vendored("/lib-1.1/a"));
        assert_ne!(vendored("/lib-1.0/a"), vendored("/lib-1.0/b"));
    }

    #[test]
    fn the_hash_is_fnv1a() {
        // Test vectors of the algorithm's authors (draft-eastlake-fnv).
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }
}
