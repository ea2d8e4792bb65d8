//! The account behind a lock, with a clock and, if it is to outlive the process, a file.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
};

use jiff::Timestamp;
use shared::domain::Clock;
use tokio::sync::Notify;

use super::{
    account::{Account, Cause, View},
    lock::lock,
};

pub(crate) struct Store {
    account: Mutex<Account>,
    clock: Arc<dyn Clock>,
    file: Option<PathBuf>,
    changed: Notify,
}

impl Store {
    /// What `file` holds, if there is one, else an empty account.
    ///
    /// # Errors
    /// The file can't be read or written, or is of something else.
    pub(crate) fn open(
        file: Option<PathBuf>,
        clock: Arc<dyn Clock>,
        view: View,
    ) -> Result<Self, crate::Error> {
        let mut account = match &file {
            Some(file) => read(file)?,
            None => Account::default(),
        };
        account.show_as(view);
        if let Some(file) = &file {
            fs::create_dir_all(file.parent().unwrap_or(Path::new(".")))
                .and_then(|()| write(file, &account))
                .map_err(|error| format!("{} can't be written: {error}", file.display()))?;
        }
        Ok(Self { account: Mutex::new(account), clock, file, changed: Notify::new() })
    }

    /// The present second: Stripe knows no shorter times.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// Looks at the account as it is now.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Account) -> T) -> T {
        look(&self.current())
    }

    /// Changes the account, keeps the outcome, and lets deliveries begin.
    pub(crate) fn change<T>(&self, cause: Cause, change: impl FnOnce(&mut Account) -> T) -> T {
        let outcome = self.note(|account| {
            account.at(self.now(), cause);
            change(account)
        });
        self.changed.notify_one();
        outcome
    }

    /// Writes something down that leads to no delivery.
    pub(crate) fn note<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        let mut account = self.current();
        let outcome = change(&mut account);
        self.keep(&account);
        outcome
    }

    /// Waits until something may have changed since the last time.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Whoever delivers events should look again.
    pub(crate) fn nudge(&self) {
        self.changed.notify_one();
    }

    /// The account, after what the mere passage of time does to it.
    fn current(&self) -> MutexGuard<'_, Account> {
        let mut account = lock(&self.account);
        let now = self.now();
        if account.has_overdue_sessions(now) {
            account.at(now, Cause::default());
            account.expire_overdue_sessions();
            self.keep(&account);
            self.changed.notify_one();
        }
        account
    }

    /// Writes while the lock is held, so that the file never goes back in time.
    fn keep(&self, account: &Account) {
        let Some(file) = &self.file else { return };
        if let Err(error) = write(file, account) {
            let file = file.display();
            tracing::error!(%error, %file, "the stand-in for Stripe can't keep its data");
        }
    }
}

fn read(file: &Path) -> Result<Account, crate::Error> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Account::default()),
        Err(error) => return Err(format!("{} can't be read: {error}", file.display()).into()),
    };
    serde_json::from_slice(&text)
        .map_err(|error| format!("{} is not a stand-in's data: {error}", file.display()).into())
}

/// A reader, or a process that is killed, sees the old state or the new one, and nothing between.
fn write(file: &Path, account: &Account) -> io::Result<()> {
    let text = serde_json::to_vec(account)?;
    let draft = file.with_extension("tmp");
    fs::write(&draft, text)?;
    fs::rename(&draft, file)
}
