//! Writes the list of the ledger's schema steps, which `src/ledger/migrate.rs` includes: whoever adds a step adds its
//! file alone.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// `NNNN_name.sql`, numbered from 1 without gaps.
const FOLDER: &str = "src/ledger/migrations";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join(FOLDER);
    let files = fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    let is_step = |file: &PathBuf| file.extension().is_some_and(|extension| extension == "sql");
    let mut files: Vec<PathBuf> = files.into_iter().filter(is_step).collect();
    files.sort();
    let steps = (1..).zip(&files).map(|(number, file)| step(number, file)).collect::<Result<String, _>>()?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("steps.rs"), format!("&[{steps}]"))?;
    Ok(())
}

/// One step as Rust: its number, its name and its text. Two branches that both add a step have one number twice.
fn step(number: u32, file: &Path) -> Result<String, String> {
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match stem.split_once('_') {
        Some((digits, name)) if digits == format!("{number:04}") => {
            Ok(format!("({number}, {name:?}, include_str!({file:?})),"))
        }
        _ => Err(format!("{} is not the schema's step {number}", file.display())),
    }
}
