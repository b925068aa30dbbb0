//! What one sync for each notice would allow: syncs a second of a file written as SQLite writes its log,
//! one frame over another of an earlier round, from the start again after a thousand. One frame is the least
//! a commit can write; a notice alone writes about six.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::Result;

const FRAME_BYTES: usize = 4096 + 24;
const FRAMES: u64 = 1000;

pub(crate) fn run(folder: &Path, seconds: u32) -> Result<()> {
    let path = folder.join("syncs");
    let file = OpenOptions::new().create(true).truncate(true).write(true).open(&path)?;
    let frame = [0xA5; FRAME_BYTES];
    // Blocks are found once, as they are for a log that has been through a checkpoint.
    (0..FRAMES).try_for_each(|nth| file.write_all_at(&frame, nth * FRAME_BYTES as u64))?;
    file.sync_all()?;
    let began = Instant::now();
    let until = began + Duration::from_secs(u64::from(seconds));
    let mut syncs = 0_u64;
    while Instant::now() < until {
        file.write_all_at(&frame, (syncs % FRAMES) * FRAME_BYTES as u64)?;
        file.sync_data()?;
        syncs += 1;
    }
    println!("{}", syncs as f64 / began.elapsed().as_secs_f64());
    std::fs::remove_file(path)?;
    Ok(())
}
