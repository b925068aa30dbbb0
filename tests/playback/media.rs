//! A minute of pictures in segments of a second, made by ffmpeg once for all tests.

use std::process::Command;
use std::sync::LazyLock;

/// Seconds, one segment each.
pub(crate) const SECONDS: usize = 60;

/// MPEG transport streams with H.264, the times in them one after another.
static SEGMENTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a folder");
    let source = format!("testsrc=size=160x120:rate=10:duration={SECONDS}");
    let mut ffmpeg = Command::new("ffmpeg");
    ffmpeg.args(["-v", "error", "-f", "lavfi", "-i", &source]);
    ffmpeg.args(["-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p"]);
    ffmpeg.args(["-g", "10", "-keyint_min", "10", "-sc_threshold", "0"]);
    ffmpeg.args([
        "-f",
        "hls",
        "-hls_time",
        "1",
        "-hls_list_size",
        "0",
        "-hls_segment_filename",
        "%d.ts",
        "list.m3u8",
    ]);
    let made = ffmpeg.current_dir(folder.path()).output();
    let made = made.unwrap_or_else(|error| panic!("{error}: tests/run installs ffmpeg"));
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let segment = |number| std::fs::read(folder.path().join(format!("{number}.ts"))).expect("a segment");
    (0..SECONDS).map(segment).collect()
});

/// The segment of a second since 1970.
pub(crate) fn segment(second: i64) -> &'static [u8] {
    &SEGMENTS[place(second)]
}

/// Whether the pictures begin anew with it, so that its times do not follow those before.
pub(crate) fn begins_anew(second: i64) -> bool {
    place(second) == 0
}

fn place(second: i64) -> usize {
    usize::try_from(second.rem_euclid(SECONDS as i64)).expect("below a minute")
}
