//! What the kernel has counted of a process.

use std::{fs, time::Duration};

use crate::machine::mib;

/// The processor time that a process has used, user's and kernel's. Threads that have ended are not in
/// it: `local` and Valkey keep theirs.
pub(crate) fn cpu(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).expect("it runs");
    // Nanoseconds on a processor come first; utime and stime of `stat` count in steps of 10 ms.
    let of_thread = |stats: String| stats.split(' ').next().and_then(|ns| ns.parse::<u64>().ok());
    let stats =
        threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("schedstat")).ok());
    Duration::from_nanos(stats.filter_map(of_thread).sum())
}

/// Resident memory, MiB.
pub(crate) fn resident_mib(process: u32) -> f64 {
    mib(process, "VmRSS")
}

/// The processes that this one has started, and those that they have.
pub(crate) fn descendants(process: u32) -> Vec<u32> {
    let path = format!("/proc/{process}/task/{process}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    let children = children.split_whitespace().filter_map(|child| child.parse().ok());
    children.flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Its program's name.
pub(crate) fn name(process: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
    name.trim().to_owned()
}
