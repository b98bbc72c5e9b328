//! The bound of code that is generic over both threading families, and the boxing of futures in each family.

use std::time::Duration;

use crate::threading::{Family, Local, Shared};
use crate::timer::clock::Clock;

/// Whether a [`Client`](crate::Client) may move between threads: [`Shared`] (the default) or [`Local`].
///
/// It is the bound of code that is generic over both families. Sealed: there are these two and no others.
///
/// ```
/// use wecom_core::{ApiCall, Client, Error, Threading};
///
/// /// Works with a client of either family.
/// async fn call_twice<M: Threading, C: ApiCall + Clone>(
///     client: &Client<M>,
///     call: C,
/// ) -> Result<C::Reply, Error> {
///     client.call(call.clone()).await?;
///     client.call(call).await
/// }
/// ```
pub trait Threading: Family + sealed::Boxing {}

impl Threading for Shared {}
impl Threading for Local {}

impl<M: Threading> Clock<M> {
    /// Waits like [`sleep`](Self::sleep), as a future that owns the timer and can be stored in a struct.
    pub fn sleep_boxed(&self, duration: Duration) -> M::Future<'static, ()> {
        M::wait(self.clone(), duration)
    }
}

pub(crate) mod sealed {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Family, Local, Shared, Threading};
    use crate::client::{BoxedCall, Client};
    use crate::endpoint::call::ApiCall;
    use crate::quota::shared_quota::{TakeFuture, TakeTask};
    use crate::timer::Clock;
    use crate::token::corp_get_token::CorpGetToken;
    use crate::token::shared_token::{FetchTask, FlightFuture};

    /// Futures over a client, boxed where the family is known, because only there the compiler sees that they are
    /// `Send`.
    pub trait Boxing: Family {
        fn call<C>(client: Client<Self>, call: C) -> BoxedCall<Self, C::Reply>
        where
            Self: Threading,
            C: ApiCall + Send + 'static,
            C::Reply: Send + 'static;

        /// The task of a token's fetch, as a future.
        fn fetch(task: FetchTask<Self>) -> FlightFuture<Self>;

        /// A request to the store of a shared quota, as a future.
        fn take_admissions(task: TakeTask<Self>) -> TakeFuture<Self>;

        /// A wait on a timer, as a future that owns the timer.
        fn wait(clock: Clock<Self>, duration: Duration) -> Self::Future<'static, ()>;

        /// A call that fetches a token, as a function that makes it whenever a token is needed.
        fn token_call(client: Client<Self>, call: CorpGetToken) -> Self::TokenCall
        where
            Self: Threading;
    }

    macro_rules! boxing {
        ($($family:ty: $pointer:ident),+) => {$(
            impl Boxing for $family {
                fn call<C>(client: Client<Self>, call: C) -> BoxedCall<Self, C::Reply>
                where
                    C: ApiCall + Send + 'static,
                    C::Reply: Send + 'static,
                {
                    Box::pin(async move { client.call(call).await })
                }

                fn fetch(task: FetchTask<Self>) -> FlightFuture<Self> {
                    Box::pin(task.run())
                }

                fn take_admissions(task: TakeTask<Self>) -> TakeFuture<Self> {
                    Box::pin(task.run())
                }

                fn wait(clock: Clock<Self>, duration: Duration) -> Self::Future<'static, ()> {
                    Box::pin(async move { clock.sleep(duration).await })
                }

                fn token_call(client: Client<Self>, call: CorpGetToken) -> Self::TokenCall {
                    $pointer::new(move || client.call_boxed(call.clone()))
                }
            }
        )+};
    }

    boxing!(Shared: Arc, Local: Rc);
}
