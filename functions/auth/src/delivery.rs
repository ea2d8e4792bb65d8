//! How a one-time code reaches its user.

use std::time::Duration;

use jiff::Timestamp;
use shared::{
    aws::Aws,
    config::{ConfigError, Env},
    domain::MobileNumber,
    http::{FieldError, Problem, Result},
    store::{Purpose, Store},
};
use tokio::time::{Instant, sleep_until};

use crate::{
    otp::OtpCode,
    sms::{self, Sms},
};

/// Where SMS are sent, every answer takes this long, whether one was sent or not: the time would
/// tell whether the number has an account.
const ENVELOPE: Duration = Duration::from_millis(1_500);
/// Sending gives up this long after the request came, which leaves the rest some time.
const GIVE_UP: Duration = Duration::from_millis(1_400);

/// A code that was issued.
pub(crate) struct Issued<'a> {
    /// To whom.
    pub number: &'a MobileNumber,
    /// What for.
    pub purpose: Purpose,
    /// The code.
    pub code: &'a OtpCode,
    /// When the request for it came.
    pub came: Instant,
    /// The same, as a time of day.
    pub now: Timestamp,
}

/// How a one-time code reaches its user.
pub(crate) enum Delivery {
    /// In the answer itself: for development and tests.
    Response,
    /// In the log: for development and tests.
    Log,
    /// By SMS.
    Sms(Box<Sms>),
}

impl Delivery {
    /// From `OTP_DELIVERY`: `sms`, or outside of production (`STAGE`) `response` or `log`.
    pub(crate) fn from_env(env: &Env, aws: &Aws) -> std::result::Result<Self, ConfigError> {
        const NAME: &str = "OTP_DELIVERY";
        let delivery = match env.require(NAME)? {
            "sms" => return Ok(Self::Sms(Box::new(Sms::from_env(env, aws)?))),
            "response" => Self::Response,
            "log" => Self::Log,
            _ => return Err(ConfigError::invalid(NAME, "must be response, log or sms")),
        };
        if env.get("STAGE") == Some("production") {
            return Err(ConfigError::invalid(NAME, "production delivers by sms only"));
        }
        Ok(delivery)
    }

    /// Refuses a number that no SMS can reach, before one is paid for.
    pub(crate) fn accepts(&self, number: &MobileNumber) -> Result<()> {
        match self {
            Self::Sms(_) if !sms::can_reach(number) => Err(Problem::invalid(vec![FieldError {
                field: "mobile_number".to_owned(),
                message: "is no mobile number of any country".to_owned(),
            }])),
            _ => Ok(()),
        }
    }

    /// Delivers a code; what of it goes into the answer.
    pub(crate) async fn deliver<'a>(
        &self,
        store: &Store,
        issued: &Issued<'a>,
    ) -> Result<Option<&'a str>> {
        let Issued { number, purpose, code, came, now } = *issued;
        match self {
            Self::Response => {
                let purpose = purpose.as_str();
                tracing::info!(OtpSent = 1, otp.purpose = purpose, "a one-time code was answered");
                return Ok(Some(code.as_str()));
            }
            Self::Log => tracing::info!(
                OtpSent = 1,
                otp.purpose = purpose.as_str(),
                otp.code = code.as_str(),
                "a one-time code was issued"
            ),
            Self::Sms(sms) => {
                if store.account_of(number, now).await?.is_some() {
                    sms.send(number, purpose, code, came + GIVE_UP).await;
                }
                sleep_until(came + ENVELOPE).await;
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_env(variables: &[(&str, &str)]) -> std::result::Result<Delivery, ConfigError> {
        let env = Env::default()
            .with("AWS_REGION", "us-east-1")
            .with("AWS_ACCESS_KEY_ID", "test")
            .with("AWS_SECRET_ACCESS_KEY", "test");
        let env = variables.iter().fold(env, |env, (name, value)| env.with(name, *value));
        Delivery::from_env(&env, &Aws::from_env(&env).unwrap())
    }

    #[test]
    fn production_delivers_by_sms_only() {
        for delivery in ["response", "log"] {
            assert!(from_env(&[("OTP_DELIVERY", delivery), ("STAGE", "staging")]).is_ok());
            assert!(from_env(&[("OTP_DELIVERY", delivery), ("STAGE", "production")]).is_err());
        }
        let sms = [
            ("OTP_DELIVERY", "sms"),
            ("STAGE", "production"),
            ("SMS_ORIGINATION_IDENTITY", "pool-1"),
            ("SMS_PROTECT_CONFIGURATION_ID", "protect-1"),
        ];
        assert!(from_env(&sms).is_ok());
        assert!(from_env(&sms[..3]).is_err(), "without a bound on what is sent where");
    }

    #[test]
    fn delivery_has_to_be_chosen() {
        assert!(from_env(&[]).is_err());
        assert!(from_env(&[("OTP_DELIVERY", "pigeon")]).is_err());
    }
}
