//! `licenses`: prints whose work is in this binary, and the terms under which it is. The text is made by
//! `deny/notices` and compiled in, so that it goes wherever the binary goes.

use serde_json::json;

use super::{Ended, Global};

/// Our own terms are in `LICENSE`.
const NOTICES: &str = include_str!("../../THIRD-PARTY-NOTICES.txt");

pub(super) fn run(global: &Global) -> Ended {
    global.print(&json!({ "notices": NOTICES }), || NOTICES.to_owned());
    Ok(())
}
