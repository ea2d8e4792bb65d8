//! A fraction of a processor, as Lambda gives it: a function of 1,769 MB has one whole, smaller ones a
//! part of each period (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>). Here
//! it is the kernel's bandwidth control that sees to it, in a control group of its own.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::process::Pid;

/// What a whole processor comes with, MB.
const WHOLE: f64 = 1_769.0;
/// The period by which shares are handed out, microseconds.
const PERIOD: u32 = 20_000;

/// A control group with a share of a processor.
pub(super) struct Share(PathBuf);

impl Share {
    /// One with as much as a function of so many MB has; none where this user may not make control
    /// groups.
    pub(super) fn of(memory: u32) -> Option<Self> {
        let quota = (f64::from(memory) / WHOLE).min(1.0) * f64::from(PERIOD);
        let name = format!("parley-bench-{}", std::process::id());
        first_version(&name, quota).or_else(|_| second_version(&name, quota)).ok().map(Self)
    }

    /// From now on, the process has no more than that.
    pub(super) fn limit(&self, process: Pid) {
        let id = process.as_raw_nonzero().to_string();
        fs::write(self.0.join("cgroup.procs"), id).unwrap();
    }
}

impl Drop for Share {
    /// The processes in it have to have ended.
    fn drop(&mut self) {
        fs::remove_dir(&self.0).ok();
    }
}

fn first_version(name: &str, quota: f64) -> io::Result<PathBuf> {
    let group = Path::new("/sys/fs/cgroup/cpu").join(name);
    fs::create_dir_all(&group)?;
    fs::write(group.join("cpu.cfs_period_us"), PERIOD.to_string())?;
    fs::write(group.join("cpu.cfs_quota_us"), format!("{quota:.0}"))?;
    Ok(group)
}

fn second_version(name: &str, quota: f64) -> io::Result<PathBuf> {
    let group = Path::new("/sys/fs/cgroup").join(name);
    fs::create_dir_all(&group)?;
    fs::write(group.join("cpu.max"), format!("{quota:.0} {PERIOD}"))?;
    Ok(group)
}
