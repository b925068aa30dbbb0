//! CPU time from /proc: of one process, and of a server whose work is done by processes that it starts
//! and ends.

use std::collections::HashMap;

use crate::Result;

/// USER_HZ is 100 wherever Linux runs.
const TICKS_PER_S: f64 = 100.0;

struct Stat {
    parent: u32,
    own: u64,
    /// Of children that have ended.
    ended: u64,
}

/// What a process has used, its threads included.
pub(crate) fn of(pid: u32) -> Result<f64> {
    let stat = read(pid).ok_or("a process is gone")?;
    Ok(stat.own as f64 / TICKS_PER_S)
}

/// What a process and all that descend from it have used, those that have ended included.
pub(crate) fn of_all(root: u32) -> Result<f64> {
    let pids = std::fs::read_dir("/proc")?.flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let stats: HashMap<u32, Stat> = pids.filter_map(|pid| Some((pid, read(pid)?))).collect();
    let parent = |pid: &u32| stats.get(pid).map(|stat| stat.parent);
    let descends = |pid: u32| std::iter::successors(Some(pid), parent).any(|pid| pid == root);
    let ours = stats.iter().filter(|(pid, _)| descends(**pid));
    let ticks: u64 = ours.map(|(_, stat)| stat.own + stat.ended).sum();
    Ok(ticks as f64 / TICKS_PER_S)
}

fn read(pid: u32) -> Option<Stat> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // After the name, which may hold blanks, the state is the first.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let parent = u32::try_from(field(1)?).ok()?;
    Some(Stat { parent, own: field(11)? + field(12)?, ended: field(13)? + field(14)? })
}
