//! What the process lives by: its listeners, its worker, the ledger's threads. Each holds a [`Lifeline`] as
//! long as it runs. One that ends before its time, by a panic or for no reason, takes the whole process
//! with it: half a gateway that looks well is worse than one that is started anew.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::sync::watch;

/// The name of a part, as the log tells it.
pub type Part = Cow<'static, str>;

/// All parts of a process. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Lifelines(Arc<watch::Sender<Option<Part>>>);

/// Held by one part while it runs; dropped without [`Lifeline::end`] it tells that the part has fallen.
#[derive(Debug)]
pub struct Lifeline {
    part: Part,
    /// None once the part has ended in order.
    lines: Option<Lifelines>,
}

impl Lifelines {
    /// To be held by a part that begins.
    #[must_use]
    pub fn begin(&self, part: impl Into<Part>) -> Lifeline {
        Lifeline { part: part.into(), lines: Some(self.clone()) }
    }

    /// Waits until a part has fallen; the first that did.
    pub async fn fallen(&self) -> Part {
        let mut fallen = self.0.subscribe();
        // The sender lives as long as these.
        let part = fallen.wait_for(Option::is_some).await.map(|part| part.clone());
        part.ok().flatten().unwrap_or(Cow::Borrowed("unknown"))
    }
}

impl Lifeline {
    /// The part has ended as it should.
    pub fn end(mut self) {
        self.lines = None;
    }

    /// Runs a part that should end after `stop` only.
    pub async fn until(self, stop: watch::Receiver<bool>, running: impl Future<Output = ()>) {
        running.await;
        // A stop without its sender is one too.
        if *stop.borrow() || stop.has_changed().is_err() {
            self.end();
        }
    }
}

impl Drop for Lifeline {
    fn drop(&mut self) {
        let Some(lines) = self.lines.take() else { return };
        let part = std::mem::take(&mut self.part);
        lines.0.send_if_modified(|fallen| {
            let is_first = fallen.is_none();
            fallen.get_or_insert(part);
            is_first
        });
    }
}
