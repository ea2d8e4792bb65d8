//! `parley redrive`: what is in the dead-letter queue goes back to the queue.
//!
//! By hand, one message after the other: SQS has `StartMessageMoveTask` for it, but neither
//! `local`'s queue nor the rehearsal's has, and it keeps a message's deduplication id, under which
//! the queue may drop what the sweeper has sent within five minutes. Each message is sent before it
//! is deleted: whatever happens in between, none is lost, and at worst one is handled twice, which
//! the worker stands.

mod letters;

use std::{collections::HashSet, fmt, time::Duration};

use clap::Args;
use serde::Serialize;
use shared::{aws::Aws, config::Env};
use tokio::{sync::watch, time::Instant};

use super::{Progress, Report};
use crate::Error;
use letters::{DeadLetters, Letter};

/// The most messages of one receive (a limit of SQS).
const BATCH: usize = 10;
/// For how long a list looks: half the time that its letters are hidden, and the other half is for
/// giving them back. If it went on, the first ones would come again, and it would not end.
const LOOKS: Duration = Duration::from_secs(letters::HIDDEN.as_secs() / 2);
/// What a process that was stopped by Ctrl-C ends with.
const INTERRUPTED: u8 = 130;

/// What is to be moved.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct Options {
    /// Move so many at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max: Option<u32>,
    /// Only list what is there
    #[arg(long)]
    pub dry_run: bool,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Redriven {
    /// Whether this was a list only.
    pub dry_run: bool,
    /// How many messages were moved.
    pub moved: usize,
    /// What was moved, or with `dry_run` would be.
    pub letters: Vec<Seen>,
    /// About how many are still in the dead-letter queue (SQS counts with a delay).
    pub left: u64,
    /// Whether it was stopped before it was through.
    pub interrupted: bool,
}

/// A message of the dead-letter queue, without its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Its id in SQS.
    pub id: String,
    /// Its message group: the chatroom, for what Parley has sent.
    pub group: String,
    /// The message that waits for its reply; none if what is in it can't be read as a job.
    pub message_id: Option<String>,
    /// Who waits.
    pub user_id: Option<String>,
}

/// Moves what is in the dead-letter queue of the deployment `env` to its queue, until it is empty,
/// `options.max` are moved, or `stop` turns true: between two messages, never within one.
///
/// # Errors
/// SQS did not do what it was asked. What was not moved stays where it is.
pub async fn redrive(
    env: &Env,
    options: &Options,
    progress: Progress<'_>,
    stop: watch::Receiver<bool>,
) -> Result<Redriven, Error> {
    let letters = DeadLetters::from_env(env, &Aws::from_env(env)?)?;
    let waiting = letters.count().await?;
    progress(&format!("about {waiting} in the dead-letter queue"));
    let max = options.max.map_or(usize::MAX, |max| max as usize);
    let (seen, interrupted) = if options.dry_run {
        // SQS counts with a delay: there may be a few more. Who sends meanwhile does not keep us here.
        let max = max.min(usize::try_from(waiting).unwrap_or(usize::MAX).saturating_add(BATCH));
        list(&letters, max, &stop).await?
    } else {
        move_all(&letters, max, progress, &stop).await?
    };
    let left = letters.count().await?;
    let moved = if options.dry_run { 0 } else { seen.len() };
    Ok(Redriven { dry_run: options.dry_run, moved, letters: seen, left, interrupted })
}

async fn move_all(
    letters: &DeadLetters,
    max: usize,
    progress: Progress<'_>,
    stop: &watch::Receiver<bool>,
) -> Result<(Vec<Seen>, bool), Error> {
    let mut moved = Vec::new();
    while moved.len() < max && !*stop.borrow() {
        let batch = letters.receive(BATCH.min(max - moved.len())).await?;
        if batch.is_empty() {
            return Ok((moved, false));
        }
        let mut batch = batch.into_iter();
        let outcome = move_batch(letters, &mut batch, &mut moved, stop).await;
        // What is not moved now is there for the next who asks, not only when its time is up.
        let rest: Vec<_> = batch.collect();
        if let Err(error) = letters.release(&rest).await {
            progress(&format!("{error}; the rest of the batch shows again in two minutes"));
        }
        outcome.map_err(|error| {
            format!("{} moved, then {error}; the rest is where it was", moved.len())
        })?;
        progress(&format!("{} moved", moved.len()));
    }
    let interrupted = *stop.borrow();
    Ok((moved, interrupted))
}

/// Moves one letter after the other, in their order: that is their room's.
async fn move_batch(
    letters: &DeadLetters,
    batch: &mut std::vec::IntoIter<Letter>,
    moved: &mut Vec<Seen>,
    stop: &watch::Receiver<bool>,
) -> Result<(), Error> {
    while !*stop.borrow()
        && let Some(letter) = batch.as_slice().first()
    {
        letters.send_back(letter).await?;
        // It is in the queue now: counted whether or not the next step succeeds.
        moved.push(letter.seen());
        letters.delete(letter).await?;
        batch.next();
    }
    Ok(())
}

/// Looks at `max` letters of those that SQS hands out, for as long as they are hidden, and gives them
/// back.
async fn list(
    letters: &DeadLetters,
    max: usize,
    stop: &watch::Receiver<bool>,
) -> Result<(Vec<Seen>, bool), Error> {
    let mut found = Vec::new();
    let mut outcome = Ok(());
    let until = Instant::now() + LOOKS;
    while found.len() < max && Instant::now() < until && !*stop.borrow() {
        match letters.receive(BATCH.min(max - found.len())).await {
            Ok(batch) if batch.is_empty() => break,
            Ok(batch) => found.extend(batch),
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
    }
    letters.release(&found).await?;
    outcome?;
    Ok((each_once(found.iter().map(Letter::seen)), *stop.borrow()))
}

/// `letters` without those that have come before: at least once, says SQS, and it may be more often.
fn each_once(letters: impl Iterator<Item = Seen>) -> Vec<Seen> {
    let mut known = HashSet::new();
    letters.filter(|seen| known.insert(seen.id.clone())).collect()
}

impl Report for Redriven {
    fn exit_code(&self) -> u8 {
        if self.interrupted { INTERRUPTED } else { 0 }
    }
}

impl fmt::Display for Redriven {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dry_run {
            for seen in &self.letters {
                writeln!(f, "{seen}")?;
            }
            let more = self.left.saturating_sub(self.letters.len() as u64);
            write!(f, "{} would be moved", self.letters.len())?;
            if more > 0 {
                write!(f, "; about {more} more are there, which were not looked at")?;
            }
        } else {
            let unreadable = self.letters.iter().filter(|seen| seen.message_id.is_none()).count();
            write!(f, "{} moved, about {} left", self.moved, self.left)?;
            if unreadable > 0 {
                write!(f, "; {unreadable} of them no job that can be read: they will be back")?;
            }
        }
        f.write_str(if self.interrupted { " (stopped)" } else { "" })
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, group, .. } = self;
        match (&self.message_id, &self.user_id) {
            (Some(message), Some(user)) => {
                write!(f, "{id}  room {group}  message {message}  user {user}")
            }
            _ => write!(f, "{id}  group {group}  can't be read as a job"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_comes_twice_is_listed_once() {
        let seen = |id: &str| Seen {
            id: id.to_owned(),
            group: "room".to_owned(),
            message_id: None,
            user_id: None,
        };
        let once = each_once(["1", "2", "1", "3", "2"].map(seen).into_iter());
        assert_eq!(once, ["1", "2", "3"].map(seen));
    }
}
