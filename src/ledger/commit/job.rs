//! A deed in the queue, whatever it answers: the answer waits here until the commit, beside who waits for it.

use tokio::sync::oneshot;

use super::deed::Deed;
use crate::ledger::postgres::Batch;
use crate::ledger::received::Received;
use crate::ledger::sqlite::Tx;
use crate::ledger::store::{Lock, Store};
use crate::ledger::{NotKept, Rules, StoreError};

/// What a writer asks of any deed; [`Deed`] says what each is.
pub(in crate::ledger) trait Job: Send {
    fn locks(&self) -> Vec<Lock>;
    fn goes_alone(&self) -> bool;
    fn is_probe(&self) -> bool;
    fn folds(&self) -> bool;
    fn received(&self) -> Option<&Received>;

    /// Does it in a transaction of the embedded engine.
    fn on_sqlite(&mut self, tx: &mut Tx<'_>, rules: &Rules) -> Result<(), StoreError>;

    /// Does it in a transaction of a server.
    fn on_postgres(&mut self, batch: &mut Batch<'_>, rules: &Rules) -> Result<(), StoreError>;

    /// Tells who waits what came of the commit; whether a task may be due for it.
    fn answer(self: Box<Self>, result: Result<(), StoreError>) -> bool;
}

/// A write that was handed over.
pub(in crate::ledger) struct Pending<A>(oneshot::Receiver<Result<A, StoreError>>);

impl<A> Pending<A> {
    /// Waits until it is committed. Dropping this cancels nothing.
    pub(in crate::ledger) async fn answer(self) -> Result<A, NotKept> {
        Ok(self.0.await.map_err(|_| NotKept::Stopped)??)
    }
}

struct Waiting<D: Deed> {
    deed: D,
    /// What it answers if what was done last is committed.
    made: Option<D::Answer>,
    reply: oneshot::Sender<Result<D::Answer, StoreError>>,
}

/// Makes a deed one for the queue.
pub(super) fn job<D: Deed>(deed: D) -> (Box<dyn Job>, Pending<D::Answer>) {
    let (reply, answer) = oneshot::channel();
    (Box::new(Waiting { deed, made: None, reply }), Pending(answer))
}

impl<D: Deed> Waiting<D> {
    fn perform(&mut self, store: &mut impl Store, rules: &Rules) -> Result<(), StoreError> {
        self.made = Some(self.deed.perform(store, rules)?);
        Ok(())
    }
}

impl<D: Deed> Job for Waiting<D> {
    fn locks(&self) -> Vec<Lock> {
        self.deed.locks()
    }

    fn goes_alone(&self) -> bool {
        self.deed.goes_alone()
    }

    fn is_probe(&self) -> bool {
        self.deed.is_probe()
    }

    fn folds(&self) -> bool {
        self.deed.folds()
    }

    fn received(&self) -> Option<&Received> {
        self.deed.received()
    }

    fn on_sqlite(&mut self, tx: &mut Tx<'_>, rules: &Rules) -> Result<(), StoreError> {
        self.perform(tx, rules)
    }

    fn on_postgres(&mut self, batch: &mut Batch<'_>, rules: &Rules) -> Result<(), StoreError> {
        self.perform(batch, rules)
    }

    fn answer(self: Box<Self>, result: Result<(), StoreError>) -> bool {
        let Self { deed, made, reply } = *self;
        let made = || made.ok_or_else(|| StoreError::broken("a write had no result"));
        let answer = result.and_then(|()| made());
        let may_owe = answer.as_ref().is_ok_and(|answer| deed.may_owe(answer));
        // A caller that has gone away does not wait for the answer; the write stands.
        let _ = reply.send(answer);
        may_owe
    }
}
