//! `config`: checks settings and catalog, warns of what is weak, and prints what is in force.

use super::{Ended, Global, print, tell};
use crate::config::Secrets;

pub(super) fn run(global: &Global) -> Ended {
    let (config, _) = global.load_whole(Secrets::All)?;
    config.warnings().iter().for_each(|warning| tell(format!("warning: {warning}")));
    if global.json {
        print(&format!("{:#}\n", config.to_masked_json()));
    } else {
        print(&config.to_masked_toml());
    }
    Ok(())
}
