//! What a figure was measured on, and when.

use std::{fs, process::Command};

/// The line under a section's title: date, commit, machine.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let date = tests::now().strftime("%Y-%m-%d");
    let (commit, rustc) = (commit(), rustc());
    format!("{date}, commit {commit}: {}, {cores} cores, {}, {rustc}", processor(), memory())
}

/// The commit that is measured, with `-dirty` if the files are others. The document is not asked: it is
/// what the measurement writes.
fn commit() -> String {
    let commit = printed("git", &["rev-parse", "--short", "HEAD"]);
    let changed = printed("git", &["status", "--porcelain", "--", ".", ":!docs/benchmarks.md"]);
    if changed.is_empty() { commit } else { format!("{commit}-dirty") }
}

fn rustc() -> String {
    let version = printed("rustc", &["--version"]);
    version.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
}

fn processor() -> String {
    let name = value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    format!("{name} ({})", std::env::consts::ARCH)
}

fn memory() -> String {
    let total = value_of("/proc/meminfo", "MemTotal");
    let kib = total.and_then(|total| total.strip_suffix(" kB")?.parse::<u64>().ok());
    kib.map_or("unknown memory".to_owned(), |kib| format!("{} GiB", kib.div_ceil(1 << 20)))
}

/// Memory of a process as `/proc/<id>/status` names it (`VmRSS` for what it takes, `VmHWM` for the most
/// that it has taken), MiB.
pub(crate) fn mib(process: u32, which: &str) -> f64 {
    let value = value_of(&format!("/proc/{process}/status"), which).expect("it runs");
    let kib: u32 = value.trim_end_matches(" kB").parse().unwrap();
    f64::from(kib) / 1024.0
}

/// The value of the first line `name: value` of a file of the kernel's.
fn value_of(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_prefix(':'));
    value.map(|value| value.trim().to_owned())
}

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.ok().and_then(|output| String::from_utf8(output.stdout).ok());
    text.map_or("unknown".to_owned(), |text| text.trim().to_owned())
}
