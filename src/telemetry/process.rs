//! What the process itself uses, as read from `/proc` at a scrape. Where that cannot be read the last values stay.

use metrics::{counter, gauge};
use procfs::WithCurrentSystemInfo as _;
use procfs::process::Process;

use super::names;

/// Brings them up to date.
pub fn process() {
    let Ok(own) = Process::myself() else { return };
    if let Ok(stat) = own.stat() {
        let seconds = (stat.utime + stat.stime) / procfs::ticks_per_second();
        counter!(names::PROCESS_CPU_SECONDS).absolute(seconds);
        set(names::PROCESS_RESIDENT_BYTES, stat.rss_bytes().get());
        set(names::PROCESS_VIRTUAL_BYTES, stat.vsize);
        set(names::PROCESS_THREADS, u64::try_from(stat.num_threads).unwrap_or_default());
    }
    if let Ok(open) = own.fd_count() {
        set(names::PROCESS_OPEN_FDS, open as u64);
    }
    if let Ok(limits) = own.limits()
        && let procfs::process::LimitValue::Value(max) = limits.max_open_files.soft_limit
    {
        set(names::PROCESS_MAX_FDS, max);
    }
}

#[expect(clippy::cast_precision_loss, reason = "below 2^53 bytes nothing is lost")]
fn set(name: &'static str, value: u64) {
    gauge!(name).set(value as f64);
}
