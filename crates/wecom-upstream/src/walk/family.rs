//! What a walk must know of the threading families: how to keep a call that is under way.

use wecom_core::{Local, Shared, Threading};

/// The threading families that a walk runs in: both of them. Code that is generic over the family says `M: Walking` where
/// it walks. Sealed.
pub trait Walking: Threading + sealed::KeepsCalls {}

impl Walking for Shared {}
impl Walking for Local {}

pub(crate) mod sealed {
    use std::future::Future;
    use std::pin::Pin;

    use wecom_core::{ApiCall, Client, Error, Local, Shared, Threading};

    pub trait KeepsCalls: Threading {
        /// A call under way, which may be kept from one poll to the next; `Send` where the family is.
        type UnderWay<T: 'static>: Future<Output = Result<T, Error>> + Unpin;

        fn begin<C>(client: Client<Self>, call: C) -> Self::UnderWay<C::Reply>
        where
            C: ApiCall + Send + 'static,
            C::Reply: Send + 'static;
    }

    impl KeepsCalls for Shared {
        type UnderWay<T: 'static> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

        fn begin<C>(client: Client<Self>, call: C) -> Self::UnderWay<C::Reply>
        where
            C: ApiCall + Send + 'static,
            C::Reply: Send + 'static,
        {
            Box::pin(async move { client.call(call).await })
        }
    }

    impl KeepsCalls for Local {
        type UnderWay<T: 'static> = Pin<Box<dyn Future<Output = Result<T, Error>>>>;

        fn begin<C>(client: Client<Self>, call: C) -> Self::UnderWay<C::Reply>
        where
            C: ApiCall + Send + 'static,
            C::Reply: Send + 'static,
        {
            Box::pin(async move { client.call(call).await })
        }
    }
}
