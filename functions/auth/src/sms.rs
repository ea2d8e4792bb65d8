//! Codes by SMS: AWS End User Messaging.
//!
//! An SMS costs money, and whoever earns from it would like us to send many ("SMS pumping"). So the
//! number is held against its country's plan first, and the protect configuration says to which
//! countries anything is sent at all.

use rlibphonenumber::{PHONE_NUMBER_UTIL, enums::PhoneNumberType};
use serde_json::json;
use shared::{
    aws::{Aws, JsonService, Service},
    config::{ConfigError, Env},
    domain::MobileNumber,
    store::Purpose,
};
use tokio::time::Instant;

use crate::otp::{self, OtpCode};

/// AWS End User Messaging (<https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/>).
const SMS_VOICE: Service = Service {
    name: "sms-voice",
    variable: "PINPOINT_SMS_VOICE_V2",
    target: "PinpointSMSVoiceV2",
    version: "1.0",
};

/// Sends codes by SMS.
pub(crate) struct Sms {
    service: JsonService,
    origination_identity: String,
    protect_configuration_id: String,
}

impl Sms {
    /// From `SMS_ORIGINATION_IDENTITY` (a phone number, pool or sender id of the account) and
    /// `SMS_PROTECT_CONFIGURATION_ID`.
    pub(crate) fn from_env(env: &Env, aws: &Aws) -> Result<Self, ConfigError> {
        Ok(Self {
            service: JsonService::new(aws, SMS_VOICE)?,
            origination_identity: env.require("SMS_ORIGINATION_IDENTITY")?.to_owned(),
            protect_configuration_id: env.require("SMS_PROTECT_CONFIGURATION_ID")?.to_owned(),
        })
    }

    /// Sends `code`, or gives up at `deadline`. Once only: a second try could be a second SMS, and
    /// who got none asks again. A failure is for the log only: the answer is the same, or it would
    /// tell that the number has an account.
    pub(crate) async fn send(
        &self,
        number: &MobileNumber,
        purpose: Purpose,
        code: &OtpCode,
        deadline: Instant,
    ) {
        let message = json!({
            "DestinationPhoneNumber": number.as_str(),
            "OriginationIdentity": self.origination_identity,
            "ProtectConfigurationId": self.protect_configuration_id,
            "MessageType": "TRANSACTIONAL",
            "MessageBody": text(purpose, code),
            // Seconds. A dead code need not arrive any more.
            "TimeToLive": otp::LIFE.as_secs(),
        });
        let time_left = deadline.saturating_duration_since(Instant::now());
        match self.service.call("SendTextMessage", &message, time_left).await {
            Ok(_) => tracing::info!(
                OtpSent = 1,
                otp.purpose = purpose.as_str(),
                "a one-time code was sent by SMS"
            ),
            Err(error) => tracing::error!(
                OtpNotSent = 1,
                otp.purpose = purpose.as_str(),
                %error,
                "a one-time code could not be sent by SMS"
            ),
        }
    }
}

fn text(purpose: Purpose, code: &OtpCode) -> String {
    let what = match purpose {
        Purpose::Login => "sign-in code",
        Purpose::Reset => "code to set a new password",
    };
    format!(
        "{} is your Parley {what}. It is good for {} minutes. Don't share it with anyone.",
        code.as_str(),
        otp::LIFE.as_mins(),
    )
}

/// Whether `number` is one of its country's plan that takes SMS.
pub(crate) fn can_reach(number: &MobileNumber) -> bool {
    use PhoneNumberType::{FixedLineOrMobile, Mobile};
    PHONE_NUMBER_UTIL
        .parse(number.as_str(), None)
        .is_ok_and(|number| matches!(number.get_type(), Mobile | FixedLineOrMobile))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_that_take_sms_are_paid_for() {
        for (number, reaches) in [
            ("+14155552671", true),
            ("+919876543210", true),
            ("+4915123456789", true),
            ("+9876543210", false),    // no such country
            ("+1234567890", false),    // too short for its country
            ("+442071838750", false),  // a fixed line
            ("+19002345678", false),   // premium rate
            ("+8835100123456", false), // a network of no country
        ] {
            assert_eq!(can_reach(&MobileNumber::parse(number).unwrap()), reaches, "{number}");
        }
    }

    #[test]
    fn the_text_says_what_the_code_is_for() {
        let code = OtpCode::try_from("482913".to_owned()).unwrap();
        let login = text(Purpose::Login, &code);
        assert!(
            login.starts_with("482913 ") && login.contains("sign-in") && login.contains("5 min")
        );
        assert!(text(Purpose::Reset, &code).contains("new password"));
        assert!(login.len() <= 160 && login.is_ascii(), "one SMS is enough");
    }
}
