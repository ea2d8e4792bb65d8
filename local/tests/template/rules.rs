//! Rules: what the template refuses to deploy. Each is tried, and so is what has to pass.

use std::fs;

use crate::{
    stack::{PRODUCTION, PUBLIC_KEYS, Stack},
    support::root,
};

#[test]
fn a_dangerous_production_is_refused() {
    for (name, value, why) in [
        ("OtpDelivery", "response", "one-time passwords go by SMS"),
        ("OtpDelivery", "log", "one-time passwords go by SMS"),
        ("SmsOriginationIdentity", "", "needs SmsOriginationIdentity"),
        ("SmsProtectConfigurationId", "", "needs SmsProtectConfigurationId"),
        ("FrontendUrl", "http://localhost:3000", "the real front end"),
        ("FrontendUrl", "http://localhost:5173", "the real front end"),
        ("StripeBaseUrl", "https://payments.example.com", "not by a stand-in"),
        ("GeminiBaseUrl", "http://localhost:3001", "not a stand-in"),
        ("GeminiBaseUrl", "https://models.example.com", "not a stand-in"),
        ("StripePriceId", local::stripe::DEFAULT_PRICE, "the stand-in for Stripe"),
        ("ValkeyUrl", "rediss://cache.example.com:6379", "choose one"),
    ] {
        let stack = Stack::with(&[&PRODUCTION[..], &[(name, value)]].concat());
        let refusals = stack.refusals();
        assert!(refusals.len() == 1 && refusals[0].contains(why), "{name}={value}: {refusals:?}");
    }
}

#[test]
fn a_production_with_its_cache_on_localhost_is_refused() {
    for host in ["localhost", "localhost:6379", "127.0.0.1", "127.0.0.1:6379"] {
        let url = format!("redis://{host}");
        let cache = [("CacheEnabled", "false"), ("ValkeyUrl", url.as_str())];
        let stack = Stack::with(&[&PRODUCTION[..], &cache].concat());
        assert_eq!(stack.refusals(), ["In production ValkeyUrl is no cache on localhost."]);
    }
}

#[test]
fn what_is_deployed_is_not_refused() {
    for stack in [Stack::staging(), Stack::production()] {
        assert_eq!(stack.refusals(), [""; 0]);
        assert_eq!(stack.missing(), [""; 0]);
    }
}

#[test]
fn each_stage_of_samconfig_passes_with_what_is_asked_for() {
    let asked_for =
        ["FrontendUrl", "StripePriceId", "SmsOriginationIdentity", "SmsProtectConfigurationId"];
    let config = fs::read_to_string(root().join("samconfig.toml")).unwrap();
    for stage in ["default", "production", "local"] {
        let section = config.split(&format!("[{stage}.deploy.parameters]")).nth(1).unwrap();
        let list = section.split("parameter_overrides = [").nth(1).unwrap();
        let pairs =
            list.split(']').next().unwrap().lines().filter_map(|line| {
                line.trim().strip_prefix('"')?.strip_suffix("\",")?.split_once('=')
            });
        let mut given: Vec<_> = pairs.collect();
        let asked = PRODUCTION.iter().filter(|(name, _)| {
            asked_for.contains(name) && !given.iter().any(|(known, _)| known == name)
        });
        given.extend(asked.collect::<Vec<_>>());
        let stack = Stack::with(&given);
        assert_eq!(stack.missing(), [""; 0], "{stage}");
        assert_eq!(stack.refusals(), [""; 0], "{stage}");
    }
}

#[test]
fn no_stack_has_another_ones_keys_by_default() {
    let stack = Stack::with(&[]);
    assert_eq!(stack.missing(), [PUBLIC_KEYS, "StripePriceId"]);
}
