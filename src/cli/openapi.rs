//! `openapi`: prints the document that the admin listener serves.

use super::Ended;
use crate::admin::OPENAPI;

pub(super) fn run() -> Ended {
    super::print(OPENAPI);
    Ok(())
}
