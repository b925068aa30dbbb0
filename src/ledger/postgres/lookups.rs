//! Look-ups on the answer path: what waits is asked in one statement, on a few sessions. A statement
//! begins after its questions came, so it sees all that any gateway has acknowledged before; and it tells
//! itself whether a standby answers it, which would not.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::fetch::journal;
use super::hosts::Hosts;
use super::link::Link;
use super::sets::{Fetched, Service, Wanted, With};
use super::terms::Known;
use crate::ids::Msisdn;
use crate::ledger::StoreError;
use crate::lifeline::Lifelines;
use crate::subscription::ServiceState;

/// Sessions that look up, so statements under way at once.
const SESSIONS: usize = 2;

/// Questions in one statement, at most.
const BATCH_MAX: usize = 256;

/// Questions waiting, at most: beyond, a check is answered as one that failed.
const WAITING_MAX: usize = 16_384;

/// How long one statement may take, a new session included.
const LOOK_MAX: Duration = Duration::from_secs(5);

struct Question {
    service: Service,
    reply: oneshot::Sender<Result<ServiceState, StoreError>>,
}

/// The handle.
pub(in crate::ledger) struct Lookups {
    pub(super) hosts: Arc<Hosts>,
    pub(super) known: Arc<Known>,
    questions: Mutex<Option<mpsc::Sender<Question>>>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Lookups {
    /// Starts them. The first has its session from the beginning: a gateway that is asked nothing yet
    /// must be seen by a copy too.
    pub(super) fn start(
        hosts: &Arc<Hosts>,
        known: &Arc<Known>,
        session: Link,
        lifelines: &Lifelines,
    ) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING_MAX);
        let receiver = Arc::new(AsyncMutex::new(receiver));
        let mut session = Some(session);
        let task = |_| {
            let session = session.take();
            let looker = Looker { hosts: Arc::clone(hosts), known: Arc::clone(known), session };
            let (lifeline, questions) = (lifelines.begin("ledger-lookups"), Arc::clone(&receiver));
            tokio::spawn(async move {
                looker.run(questions).await;
                lifeline.end();
            })
        };
        let tasks = Mutex::new((0..SESSIONS).map(task).collect());
        let (hosts, known) = (Arc::clone(hosts), Arc::clone(known));
        Self { hosts, known, questions: Mutex::new(Some(sender)), tasks }
    }

    /// What a number holds of a service.
    pub(in crate::ledger) async fn state(
        &self,
        number: &Msisdn,
        service_id: &str,
    ) -> Result<ServiceState, StoreError> {
        let (reply, answer) = oneshot::channel();
        let question = Question { service: (number.clone(), service_id.to_owned()), reply };
        let sender = self.questions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        sender.ok_or(StoreError::Late)?.try_send(question).map_err(|_| StoreError::Late)?;
        answer.await.unwrap_or(Err(StoreError::Late))
    }

    /// Answers what was asked, and ends the sessions.
    pub(in crate::ledger) async fn stop(&self) {
        drop(self.questions.lock().unwrap_or_else(PoisonError::into_inner).take());
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            // Its lifeline tells of a panic.
            let _ = task.await;
        }
    }
}

struct Looker {
    hosts: Arc<Hosts>,
    known: Arc<Known>,
    session: Option<Link>,
}

impl Looker {
    async fn run(mut self, questions: Arc<AsyncMutex<mpsc::Receiver<Question>>>) {
        loop {
            let mut batch = Vec::new();
            questions.lock().await.recv_many(&mut batch, BATCH_MAX).await;
            if batch.is_empty() {
                return;
            }
            let wanted: HashSet<Service> = batch.iter().map(|question| question.service.clone()).collect();
            let found = timeout(LOOK_MAX, self.look(wanted)).await.unwrap_or(Err(StoreError::Late));
            for question in batch {
                let state = match &found {
                    Ok(found) => Ok(found.states.get(&question.service).cloned().unwrap_or_default()),
                    Err(error) => Err(error.clone()),
                };
                // Who asked may have gone away.
                let _ = question.reply.send(state);
            }
        }
    }

    /// A session that was cut while it was idle is told from a server that is gone: by a second one.
    async fn look(&mut self, states: HashSet<Service>) -> Result<Fetched, StoreError> {
        let was_idle = self.session.is_some();
        match self.ask(states.clone()).await {
            Err(_) if was_idle => self.ask(states).await,
            result => result,
        }
    }

    /// The session is kept only where it is in good order.
    async fn ask(&mut self, states: HashSet<Service>) -> Result<Fetched, StoreError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.hosts.connect().await?,
        };
        let mut fetched = Fetched::default();
        let wanted = Wanted { states, states_with: With::Role, ..Wanted::default() };
        journal(&mut session, &self.known, &wanted, &mut fetched).await?;
        self.session = Some(session);
        Ok(fetched)
    }
}
