//! The provider that answers as its script says, for tests and rehearsals: what each word does stands
//! with the `script` setting.

use std::sync::{Mutex, PoisonError};

use super::{Attempted, CodeFault, Errand, Fulfilled, Provider, Sending, Why};
use crate::config::ScriptWord;

/// Answers attempt after attempt with the words of a script; the last word stays.
pub struct Scripted {
    script: Vec<ScriptWord>,
    next: Mutex<usize>,
}

impl Scripted {
    /// Begins a script.
    #[must_use]
    pub fn new(script: Vec<ScriptWord>) -> Self {
        Self { script, next: Mutex::new(0) }
    }

    fn next(&self) -> ScriptWord {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = *next;
        *next = at.saturating_add(1);
        match (self.script.get(at), self.script.last()) {
            (Some(word), _) => *word,
            // A pause at the end is over; what follows it is as after no word.
            (None, Some(ScriptWord::Wait(_)) | None) => ScriptWord::Done,
            (None, Some(last)) => *last,
        }
    }
}

impl Provider for Scripted {
    fn send<'a>(&'a self, _: &'a Errand) -> Sending<'a> {
        Box::pin(async {
            loop {
                match self.next() {
                    ScriptWord::Wait(pause) => tokio::time::sleep(pause).await,
                    word => return outcome(word),
                }
            }
        })
    }
}

fn outcome(word: ScriptWord) -> Attempted {
    let why = || Why::new("the script says so");
    match word {
        ScriptWord::Done | ScriptWord::Wait(_) => Attempted::Done(Fulfilled::default()),
        ScriptWord::Again(after) => Attempted::Again { why: why(), after },
        ScriptWord::Never => Attempted::Never(why()),
        ScriptWord::Unknown => Attempted::Unknown(why()),
        ScriptWord::Waits => Attempted::Waits,
        ScriptWord::BadCode { used } => {
            let fault = if used { CodeFault::Used } else { CodeFault::Invalid };
            Attempted::BadCode { fault, why: why() }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::catalog::GrantKind;
    use crate::clock::Timestamp;
    use crate::ids::{DeviceId, UserAccount};
    use crate::providers::{Action, Doubt};

    pub(crate) fn task() -> Errand {
        Errand {
            action: Action::Begin,
            doubt: Doubt::None,
            order_num: "step-1".to_owned(),
            ended_order_nums: Vec::new(),
            user_account: UserAccount::parse("account").expect("an account"),
            device_id: DeviceId::parse("10001").expect("a device"),
            camera: None,
            kind: GrantKind::Ai,
            storage: None,
            retention_days: None,
            starts_at: Timestamp(0),
            ends_at: None,
            code: None,
            settings: serde_json::Map::new(),
            wanted: None,
        }
    }

    async fn check(script: &[&str], expected: &[&str]) {
        let words = script.iter().map(|word| word.parse().expect("a word")).collect();
        let (scripted, task) = (Scripted::new(words), task());
        for expected in expected {
            let word = match scripted.send(&task).await {
                Attempted::Done(_) => "done".to_owned(),
                Attempted::Again { after, .. } => format!("again {:?}", after.map(|after| after.as_millis())),
                Attempted::Never(_) => "never".to_owned(),
                Attempted::Unknown(_) => "unknown".to_owned(),
                Attempted::Waits => "waits".to_owned(),
                Attempted::Denied(_) => "denied".to_owned(),
                Attempted::BadCode { fault, .. } => format!("{fault:?}"),
            };
            assert_eq!(word, *expected, "{script:?}");
        }
    }

    #[tokio::test]
    async fn each_attempt_has_its_word_and_the_last_stays() {
        check(&[], &["done", "done"]).await;
        check(&["again", "again:20", "done"], &["again None", "again Some(20)", "done", "done"]).await;
        check(
            &["unknown", "waits", "used", "invalid", "never"],
            &["unknown", "waits", "Used", "Invalid", "never", "never"],
        )
        .await;
    }

    #[tokio::test]
    async fn a_pause_passes_within_the_attempt() {
        let started = Instant::now();
        check(&["wait:30", "again", "wait:1"], &["again None", "done", "done"]).await;
        assert!(started.elapsed() >= Duration::from_millis(30));
    }
}
