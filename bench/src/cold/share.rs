//! A fraction of a processor, as Lambda gives it: a function of 1,769 MB has one whole, smaller ones a
//! part of each period (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html>). Here
//! it is the kernel's bandwidth control that sees to it, in a control group of its own.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
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
    let (period, quota) = (PERIOD.to_string(), format!("{quota:.0}"));
    create(group, &[("cpu.cfs_period_us", period), ("cpu.cfs_quota_us", quota)])
}

fn second_version(name: &str, quota: f64) -> io::Result<PathBuf> {
    let group = Path::new("/sys/fs/cgroup").join(name);
    create(group, &[("cpu.max", format!("{quota:.0} {PERIOD}"))])
}

/// Makes one with these settings, or leaves nothing behind.
fn create(group: PathBuf, settings: &[(&str, String)]) -> io::Result<PathBuf> {
    fs::create_dir(&group)?;
    for (file, setting) in settings {
        // Opened, not made: a folder that is no control group has no such file.
        let file = OpenOptions::new().write(true).open(group.join(file));
        if let Err(error) = file.and_then(|mut file| file.write_all(setting.as_bytes())) {
            fs::remove_dir(&group).ok();
            return Err(error);
        }
    }
    Ok(group)
}
