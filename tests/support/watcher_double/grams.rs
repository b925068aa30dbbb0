//! Where a text of some length may stand among very many, without looking into each: every text is kept by its
//! blocks of five bytes, and nine bytes of it hold one such block whole, wherever they begin.

use std::collections::HashMap;

const BLOCK: usize = 5;

#[derive(Debug, Clone, Default)]
pub struct Grams(HashMap<u64, Vec<i64>>);

fn block(bytes: &[u8]) -> Option<u64> {
    let mut key = [0; 8];
    key[..BLOCK].copy_from_slice(bytes.get(..BLOCK)?);
    Some(u64::from_le_bytes(key))
}

impl Grams {
    pub fn add(&mut self, id: i64, text: &str) {
        for bytes in text.as_bytes().chunks_exact(BLOCK) {
            self.0.entry(block(bytes).expect("a block")).or_default().push(id);
        }
    }

    /// All that may hold `part`, in order of their ids, and some that do not; none where it is too short to tell.
    pub fn candidates(&self, part: &str) -> Option<Vec<i64>> {
        let part = part.as_bytes();
        if part.len() < 2 * BLOCK - 1 {
            return None;
        }
        let mut all = Vec::new();
        // Wherever it begins in a text, one of these stands where a block does; the rarest tells most.
        for shift in 0..BLOCK {
            let windows = (shift..=part.len() - BLOCK).step_by(BLOCK);
            let known = |at: usize| {
                block(&part[at..]).and_then(|key| self.0.get(&key)).map_or(&[][..], Vec::as_slice)
            };
            all.extend(windows.map(known).min_by_key(|ids| ids.len()).unwrap_or_default());
        }
        all.sort_unstable();
        all.dedup();
        Some(all)
    }
}
