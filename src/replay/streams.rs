//! Sends the cases over several connections at once, those of one number on one connection and in
//! order. Leaves counting and printing to whoever receives the results.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::Instant;

use super::Options;
use super::case::Case;
use super::connection::{Answer, Connection};
use super::prepare::Preparer;
use super::target::Target;
use super::verdict::{Verdict, verdict};

/// Results that may wait to be printed before sending pauses.
const RESULTS_MAX: usize = 1024;

/// One message that is over.
#[derive(Debug)]
pub(super) struct Done {
    /// Its place among the cases.
    pub(super) case: usize,
    pub(super) repetition: u32,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
    /// What came, where nothing particular was expected.
    pub(super) answer: Option<Answer>,
}

impl Done {
    /// The case's name, with the repetition where there are several.
    pub(super) fn name(&self, cases: &[Case], repeat: u32) -> String {
        let name = &cases[self.case].name;
        if repeat == 1 { name.clone() } else { format!("{name} (round {})", self.repetition + 1) }
    }
}

/// What all streams share.
struct Shared {
    cases: Arc<[Case]>,
    preparer: Preparer,
    pace: Option<Pace>,
    repeat: u32,
}

/// Starts sending. The results end when everything was sent; dropping the receiver stops it.
pub(super) fn start(
    cases: Arc<[Case]>,
    preparer: Preparer,
    target: Target,
    options: &Options,
) -> Receiver<Done> {
    let (results, received) = channel(RESULTS_MAX);
    let streams = assign(&cases, options.concurrency);
    let pace = options.rate.map(Pace::new);
    let shared = Arc::new(Shared { cases, preparer, pace, repeat: options.repeat });
    let target = Arc::new(target);
    for stream in streams {
        let connection = Connection::new(Arc::clone(&target), options.timeout);
        tokio::spawn(run(stream, Arc::clone(&shared), connection, results.clone()));
    }
    received
}

/// The cases of each stream. A number's first case chooses its stream in turn; cases without a number
/// have no order to keep and fill up in turn as well.
fn assign(cases: &[Case], concurrency: usize) -> Vec<Vec<usize>> {
    let mut streams = vec![Vec::new(); concurrency];
    let mut of_number = HashMap::new();
    let mut turn = (0..concurrency).cycle();
    for (index, case) in cases.iter().enumerate() {
        let mut next = || turn.next().unwrap_or(0);
        let stream = match case.number().filter(|_| concurrency > 1) {
            Some(number) => *of_number.entry(number).or_insert_with(next),
            None => next(),
        };
        streams[stream].push(index);
    }
    streams.retain(|stream| !stream.is_empty());
    streams
}

async fn run(stream: Vec<usize>, shared: Arc<Shared>, mut connection: Connection, results: Sender<Done>) {
    for repetition in 0..shared.repeat {
        for case in &stream {
            if let Some(pace) = &shared.pace {
                pace.wait().await;
            }
            let done = one(*case, repetition, &shared, &mut connection).await;
            if results.send(done).await.is_err() {
                return;
            }
        }
    }
}

async fn one(case: usize, repetition: u32, shared: &Shared, connection: &mut Connection) -> Done {
    let message = shared.preparer.prepare(&shared.cases[case], repetition);
    let begun = Instant::now();
    let result = connection.exchange(&message).await;
    let took = begun.elapsed();
    let (verdict, answer) = match result {
        Ok(answer) => (verdict(&message.expected, &answer), Some(answer)),
        Err(why) => (Verdict::Failed(why), None),
    };
    let answer = answer.filter(|_| !message.expected.is_known());
    Done { case, repetition, verdict, took, answer }
}

/// Spaces messages evenly over all streams; time that was lost is not caught up in a burst.
struct Pace {
    each: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    fn new(rate: f64) -> Self {
        Self { each: Duration::from_secs_f64(1.0 / rate), next: Mutex::new(Instant::now()) }
    }

    async fn wait(&self) {
        let at = {
            let mut next = self.next.lock().await;
            let at = (*next).max(Instant::now());
            *next = at + self.each;
            at
        };
        tokio::time::sleep_until(at).await;
    }
}
