//! What whole jobs need of a threading family beyond what a call needs: to keep calls that are under way, and to wait.

use std::fmt;

use wecom_core::{Local, Shared, Threading};

/// A [threading family](Threading) in which whole jobs run: each of the two. It stands in the bounds of code that is
/// generic over both.
///
/// Sealed: there are these two and no others.
pub trait JobThreading: Threading + sealed::KeepsCalls + sealed::Waits {}

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

    use wecom_core::{ApiCall, Client, Error, Local, LocalTimer, Shared, Threading, Timer};

    /// How a call is kept from one poll to the next.
    pub trait KeepsCalls: Threading {
        /// A call under way; `Send` where the family is.
        type UnderWay<T: 'static>: Future<Output = Result<T, Error>> + Unpin;

        fn begin<C>(client: Client<Self>, call: C) -> Self::UnderWay<C::Reply>
        where
            C: ApiCall + Send + 'static,
            C::Reply: Send + 'static;
    }

    /// How a timer is held, and whether waiting on it is `Send`.
    pub trait Waits {
        type Clock;
        type Wait<'a>: Future<Output = ()>;

        fn now_on(clock: &Self::Clock) -> Duration;

        fn wait_on(clock: &Self::Clock, duration: Duration) -> Self::Wait<'_>;
    }

    macro_rules! family {
        ($family:ty, $pointer:ident<$timer:ident> $(, $send:ident)?) => {
            impl KeepsCalls for $family {
                type UnderWay<T: 'static> = Pin<Box<dyn Future<Output = Result<T, Error>> $(+ $send)?>>;

                fn begin<C>(client: Client<Self>, call: C) -> Self::UnderWay<C::Reply>
                where
                    C: ApiCall + Send + 'static,
                    C::Reply: Send + 'static,
                {
                    Box::pin(async move { client.call(call).await })
                }
            }

            impl Waits for $family {
                type Clock = $pointer<dyn $timer>;
                type Wait<'a> = Pin<Box<dyn Future<Output = ()> $(+ $send)? + 'a>>;

                fn now_on(clock: &Self::Clock) -> Duration {
                    clock.now()
                }

                fn wait_on(clock: &Self::Clock, duration: Duration) -> Self::Wait<'_> {
                    clock.sleep(duration)
                }
            }
        };
    }

    family!(Shared, Arc<Timer>, Send);
    family!(Local, Rc<LocalTimer>);
}
