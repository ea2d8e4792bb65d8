//! Since when this process trusts what is kept in the cache.
//!
//! While a call of ours failed, or the connection was lost, writes may have passed the cache by: ours
//! (their holds and releases got lost), and those of others. What it comes back with may be older
//! than they are. So from the first look-up that succeeds afterwards, only pages count that were read
//! from the table later than that look-up. All times are the server's own: no two clocks are compared.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// See the [module](self).
#[derive(Default)]
pub(super) struct Trust(Mutex<State>);

#[derive(Default)]
struct State {
    /// How often there was reason to doubt.
    doubts: u64,
    ground: Option<Ground>,
    suspended_until: Option<Instant>,
}

/// The first look-up that succeeded after all doubts that there are.
struct Ground {
    doubts: u64,
    connection: u64,
    /// The server's time then, in microseconds.
    since: u64,
}

impl Trust {
    /// How often there was reason to doubt by now; none while nothing is trusted at all.
    pub(super) fn doubts(&self, now: Instant) -> Option<u64> {
        let state = self.state();
        let is_suspended = state.suspended_until.is_some_and(|until| now < until);
        (!is_suspended).then_some(state.doubts)
    }

    /// There is reason to doubt: a call has failed.
    pub(super) fn doubt(&self) {
        self.state().doubts += 1;
    }

    /// Nothing is trusted, or worth keeping, for a while: a write that the cache knows nothing of may
    /// still take effect.
    pub(super) fn suspend(&self, now: Instant, duration: Duration) {
        let mut state = self.state();
        state.doubts += 1;
        state.suspended_until = state.suspended_until.max(now.checked_add(duration));
    }

    /// The server's time from which on pages are trusted by a look-up that began after so many
    /// `doubts` and was answered at `now` over `connection`. The first such look-up is the ground of
    /// those after it.
    pub(super) fn take_ground(&self, doubts: u64, connection: u64, now: u64) -> u64 {
        let mut state = self.state();
        if let Some(ground) = &state.ground
            && (ground.doubts, ground.connection) == (doubts, connection)
        {
            return ground.since;
        }
        // Where a doubt arose while the look-up was under way, it is no ground for those after it.
        if state.doubts == doubts {
            state.ground = Some(Ground { doubts, connection, since: now });
        }
        now
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_look_up_is_the_ground_of_those_after_it() {
        let trust = Trust::default();
        let began = trust.doubts(Instant::now()).unwrap();
        assert_eq!(trust.take_ground(began, 0, 10), 10);
        assert_eq!(trust.take_ground(began, 0, 20), 10);
    }

    #[test]
    fn after_a_doubt_or_over_another_connection_there_is_a_new_ground() {
        let trust = Trust::default();
        let began = trust.doubts(Instant::now()).unwrap();
        trust.take_ground(began, 0, 10);
        trust.doubt();
        let began = trust.doubts(Instant::now()).unwrap();
        assert_eq!(trust.take_ground(began, 0, 20), 20);
        assert_eq!(trust.take_ground(began, 1, 30), 30);
        assert_eq!(trust.take_ground(began, 1, 40), 30);
    }

    #[test]
    fn a_look_up_from_before_a_doubt_is_no_ground_for_those_after_it() {
        let trust = Trust::default();
        let began = trust.doubts(Instant::now()).unwrap();
        trust.doubt();
        assert_eq!(trust.take_ground(began, 0, 10), 10);
        let later = trust.doubts(Instant::now()).unwrap();
        assert_eq!(trust.take_ground(later, 0, 20), 20);
    }

    #[test]
    fn while_it_is_suspended_nothing_is_trusted_and_then_anew() {
        let (trust, now) = (Trust::default(), Instant::now());
        let began = trust.doubts(now).unwrap();
        trust.take_ground(began, 0, 10);
        let (short, long) = (Duration::from_secs(1), Duration::from_secs(30));
        trust.suspend(now, long);
        trust.suspend(now, short);
        assert_eq!(trust.doubts(now + short), None);
        let later = trust.doubts(now + long).unwrap();
        assert_eq!(trust.take_ground(later, 0, 20), 20);
    }
}
