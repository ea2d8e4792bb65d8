//! Passwords: what may be one, how it is hashed, and how one is verified where there is none.
//!
//! Argon2id with the crate's defaults (19 MiB, two passes, one lane), which are OWASP's minimum.

use std::{sync::Arc, time::Duration};

use argon2::{
    Argon2,
    password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use secrecy::{ExposeSecret, SecretString};
use shared::http::{Problem, Result};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

/// Shortest and longest new password, in characters (NIST SP 800-63B-4 asks for 8 and at least 64).
const SHORTEST: usize = 8;
const LONGEST: usize = 128;
/// How long a request waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(5);

/// The hash of a password that nobody has, with the same cost as any other.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password to be set: 8 to 128 characters, any of them.
#[derive(Debug, Clone)]
pub(crate) struct NewPassword(SecretString);

/// A password to be verified: 1 to 128 characters.
#[derive(Debug, Clone)]
pub(crate) struct Password(SecretString);

impl TryFrom<String> for NewPassword {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        if (SHORTEST..=LONGEST).contains(&text.chars().count()) {
            Ok(Self(text.into()))
        } else {
            Err(format!("must have {SHORTEST} to {LONGEST} characters"))
        }
    }
}

impl TryFrom<String> for Password {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        if (1..=LONGEST).contains(&text.chars().count()) {
            Ok(Self(text.into()))
        } else {
            Err(format!("must have 1 to {LONGEST} characters"))
        }
    }
}

impl From<NewPassword> for Password {
    fn from(password: NewPassword) -> Self {
        Self(password.0)
    }
}

/// Hashes and verifies passwords, no more at once than there are processors: each takes one for
/// tens of milliseconds, and 19 MiB.
pub(crate) struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(processors)) }
    }

    /// Hashes a password, with a salt of its own: a PHC string.
    pub(crate) async fn hash(&self, password: &NewPassword) -> Result<String> {
        let password = password.0.clone();
        let salt: [u8; 16] = rand::random();
        self.in_turn(move || {
            let password = password.expose_secret().as_bytes();
            Ok(Argon2::default().hash_password_with_salt(password, &salt)?.to_string())
        })
        .await
    }

    /// Whether `password` is the one of `hash`. Without a hash it never is, and that takes as long.
    pub(crate) async fn verify(&self, password: &Password, hash: Option<&str>) -> Result<bool> {
        let (password, known) = (password.0.clone(), hash.is_some());
        let hash = hash.unwrap_or(DUMMY).to_owned();
        self.in_turn(move || {
            let password = password.expose_secret().as_bytes();
            match Argon2::default().verify_password(password, &PasswordHash::new(&hash)?) {
                Ok(()) => Ok(known),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> std::result::Result<T, Error> + Send + 'static,
    ) -> Result<T> {
        let turn = timeout(PATIENCE, Arc::clone(&self.turns).acquire_owned())
            .await
            .map_err(|_| Problem::unavailable("too many passwords at once"))?
            .map_err(Problem::internal)?;
        // Printed nowhere (`LOG_LEVEL` ends at `info`): tests count what the handlers compute.
        tracing::debug!("Argon2id");
        let done = spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        // The errors of the hashing tell what is wrong with a hash, never what is in it.
        done.await.map_err(Problem::internal)?.map_err(Problem::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn password(text: &str) -> Password {
        text.to_owned().try_into().unwrap()
    }

    fn new_password(text: &str) -> NewPassword {
        text.to_owned().try_into().unwrap()
    }

    #[tokio::test]
    async fn a_password_is_verified_against_its_own_hash_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash(&new_password("correct horse")).await.unwrap();
        assert!(passwords.verify(&password("correct horse"), Some(&hash)).await.unwrap());
        assert!(!passwords.verify(&password("correct horsf"), Some(&hash)).await.unwrap());
        let again = passwords.hash(&new_password("correct horse")).await.unwrap();
        assert_ne!(hash, again, "the salt is new each time");
    }

    #[tokio::test]
    async fn no_password_is_right_where_none_is_set() {
        let passwords = Passwords::new();
        for text in ["x", "correct horse"] {
            assert!(!passwords.verify(&password(text), None).await.unwrap());
        }
    }

    #[tokio::test]
    async fn the_dummy_costs_what_a_real_hash_costs() {
        let cost = |hash: &str| {
            let hash = PasswordHash::new(hash).unwrap();
            let (salt, output) = (hash.salt.unwrap().len(), hash.hash.unwrap().len());
            (hash.algorithm.to_string(), hash.version, hash.params.to_string(), salt, output)
        };
        let real = Passwords::new().hash(&new_password("correct horse")).await.unwrap();
        assert_eq!(cost(DUMMY), cost(&real));
        assert!(real.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "OWASP's minimum");
    }

    #[tokio::test]
    async fn an_unreadable_hash_is_our_fault_and_not_a_wrong_password() {
        let error = Passwords::new().verify(&password("x"), Some("$2b$nonsense")).await;
        assert_eq!(error.unwrap_err().status(), 500);
    }

    #[test]
    fn length_is_counted_in_characters() {
        for (text, good) in [
            ("1234567".to_owned(), false),
            ("12345678".to_owned(), true),
            ("ü".repeat(128), true),
            ("x".repeat(129), false),
            (" ".repeat(8), true),
        ] {
            assert_eq!(NewPassword::try_from(text.clone()).is_ok(), good, "{text:?}");
        }
        assert!(Password::try_from(String::new()).is_err());
        assert!(Password::try_from("x".repeat(129)).is_err());
    }

    #[test]
    fn debug_output_hides_the_password() {
        assert!(!format!("{:?}", new_password("correct horse")).contains("horse"));
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }
}
