//! A disk that failed while something was written. What is on it is not known any more, so the process
//! writes nothing after that and ends; the next start finds out (promise P9).

use tokio::sync::watch;
use webhook_domain::StoreError;

/// Whether it happened, and with which error.
#[derive(Debug)]
pub(crate) struct Failure(watch::Sender<Option<String>>);

impl Default for Failure {
    fn default() -> Self {
        Self(watch::Sender::new(None))
    }
}

impl Failure {
    /// Remembers the error if it is one of these.
    pub(crate) fn note(&self, error: &StoreError) {
        if let StoreError::Io(text) = error {
            tracing::error!(error = %text, "the disk failed; nothing more is written");
            self.0.send_if_modified(|before| {
                let first = before.is_none();
                if first {
                    *before = Some(text.clone());
                }
                first
            });
        }
    }

    /// Refuses after it happened.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &*self.0.borrow() {
            None => Ok(()),
            Some(text) => Err(StoreError::Io(text.clone())),
        }
    }

    /// Waits until it happens.
    pub(crate) async fn happened(&self) -> String {
        let mut seen = self.0.subscribe();
        // The sender lives as long as this, so waiting ends only with an error to tell.
        match seen.wait_for(Option::is_some).await {
            Ok(text) => text.clone().unwrap_or_default(),
            Err(_) => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use webhook_domain::StoreError;

    use super::Failure;

    #[tokio::test]
    async fn only_a_disk_that_failed_ends_writing_and_its_first_error_is_told() {
        let failure = Failure::default();
        failure.note(&StoreError::Full("no room".into()));
        failure.note(&StoreError::Failed("no".into()));
        failure.check().unwrap();
        failure.note(&StoreError::Io("first".into()));
        failure.note(&StoreError::Io("second".into()));
        assert!(matches!(failure.check(), Err(StoreError::Io(text)) if text == "first"));
        assert_eq!(failure.happened().await, "first");
    }
}
