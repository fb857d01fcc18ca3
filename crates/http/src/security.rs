//! What an operator should look at: somebody tries something (threats B6, B12, C1, D1, D3, E18). A line in
//! the log and a counter, by a closed list of kinds; never what was sent.

/// A kind of event. Its name is a label of the counter and a member of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SecurityEvent {
    /// Somebody guesses passwords.
    BruteForce,
    /// A ticket, session or token of another tenant was shown.
    CrossOwner,
    /// A request in a session may have been made by a page of somebody else.
    Csrf,
    /// The test of a patch would have told what a secret is.
    PatchSecretRead,
    /// A patch that grows without bound.
    PatchBomb,
    /// XML with a document type.
    XmlDoctype,
    /// Events that cause each other.
    EventLoop,
}

impl SecurityEvent {
    fn name(self) -> &'static str {
        match self {
            Self::BruteForce => "bruteforce",
            Self::CrossOwner => "cross_owner",
            Self::Csrf => "csrf",
            Self::PatchSecretRead => "patch_secret_read",
            Self::PatchBomb => "patch_bomb",
            Self::XmlDoctype => "xml_doctype",
            Self::EventLoop => "event_loop",
        }
    }

    /// Counts it, where the log is told more than this list knows.
    pub(crate) fn count(self) {
        metrics::counter!("security_events_total", "kind" => self.name()).increment(1);
    }

    /// Tells the log and counts.
    pub(crate) fn note(self) {
        self.count();
        tracing::warn!(
            event = "security",
            kind = self.name(),
            "a request was refused"
        );
    }
}
