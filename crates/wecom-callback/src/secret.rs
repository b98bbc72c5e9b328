//! Secrets in events.

use std::fmt;

use zeroize::Zeroizing;

macro_rules! secrets {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        ///
        /// No `Debug` shows it, and it is zeroed on drop.
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(Zeroizing<String>);

        impl $name {
            /// Wraps a secret.
            pub fn new(text: impl Into<String>) -> Self {
                Self(Zeroizing::new(text.into()))
            }

            /// Returns the secret, to put it into a request. Never put it into a text that a person may read.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(***)"))
            }
        }
    )+};
}

secrets! {
    /// The ticket that a provider needs for its `suite_access_token`: `SuiteTicket`.
    Ticket;
    /// The code that a provider exchanges for a permanent code: `AuthCode` (临时授权码).
    AuthCode;
}
