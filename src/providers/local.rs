//! The provider that is nobody: the gateway's own record is the service, so every task is done at once.

use super::{Attempted, Errand, Fulfilled, Provider, Sending};

/// Carries out everything by doing nothing.
pub struct Local;

impl Provider for Local {
    fn send<'a>(&'a self, _: &'a Errand) -> Sending<'a> {
        Box::pin(async { Attempted::Done(Fulfilled::default()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::scripted::tests::task;

    #[tokio::test]
    async fn it_is_done_at_once() {
        assert_eq!(Local.send(&task()).await, Attempted::Done(Fulfilled::default()));
    }
}
