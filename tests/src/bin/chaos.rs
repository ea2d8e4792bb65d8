//! Storms: `chaos [--seed <n>] [--seconds <n>] [--users <n>]`; see `tests::chaos`.
//!
//! Without a seed it takes one at random, and says which. Its exit status is 1 if anything that Parley
//! promises did not hold.

use std::{process::ExitCode, time::Duration};

use tests::chaos;

#[tokio::main]
async fn main() -> ExitCode {
    let (mut seed, mut seconds, mut users) = (rand::random_range(0..1_000_000), 60, 24);
    let mut arguments = std::env::args().skip(1);
    while let Some(name) = arguments.next() {
        let value = arguments.next().and_then(|value| value.parse::<u64>().ok());
        let (Some(value), true) =
            (value, ["--seed", "--seconds", "--users"].contains(&name.as_str()))
        else {
            eprintln!("usage: chaos [--seed <n>] [--seconds <n>] [--users <n>]");
            return ExitCode::from(2);
        };
        *match name.as_str() {
            "--seed" => &mut seed,
            "--seconds" => &mut seconds,
            _ => &mut users,
        } = value;
    }
    let users = usize::try_from(users).unwrap_or(usize::MAX);
    if users < chaos::FEWEST_USERS {
        eprintln!("chaos: a storm needs {} users or more", chaos::FEWEST_USERS);
        return ExitCode::from(2);
    }
    println!("seed {seed}: to be had again by SEED={seed}");
    let report = chaos::run(seed, Duration::from_secs(seconds), users).await;
    println!("{report}");
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
