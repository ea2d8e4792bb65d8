//! The `RateLimit-Policy` and `RateLimit` headers (draft-ietf-httpapi-ratelimit-headers-10).

use axum::http::{HeaderMap, HeaderName, HeaderValue};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// One limit and how much of it is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// The policy's name: `daily` or `minute`.
    pub name: &'static str,
    /// Units of the whole window.
    pub quota: u32,
    /// The window, seconds.
    pub window: u64,
    /// Units left.
    pub remaining: u32,
    /// Seconds until the window ends.
    pub resets_in: u64,
}

/// All limits that apply to a request.
#[derive(Debug, Clone, Default)]
pub struct RateLimitHeaders(pub Vec<Allowance>);

impl RateLimitHeaders {
    /// As headers; none where no limit applies.
    #[must_use]
    pub fn to_headers(&self) -> HeaderMap {
        let list = |item: fn(&Allowance) -> String| {
            let items: Vec<_> = self.0.iter().map(item).collect();
            HeaderValue::try_from(items.join(", ")).ok().filter(|value| !value.is_empty())
        };
        let policy = list(|a| format!("\"{}\";q={};w={}", a.name, a.quota, a.window));
        let limit = list(|a| format!("\"{}\";r={};t={}", a.name, a.remaining, a.resets_in));
        [(POLICY, policy), (LIMIT, limit)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_structured_fields() {
        let daily =
            Allowance { name: "daily", quota: 5, window: 86_400, remaining: 4, resets_in: 60 };
        let minute =
            Allowance { name: "minute", quota: 120, window: 60, remaining: 119, resets_in: 7 };
        let headers = RateLimitHeaders(vec![daily, minute]).to_headers();
        assert_eq!(headers["ratelimit-policy"], "\"daily\";q=5;w=86400, \"minute\";q=120;w=60");
        assert_eq!(headers["ratelimit"], "\"daily\";r=4;t=60, \"minute\";r=119;t=7");
        assert!(RateLimitHeaders::default().to_headers().is_empty());
    }
}
