//! What a job that waits needs of a threading family: a timer that fits it.

use std::fmt;

use wecom_core::{Local, Shared, Threading};

/// A [threading family](Threading) whose jobs can wait: each of the two.
///
/// Sealed: there are these two and no others. It stands in the bounds of code that is generic over both.
pub trait JobThreading: Threading + sealed::Waits {}

impl JobThreading for Shared {}
impl JobThreading for Local {}

/// The caller's timer.
pub(crate) struct Clock<M: JobThreading>(pub(crate) M::Clock);

impl<M: JobThreading> fmt::Debug for Clock<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

pub(crate) mod sealed {
    use std::future::Future;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use wecom_core::{Local, LocalTimer, Shared, Timer};

    /// What the two families differ in: how they hold a timer, and whether waiting on it is `Send`.
    pub trait Waits {
        type Clock;
        type Wait<'a>: Future<Output = ()>;

        fn now_on(clock: &Self::Clock) -> Duration;

        fn wait_on(clock: &Self::Clock, duration: Duration) -> Self::Wait<'_>;
    }

    impl Waits for Shared {
        type Clock = Arc<dyn Timer>;
        type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

        fn now_on(clock: &Self::Clock) -> Duration {
            clock.now()
        }

        fn wait_on(clock: &Self::Clock, duration: Duration) -> Self::Wait<'_> {
            clock.sleep(duration)
        }
    }

    impl Waits for Local {
        type Clock = Rc<dyn LocalTimer>;
        type Wait<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

        fn now_on(clock: &Self::Clock) -> Duration {
            clock.now()
        }

        fn wait_on(clock: &Self::Clock, duration: Duration) -> Self::Wait<'_> {
            clock.sleep(duration)
        }
    }
}
