//! How an attempt ended, by a closed list: it is stored, shown, and a label of metrics.

/// In which part of an attempt something went wrong (issue 4, point 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Looking up the name of the receiver.
    Dns,
    /// The receiver is an address that may not be called.
    Blocked,
    /// Connecting to it.
    Connect,
    /// Agreeing on encryption, and the receiver's certificate.
    Tls,
    /// Waiting for it.
    Timeout,
    /// What it answered.
    Status,
    /// Running a script.
    Script,
    /// Getting ready to send, before anybody was called.
    Prepare,
}

impl Phase {
    /// The name in answers and texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Blocked => "blocked",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Status => "status",
            Self::Script => "script",
            Self::Prepare => "prepare",
        }
    }
}

macro_rules! outcomes {
    ($($(#[$meta:meta])* $name:ident = $number:literal $text:literal $phase:expr;)+) => {
        /// How an attempt ended. The numbers are stored.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(i16)]
        pub enum Outcome {
            $($(#[$meta])* $name = $number,)+
        }

        impl Outcome {
            /// Every outcome, in the order of its number.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The outcome with this number.
            #[must_use]
            pub fn from_number(number: i16) -> Option<Self> {
                Self::ALL.iter().copied().find(|o| *o as i16 == number)
            }

            /// The name in the log of deliveries and in metrics.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// Where it failed; `None` when it did not.
            #[must_use]
            pub fn phase(self) -> Option<Phase> {
                match self { $(Self::$name => $phase,)+ }
            }
        }
    };
}

outcomes! {
    /// The receiver took it.
    Ok = 0 "ok" None;
    /// A redirect, which is never followed.
    Http3xx = 1 "http_3xx" Some(Phase::Status);
    /// The receiver refused it.
    Http4xx = 2 "http_4xx" Some(Phase::Status);
    /// The receiver failed.
    Http5xx = 3 "http_5xx" Some(Phase::Status);
    /// A 2xx that does not count where strictly 200 is asked for, or a status without a meaning.
    HttpOther = 4 "http_other" Some(Phase::Status);
    /// The receiver answered 410: it wants nothing any more.
    Gone = 5 "gone" Some(Phase::Status);
    /// It could not be connected to in time.
    TimeoutConnect = 6 "timeout_connect" Some(Phase::Timeout);
    /// It did not answer in time.
    TimeoutTotal = 7 "timeout_total" Some(Phase::Timeout);
    /// Its name was not found.
    DnsError = 8 "dns_error" Some(Phase::Dns);
    /// Its address may not be called.
    BlockedIp = 9 "blocked_ip" Some(Phase::Blocked);
    /// It is this server.
    BlockedSelf = 10 "blocked_self" Some(Phase::Blocked);
    /// Encryption or its certificate was refused.
    TlsError = 11 "tls_error" Some(Phase::Tls);
    /// The connection was refused.
    Refused = 12 "refused" Some(Phase::Connect);
    /// The connection broke before there was an answer.
    Reset = 13 "reset" Some(Phase::Status);
    /// What it answered is no HTTP.
    BadResponse = 14 "bad_response" Some(Phase::Status);
    /// The webhook cannot be sent as it is stored.
    ConfigInvalid = 15 "config_invalid" Some(Phase::Prepare);
    /// Its secret cannot be read, and nothing is sent unsigned that should be signed.
    SecretUnavailable = 16 "secret_unavailable" Some(Phase::Prepare);
    /// The script failed.
    ScriptError = 17 "script_error" Some(Phase::Script);
    /// The script took too long or too much.
    ScriptLimit = 18 "script_limit" Some(Phase::Script);
    /// It took the process down with it, again and again.
    Poison = 19 "poison" Some(Phase::Prepare);
    /// No plugin handles the webhook's type.
    NoPlugin = 20 "no_plugin" Some(Phase::Prepare);
    /// The plugin itself failed.
    Internal = 21 "internal" Some(Phase::Prepare);
}

impl Outcome {
    /// Whether the receiver took it.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Ok
    }
}
