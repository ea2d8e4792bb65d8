//! What the fuzz targets share: a bound on memory, a clock that stands still, and keys.
//!
//! A target holds what it reads to be true beyond "it did not panic": whatever is accepted is worked
//! out once more here, by other code. See README.md.

pub mod keys;
pub mod web;

use std::{alloc::System, panic, sync::Once};

use cap::Cap;
use jiff::Timestamp;
use shared::domain::Clock;

#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, usize::MAX);

/// What a run may take whatever its input: tables that are made once, and the router.
const FIXED: usize = 4 * 1024 * 1024;
/// What it may take for each byte of its input. `[[0],[0],…` as a tree of JSON takes some 50.
const PER_BYTE: usize = 256;

/// Runs `target` on `input` in memory that is linear in the input. Beyond that an allocation fails,
/// which ends the process, and libFuzzer keeps the input.
pub fn bounded(input: &[u8], target: impl FnOnce(&[u8])) {
    LIFTED_BY_A_PANIC.call_once(lift_by_a_panic);
    let limit = MEMORY.allocated() + FIXED + PER_BYTE * input.len();
    // Fails only where more is allocated already than that.
    let _ = MEMORY.set_limit(limit);
    target(input);
    let _ = MEMORY.set_limit(usize::MAX);
}

static LIFTED_BY_A_PANIC: Once = Once::new();

/// Telling of a panic takes more than an input may.
fn lift_by_a_panic() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        let _ = MEMORY.set_limit(usize::MAX);
        tell(panic);
    }));
}

/// The time at every target's clock, Unix seconds: 2026-01-01.
pub const NOW: i64 = 1_767_225_600;

/// A clock that stands still at [`NOW`].
#[derive(Debug, Clone, Copy)]
pub struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(NOW).unwrap()
    }
}

/// The first line of a text, and the rest.
#[must_use]
pub fn first_line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// The first line of an input of which only that is text, and the rest.
#[must_use]
pub fn first_line_of(input: &[u8]) -> Option<(&str, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(&input[..end]).ok()?, &input[end + 1..]))
}
