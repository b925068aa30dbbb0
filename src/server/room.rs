//! Room for what is half here: the bytes of heads and bodies that have begun to arrive, over all listeners.
//! A little is free for every connection, so that real messages never wait for it; what is larger takes from
//! one store, which bounds the memory whatever is sent and never finished.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that each head and each body has for itself. Real messages of the carrier are below 2 KiB.
pub(super) const FREE_BYTES: usize = 4 << 10;

/// Bytes of one permit.
const UNIT: usize = 1 << 10;

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct Room(Arc<Semaphore>);

/// There is none left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crowded;

/// What one head or body has taken; given back when dropped.
#[derive(Debug, Default)]
pub(super) struct Held {
    permit: Option<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Room {
    /// So many bytes, a whole number of KiB.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / UNIT).min(Semaphore::MAX_PERMITS))))
    }

    /// Makes `held` enough for `bytes`.
    pub(super) fn take(&self, held: &mut Held, bytes: usize) -> Result<(), Crowded> {
        let more = bytes.saturating_sub(FREE_BYTES.max(held.bytes)).div_ceil(UNIT);
        if more == 0 {
            return Ok(());
        }
        let units = u32::try_from(more).map_err(|_| Crowded)?;
        let permit = Arc::clone(&self.0).try_acquire_many_owned(units).map_err(|_| Crowded)?;
        held.bytes = FREE_BYTES.max(held.bytes) + more * UNIT;
        match &mut held.permit {
            Some(own) => own.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_are_free_and_the_rest_is_shared() {
        let room = Room::new(8 << 10);
        let (mut small, mut large, mut other) = (Held::default(), Held::default(), Held::default());
        assert_eq!(room.take(&mut large, 12 << 10), Ok(()));
        assert_eq!(room.take(&mut large, 12 << 10), Ok(()), "what is held is not taken again");
        assert_eq!(room.take(&mut small, FREE_BYTES), Ok(()));
        assert_eq!(room.take(&mut other, FREE_BYTES + 1), Err(Crowded));
        drop(large);
        assert_eq!(room.take(&mut other, FREE_BYTES + 1), Ok(()));
        assert_eq!(room.take(&mut other, FREE_BYTES + UNIT), Ok(()), "in whole units");
        assert_eq!(room.take(&mut small, 11 << 10), Ok(()));
        assert_eq!(room.take(&mut other, 6 << 10), Err(Crowded));
    }
}
