//! Codes into stock.

use super::{Code, Deed, Fact};
use crate::ledger::store::Store;
use crate::ledger::tables::Records;
use crate::ledger::{Ledger, NotKept, StoreError};

/// Codes in one write, and rows in one commit: few, since notices wait for it.
const TOGETHER: usize = 20;
const ROWS_MAX: usize = 500;

/// Codes that are told of where others give something else.
const OTHER_MAX: usize = 100;

/// How many of the codes are new.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Added {
    /// Taken into stock.
    pub new: u64,
    /// Known already, and left as they were: their places in what was handed in.
    pub known: Vec<usize>,
    /// How many of the known ones give something else than was handed in.
    pub others: u64,
    /// The first of those: their places, and what is kept.
    pub other: Vec<(usize, Code)>,
}

/// Adds them.
///
/// # Errors
/// The engine's.
pub(super) fn add(store: &mut impl Store, codes: &[Code]) -> Result<Added, StoreError> {
    let known: Vec<Option<Code>> = crate::ledger::tables::each(codes, |code| store.get(code.key.as_str()))?;
    let mut added = Added::default();
    for (place, (code, known)) in codes.iter().zip(known).enumerate() {
        // Two of one name in one write: the first counts, and a batch sees its own rows.
        let known = match known {
            Some(known) => Some(known),
            None => store.get::<Code>(code.key.as_str())?,
        };
        let Some(known) = known else {
            store.save(code)?;
            added.new += 1;
            continue;
        };
        added.known.push(place);
        if !known.gives_as(code) {
            added.others += 1;
            added.other.push((place, known));
        }
    }
    Ok(added)
}

impl Ledger {
    /// Takes codes into stock; one that is known stays as it is. `progress` is told how many are done.
    ///
    /// # Errors
    /// [`NotKept`] from the first that failed; many of those before it are in stock.
    pub async fn add_codes(
        &self,
        codes: Vec<Code>,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Added, NotKept> {
        let mut all = Added::default();
        let together = self.0.writer.together().min(ROWS_MAX / TOGETHER);
        for (round, codes) in codes.chunks(TOGETHER * together).enumerate() {
            let deeds = codes.chunks(TOGETHER).map(|codes| Deed::Add(codes.to_vec())).collect();
            for (part, fact) in self.deeds(deeds).await?.into_iter().enumerate() {
                let Fact::Added(added) = fact else { return Err(NotKept::Stopped) };
                let before = (round * together + part) * TOGETHER;
                all.new += added.new;
                all.known.extend(added.known.into_iter().map(|place| before + place));
                all.others += added.others;
                let left = OTHER_MAX.saturating_sub(all.other.len());
                let other = added.other.into_iter().map(|(place, code)| (before + place, code));
                all.other.extend(other.take(left));
            }
            progress(all.new + all.known.len() as u64);
        }
        Ok(all)
    }
}
