//! Stripe's API, as far as Parley calls it: every call with a time-out, a bounded retry under one
//! idempotency key, and a decided failure.

use std::{collections::HashMap, time::Duration};

use secrecy::{ExposeSecret, SecretString};
use shared::{
    config::{ConfigError, Env},
    domain::{Checkout, CheckoutId, CustomerId, EventId, Subscription, UserId},
};
use stripe::StripeRequest;
use stripe_billing::{
    billing_portal_session::CreateBillingPortalSession,
    subscription::{ListSubscription, ListSubscriptionStatus},
};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, ExpireCheckoutSession,
    RetrieveCheckoutSession,
};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_core::customer::{CreateCustomer, DeleteCustomer, RetrieveCustomer};
use stripe_shared::CheckoutSessionMode;
use tokio::time::{Instant, timeout_at};

use crate::{answer, transport::Transport};

/// Bounds of one call: at most 3 attempts, and 8 s altogether.
const ATTEMPTS: u32 = 3;
const CALL: Duration = Duration::from_secs(8);
/// The least wait before the second attempt, doubled before each further one; up to as much again is
/// added at random. Never nothing: an attempt that has timed out holds its idempotency key for a while.
const FIRST_WAIT: Duration = Duration::from_millis(250);

/// A client of Stripe. Cloning it is cheap.
#[derive(Clone)]
pub struct Stripe {
    transport: Transport,
}

/// A checkout to be opened.
#[derive(Debug)]
pub struct NewCheckout<'a> {
    /// Who pays.
    pub customer: &'a CustomerId,
    /// Whose account it is for.
    pub user: UserId,
    /// What for.
    pub price: &'a str,
    /// Where the browser goes after paying; Stripe puts the session's id for `{CHECKOUT_SESSION_ID}`.
    pub success_url: &'a str,
    /// Where it goes without paying.
    pub cancel_url: &'a str,
}

/// A checkout session as Stripe has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Which one.
    pub id: CheckoutId,
    /// What can be done with it.
    pub state: SessionState,
    /// When it was made, Unix seconds.
    pub created: i64,
    /// When it can't be paid any more, Unix seconds.
    pub expires: i64,
}

/// What can be done with a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionState {
    /// It can be paid, on this page.
    Open(String),
    /// It was paid, or the payment is on its way.
    Complete,
    /// It can't be paid any more.
    Expired,
}

/// A call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum StripeFailed {
    /// Stripe was not reached, was busy, or failed, after the bounded retries.
    #[error("Stripe: {0}")]
    Unavailable(&'static str),
    /// Stripe failed (5xx), and will say so again under the same idempotency key.
    #[error("Stripe: failed with {0}")]
    Failed(u16),
    /// Stripe understood, and refused.
    #[error("Stripe: refused with {status} {code} {param}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Stripe's code (<https://docs.stripe.com/error-codes>).
        code: String,
        /// The parameter that it is about; empty if none.
        param: String,
    },
    /// The answer was not what it should be.
    #[error("Stripe: unreadable answer")]
    Unreadable,
}

impl StripeFailed {
    /// What was asked for is not there (any more).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused { status, code, .. } if *status == 404 || code == "resource_missing")
    }

    /// Whether Stripe will say the same under the same idempotency key, for 24 hours
    /// (<https://docs.stripe.com/api/idempotent_requests>).
    #[must_use]
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Failed(_) => true,
            Self::Refused { .. } => !self.is_passing(),
            Self::Unavailable(_) | Self::Unreadable => false,
        }
    }

    /// Whether another attempt may succeed.
    fn is_passing(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Failed(_) => true,
            // Another request holds the object, or this very key.
            Self::Refused { status, .. } => matches!(status, 409 | 424 | 429),
            Self::Unreadable => false,
        }
    }
}

impl Stripe {
    /// With the secret key `key`, at `STRIPE_BASE_URL` (Stripe itself if that is not set).
    ///
    /// # Errors
    /// The address is unusable, or `STAGE` is production and the key is for tests.
    pub fn from_env(env: &Env, key: &SecretString) -> Result<Self, ConfigError> {
        // Test cards, whose numbers everybody knows, would buy Pro
        // (<https://docs.stripe.com/keys#test-live-modes>).
        let is_for_tests =
            ["sk_test_", "rk_test_"].iter().any(|of| key.expose_secret().starts_with(of));
        if is_for_tests && env.get("STAGE") == Some("production") {
            return Err(ConfigError::invalid("STRIPE_SECRET_KEY", "is a key for tests"));
        }
        Ok(Self { transport: Transport::from_env(env, key)? })
    }

    /// Makes a customer for `user`. The same `key` never makes a second one.
    pub async fn create_customer(
        &self,
        user: UserId,
        key: &str,
    ) -> Result<CustomerId, StripeFailed> {
        let metadata = HashMap::from([("user_id".to_owned(), user.to_string())]);
        let request = CreateCustomer::new().metadata(metadata);
        answer::customer(&self.call(&request, Some(key)).await?)?.ok_or(StripeFailed::Unreadable)
    }

    /// Whether `customer` is there: `false` if Stripe says that it was deleted. One that Stripe does
    /// not know at all is an error: it is another account's, or this is another account's key.
    pub async fn has_customer(&self, customer: &CustomerId) -> Result<bool, StripeFailed> {
        let request = RetrieveCustomer::new(customer.as_str());
        Ok(answer::customer(&self.call(&request, None).await?)?.is_some())
    }

    /// Deletes a customer for good, with their personal data; their subscriptions end at once
    /// (<https://docs.stripe.com/api/customers/delete>). One that was deleted already stays so.
    pub async fn delete_customer(&self, customer: &CustomerId) -> Result<(), StripeFailed> {
        let request = DeleteCustomer::new(customer.as_str());
        match self.call(&request, None).await {
            Err(error) if error.is_missing() && !self.has_customer(customer).await? => Ok(()),
            other => answer::customer(&other?).map(drop),
        }
    }

    /// All subscriptions of `customer`, ended ones too, the latest 100.
    pub async fn subscriptions(
        &self,
        customer: &CustomerId,
    ) -> Result<Vec<Subscription>, StripeFailed> {
        let request = ListSubscription::new()
            .customer(customer.as_str())
            .status(ListSubscriptionStatus::All)
            .limit(100);
        answer::subscriptions(&self.call(&request, None).await?)
    }

    /// Opens a checkout. The same `key` never opens a second one.
    pub async fn open_checkout(
        &self,
        checkout: &NewCheckout<'_>,
        key: &str,
    ) -> Result<Checkout, StripeFailed> {
        let mut line = CreateCheckoutSessionLineItems::new();
        line.price = Some(checkout.price.to_owned());
        line.quantity = Some(1);
        let request = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .customer(checkout.customer.as_str())
            .client_reference_id(checkout.user.to_string())
            .line_items(vec![line])
            .success_url(checkout.success_url)
            .cancel_url(checkout.cancel_url);
        let session = answer::session(&self.call(&request, Some(key)).await?)?;
        match session.state {
            SessionState::Open(url) => Ok(Checkout {
                id: session.id,
                url,
                price: checkout.price.to_owned(),
                created: session.created,
                expires: session.expires,
            }),
            _ => Err(StripeFailed::Unreadable),
        }
    }

    /// A checkout session.
    pub async fn checkout(&self, id: &CheckoutId) -> Result<Session, StripeFailed> {
        let request = RetrieveCheckoutSession::new(id.as_str());
        answer::session(&self.call(&request, None).await?)
    }

    /// Ends a checkout session, so that nobody pays in it; what has become of it. One that is over
    /// already stays as it is: it may just have been paid.
    pub async fn expire_checkout(&self, id: &CheckoutId) -> Result<SessionState, StripeFailed> {
        let request = ExpireCheckoutSession::new(id.as_str());
        match self.call(&request, None).await {
            Ok(answer) => Ok(answer::session(&answer)?.state),
            Err(StripeFailed::Refused { status: 400, .. }) => Ok(self.checkout(id).await?.state),
            Err(error) => Err(error),
        }
    }

    /// A page of Stripe's where `customer` looks after their subscription; it leads back to
    /// `return_url`.
    pub async fn open_portal(
        &self,
        customer: &CustomerId,
        return_url: &str,
    ) -> Result<String, StripeFailed> {
        let request =
            CreateBillingPortalSession::new().customer(customer.as_str()).return_url(return_url);
        answer::portal(&self.call(&request, None).await?)
    }

    /// An event as Stripe delivers it, byte for byte. Stripe keeps events for 30 days
    /// (<https://docs.stripe.com/api/events>).
    pub async fn event(&self, id: &EventId) -> Result<Vec<u8>, StripeFailed> {
        let request = || RequestBuilder::new(StripeMethod::Get, format!("/events/{id}"));
        self.exchange(request, None).await
    }

    /// Does `request`, under `key` if it is one that must not be done twice; the answer's body.
    async fn call(
        &self,
        request: &(impl StripeRequest + Sync),
        key: Option<&str>,
    ) -> Result<Vec<u8>, StripeFailed> {
        self.exchange(|| request.build(), key).await
    }

    /// Sends a request, as often as it takes within the bounds; the answer's body.
    async fn exchange(
        &self,
        request: impl Fn() -> RequestBuilder + Sync,
        key: Option<&str>,
    ) -> Result<Vec<u8>, StripeFailed> {
        let deadline = Instant::now() + CALL;
        let mut tried = 0;
        loop {
            let attempt = self.transport.send(request(), key);
            let failed = match timeout_at(deadline, attempt).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(failed)) => failed,
                Err(_) => return Err(StripeFailed::Unavailable("timed out")),
            };
            tried += 1;
            let wait =
                FIRST_WAIT.mul_f64(f64::from(1 << (tried - 1)) * (1.0 + rand::random::<f64>()));
            if tried == ATTEMPTS || !failed.is_passing() || Instant::now() + wait > deadline {
                return Err(failed);
            }
            tokio::time::sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(stage: &str, key: &str) -> Result<Stripe, ConfigError> {
        Stripe::from_env(&Env::default().with("STAGE", stage), &SecretString::from(key))
    }

    #[test]
    fn production_takes_no_key_for_tests() {
        for key in ["sk_test_1", "rk_test_1"] {
            let error = start("production", key).err().unwrap().to_string();
            assert!(error.contains("STRIPE_SECRET_KEY") && !error.contains(key), "{error}");
            assert!(start("staging", key).is_ok());
        }
        assert!(start("production", "rk_live_1").is_ok());
    }
}
