//! A start that is refused. The including test also includes `gateway` and `kit`.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;

use crate::gateway::{Gateway, PATIENCE};
use crate::kit::until;

/// What `serve` says when it refuses to start.
pub(crate) fn refusal(folder: &Path) -> String {
    let mut serve = Gateway::command(folder, "");
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the gateway starts");
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        until("serve ends", PATIENCE, || child.try_wait().expect("a child"))
    }));
    // Not left behind where it does not end.
    let _ = child.kill();
    let mut said = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut said).expect("text");
    assert_eq!(ended.ok().and_then(|status| status.code()), Some(1), "{said}");
    said
}
