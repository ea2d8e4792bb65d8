//! `bench [--write] <section>…`: measures, prints, and with `--write` puts it into
//! `docs/benchmarks.md`. The sections are `cold`, `round-trips`, `load` and `growth`.
//!
//! `bench check [--update] [<function>…]`: counts, and holds the counts against `bounds.toml`, or writes
//! it anew.

use std::process::ExitCode;

use bench::{check::Bounds, cold::Stage, document::Section, growth, load, round_trips};

const USAGE: &str = "usage: bench [--write] (cold | round-trips | load | growth)…
       bench check [--update] [<function>…]";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|argument| argument == flag);
    let names: Vec<_> = arguments.iter().filter(|name| !name.starts_with("--")).cloned().collect();
    match names.split_first() {
        None => usage(),
        Some((first, functions)) if first == "check" => check(functions, has("--update")).await,
        Some(_) => measure(&names, has("--write")).await,
    }
}

async fn measure(sections: &[String], write: bool) -> ExitCode {
    for name in sections {
        let section: Section = match &**name {
            "cold" => Stage::new(&[]).await.section().await,
            "round-trips" => round_trips::measure().await.section(),
            "load" => load::measure().await,
            "growth" => growth::measure().await,
            _ => return usage(),
        };
        println!("{}\n", section.text());
        if write {
            section.write();
        }
    }
    ExitCode::SUCCESS
}

/// How often is counted what bounds are made of, and what is above them at first: on a busy machine a
/// connection may not be made in time, so that `init` has less to do, and the first call more.
const COUNTS: usize = 3;

async fn check(functions: &[String], update: bool) -> ExitCode {
    let mut stage = Stage::new(functions).await;
    let mut count = async || {
        let functions = stage.counts().await;
        Bounds::of(&functions, &round_trips::measure().await)
    };
    let mut counts = vec![count().await];
    let bounds = Bounds::read();
    let is_within = |counted: &Bounds| bounds.exceeded_by(counted).is_empty();
    if update || !is_within(&counts[0]) {
        while counts.len() < COUNTS {
            counts.push(count().await);
        }
    }
    let counted = Bounds::median(counts);
    if update {
        counted.write();
        return ExitCode::SUCCESS;
    }
    let faults = bounds.exceeded_by(&counted);
    if faults.is_empty() {
        if bounds.fits_here() {
            println!("what was counted is within bench/bounds.toml");
        } else {
            let other = bounds.architecture();
            println!("the requests are within bench/bounds.toml; its functions are of {other}");
        }
        return ExitCode::SUCCESS;
    }
    println!("{}", faults.join("\n"));
    println!(
        "Dearer than bench/bounds.toml allows. If it is worth it: make bench-check UPDATE=1, and say \
         in the commit why."
    );
    ExitCode::FAILURE
}

fn usage() -> ExitCode {
    eprintln!("{USAGE}");
    ExitCode::from(2)
}
