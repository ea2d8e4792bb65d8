//! What will go wrong in a run, and when: all of it follows from the seed.
//!
//! The seed gives the timetable of troubles and kills, the fault of each target's nth call, and each
//! user's and client's dice. How the processes interleave is the machine's: the same seed makes the same storm, and
//! not the same wreck.

use std::{fmt, time::Duration};

use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};

use super::fault::{Fault, Target};

/// So much of all calls fails even in good weather, in percent.
const BASE_PERCENT: u32 = 3;

/// Nothing breaks before this, so that all users are signed in.
const QUIET_START: Duration = Duration::from_secs(2);

/// A run's storm.
#[derive(Debug, Clone)]
pub struct Plan {
    /// What all of it follows from.
    pub seed: u64,
    /// How long it blows.
    pub length: Duration,
    /// By their beginning.
    pub troubles: Vec<Trouble>,
    /// By their time.
    pub kills: Vec<Kill>,
}

/// One server is in trouble for a while. Times are from the beginning of the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trouble {
    /// From then,
    pub from: Duration,
    /// until then,
    pub until: Duration,
    /// this server
    pub target: Target,
    /// is like this.
    pub kind: Kind,
}

/// What is the matter with a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Away: every connection is refused.
    Down,
    /// Three of four calls are throttled; all of a cache that is being loaded.
    Throttled,
    /// Every other call is an internal error; every call of a cache.
    Broken,
    /// Every other call hangs; a cache stands still.
    Hanging,
    /// Every call takes this much longer.
    Slow(Duration),
    /// Every third answer is lost, though the call has had its effect.
    Forgetful,
}

/// One process ends, and starts again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kill {
    /// When, from the beginning of the run.
    pub at: Duration,
    /// Which.
    pub process: usize,
    /// SIGKILL; else SIGTERM, which lets it finish what is under way.
    pub hard: bool,
    /// How long it stays away.
    pub away: Duration,
}

impl Plan {
    /// That of `seed`, for so many processes of Parley.
    #[must_use]
    pub fn new(seed: u64, length: Duration, processes: usize) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let mut troubles: Vec<_> = Target::ALL
            .into_iter()
            .flat_map(|target| troubles(&mut dice, target, length))
            .collect();
        troubles.sort_by_key(|trouble| trouble.from);
        let kills = kills(&mut dice, length, processes);
        Self { seed, length, troubles, kills }
    }

    /// The dice of one user: what they do.
    #[must_use]
    pub fn dice_of(&self, user: usize) -> StdRng {
        dice(&[self.seed, 1, user as u64])
    }

    /// The dice of one user's client: which process it asks.
    #[must_use]
    pub fn client_dice_of(&self, user: usize) -> StdRng {
        dice(&[self.seed, 3, user as u64])
    }

    /// What becomes of a target's `number`th call, made so long after the beginning.
    #[must_use]
    pub fn fault(&self, target: Target, number: u64, elapsed: Duration) -> Option<Fault> {
        if elapsed >= self.length || elapsed < QUIET_START {
            return None;
        }
        let mut dice = dice(&[self.seed, 2, target as u64, number]);
        let now = |trouble: &&Trouble| {
            trouble.target == target && (trouble.from..trouble.until).contains(&elapsed)
        };
        match self.troubles.iter().find(now) {
            Some(trouble) => trouble.fault(&mut dice, elapsed),
            None if dice.random_range(0..100) < BASE_PERCENT => Some(stray(&mut dice, target)),
            None => None,
        }
    }
}

impl Trouble {
    /// Whether the server is away: then its connections are gone as well.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.kind == Kind::Down
    }

    fn fault(&self, dice: &mut StdRng, elapsed: Duration) -> Option<Fault> {
        let one_in = |dice: &mut StdRng, count: u32| dice.random_range(0..count) == 0;
        // A cache that fails for one process and answers another is another matter: docs/adr/0007.
        let for_all = self.target == Target::Valkey;
        match self.kind {
            Kind::Down => Some(Fault::Refuse),
            Kind::Throttled => (for_all || !one_in(dice, 4)).then(|| self.target.throttles()),
            Kind::Broken => (for_all || one_in(dice, 2)).then(|| self.target.breaks()),
            // It stands still, and goes on where it stopped.
            Kind::Hanging if for_all => Some(Fault::Delay(self.until.saturating_sub(elapsed))),
            Kind::Hanging => one_in(dice, 2).then_some(Fault::Hang),
            Kind::Slow(by) => Some(Fault::Delay(by)),
            Kind::Forgetful => one_in(dice, 3).then(|| lost(dice)),
        }
    }
}

/// Some three seconds of trouble in every ten, for each target.
fn troubles(dice: &mut StdRng, target: Target, length: Duration) -> Vec<Trouble> {
    let mut troubles = Vec::new();
    let mut from = QUIET_START + seconds(dice, 0.0, 10.0);
    loop {
        let until = from + seconds(dice, 1.0, 5.0);
        if until >= length {
            return troubles;
        }
        troubles.push(Trouble { from, until, target, kind: kind(dice) });
        from = until + seconds(dice, 3.0, 11.0);
    }
}

fn kind(dice: &mut StdRng) -> Kind {
    let slow = Kind::Slow(Duration::from_millis(dice.random_range(20..400)));
    let kinds = [Kind::Down, Kind::Throttled, Kind::Broken, Kind::Hanging, slow, Kind::Forgetful];
    *kinds.choose(dice).unwrap()
}

fn kills(dice: &mut StdRng, length: Duration, processes: usize) -> Vec<Kill> {
    let mut kills = Vec::new();
    let mut at = QUIET_START + seconds(dice, 1.0, 6.0);
    while at < length {
        kills.push(Kill {
            at,
            process: dice.random_range(0..processes),
            hard: dice.random_range(0..4) > 0,
            away: seconds(dice, 0.0, 2.0),
        });
        at += seconds(dice, 3.0, 9.0);
    }
    kills
}

/// A single fault out of the blue.
fn stray(dice: &mut StdRng, target: Target) -> Fault {
    let short = Duration::from_millis(dice.random_range(1..120));
    match dice.random_range(0..7) {
        0 => Fault::Delay(short),
        1 => Fault::Late(short),
        // What one call sees of a cache, all have to see: docs/adr/0007.
        _ if target == Target::Valkey => lost(dice),
        2 => Fault::Refuse,
        3 => target.throttles(),
        4 => target.breaks(),
        5 => Fault::Hang,
        _ => lost(dice),
    }
}

/// An answer is lost after the effect.
fn lost(dice: &mut StdRng) -> Fault {
    if dice.random() { Fault::Swallow } else { Fault::Cut }
}

fn seconds(dice: &mut StdRng, from: f64, to: f64) -> Duration {
    Duration::from_secs_f64(dice.random_range(from..to))
}

/// Dice that follow from these numbers.
fn dice(numbers: &[u64]) -> StdRng {
    // SplitMix64's finaliser: neighbouring numbers make dice that have nothing in common.
    let mix = |seed: u64, number: &u64| {
        let mut mixed = (seed ^ number).wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    StdRng::seed_from_u64(numbers.iter().fold(0, mix))
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until, target, kind } = self;
        write!(f, "{:5.1} to {:5.1} s  {target:8} ", from.as_secs_f64(), until.as_secs_f64())?;
        match kind {
            Kind::Down => f.write_str("is down"),
            Kind::Throttled => f.write_str("throttles"),
            Kind::Broken => f.write_str("fails"),
            Kind::Hanging => f.write_str("hangs"),
            Kind::Slow(by) => write!(f, "takes {} ms longer", by.as_millis()),
            Kind::Forgetful => f.write_str("loses answers"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: Duration = Duration::from_mins(1);

    #[test]
    fn a_seed_is_a_storm() {
        let [one, same, other] = [7, 7, 8].map(|seed| Plan::new(seed, LENGTH, 2));
        assert_eq!((&one.troubles, &one.kills), (&same.troubles, &same.kills));
        assert_ne!((&one.troubles, &one.kills), (&other.troubles, &other.kills));
        for number in 0..1_000 {
            let at = Duration::from_millis(number * 60);
            let fault = one.fault(Target::Sqs, number, at);
            assert_eq!(fault, same.fault(Target::Sqs, number, at));
        }
        assert_eq!(one.dice_of(3).random::<u64>(), same.dice_of(3).random::<u64>());
        assert_ne!(one.dice_of(3).random::<u64>(), one.dice_of(4).random::<u64>());
    }

    #[test]
    fn every_target_has_troubles_and_every_storm_ends() {
        for seed in 0..50 {
            let plan = Plan::new(seed, LENGTH, 2);
            for target in Target::ALL {
                assert!(plan.troubles.iter().any(|trouble| trouble.target == target), "{seed}");
                assert_eq!(plan.fault(target, seed, LENGTH), None);
            }
            assert!(!plan.kills.is_empty() && plan.kills.iter().all(|kill| kill.at < LENGTH));
        }
    }

    #[test]
    fn good_weather_is_not_without_faults() {
        let plan = Plan { troubles: Vec::new(), ..Plan::new(7, LENGTH, 2) };
        let faults = (0..10_000)
            .filter_map(|number| plan.fault(Target::DynamoDb, number, Duration::from_secs(30)));
        let faults: Vec<_> = faults.collect();
        assert!((200..400).contains(&faults.len()), "{}", faults.len());
        let names: std::collections::BTreeSet<_> = faults.iter().map(Fault::name).collect();
        assert_eq!(names.len(), 8, "{names:?}");
    }
}
