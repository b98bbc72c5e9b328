//! The states of a builder: whether it has a source of tokens and a timer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Threading;
use crate::quota::policy::Quotas;
use crate::retry::Retry;
use crate::secret::AccessToken;
use crate::timer::clock::Clock;
use crate::token::credentials::Credentials;

/// The state of a builder that has no source of tokens yet.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoToken;

/// The state of a builder that has no timer. Its calls can neither be repeated nor wait.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct NoTimer;

/// The state of a builder that has a timer: the timer, and the settings that need it.
pub struct Timed<M: Threading> {
    pub(super) clock: Clock<M>,
    pub(super) retry: Option<Retry>,
    pub(super) quotas: Option<Quotas>,
    pub(super) quota_store: Option<(Arc<str>, M::QuotaStore)>,
    pub(super) deadline: Option<Duration>,
}

impl<M: Threading> fmt::Debug for Timed<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { retry, quotas, quota_store, deadline, .. } = self;
        f.debug_struct("Timed")
            .field("retry", retry)
            .field("quotas", quotas)
            .field("has_quota_store", &quota_store.is_some())
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}

/// The state of a builder that has a source of tokens.
#[derive(Debug)]
pub struct TokenSource<M: Threading>(pub(super) Source<M>);

pub(super) enum Source<M: Threading> {
    Fixed(AccessToken),
    Credentials(Credentials),
    Provider(M::TokenProvider),
}

impl<M: Threading> fmt::Debug for Source<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fixed(_) => "a fixed token",
            Self::Credentials(_) => "credentials",
            Self::Provider(_) => "a token provider",
        })
    }
}

/// A state of a builder that has a source of tokens: [`TokenSource`].
#[diagnostic::on_unimplemented(
    message = "a client needs a source of tokens",
    label = "the builder has no source of tokens",
    note = "call `.credentials(...)`, `.token(...)` or `.token_provider(...)` before `.build()`"
)]
pub trait HasToken<M: Threading>: sealed::IntoToken<M> {}

impl<M: Threading> HasToken<M> for TokenSource<M> {}

/// A state of a builder that has a timer: [`Timed`].
#[diagnostic::on_unimplemented(
    message = "a setting that needs a timer is used without a timer",
    label = "the builder has no timer",
    note = "call `.timer(...)` before `.retry(...)`, `.quotas(...)` and `.deadline(...)`"
)]
pub trait HasTimer<M: Threading>: sealed::AsTimed<M> {}

impl<M: Threading> HasTimer<M> for Timed<M> {}

/// The two states of a builder's timer: [`NoTimer`] and [`Timed`].
pub trait TimerState<M: Threading>: sealed::IntoTimed<M> {}

impl<M: Threading> TimerState<M> for NoTimer {}
impl<M: Threading> TimerState<M> for Timed<M> {}

mod sealed {
    use super::{NoTimer, Threading, Timed, TokenSource};

    pub trait IntoToken<M: Threading> {
        fn into_token(self) -> TokenSource<M>;
    }

    impl<M: Threading> IntoToken<M> for TokenSource<M> {
        fn into_token(self) -> TokenSource<M> {
            self
        }
    }

    pub trait AsTimed<M: Threading> {
        fn as_timed(&mut self) -> &mut Timed<M>;
    }

    impl<M: Threading> AsTimed<M> for Timed<M> {
        fn as_timed(&mut self) -> &mut Timed<M> {
            self
        }
    }

    pub trait IntoTimed<M: Threading> {
        fn into_timed(self) -> Option<Timed<M>>;
    }

    impl<M: Threading> IntoTimed<M> for NoTimer {
        fn into_timed(self) -> Option<Timed<M>> {
            None
        }
    }

    impl<M: Threading> IntoTimed<M> for Timed<M> {
        fn into_timed(self) -> Option<Timed<M>> {
            Some(self)
        }
    }
}
