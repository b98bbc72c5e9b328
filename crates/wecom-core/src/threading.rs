//! The two threading families: everything above a transport is written once, over both.

use std::fmt;

/// Whether a [`Client`](crate::Client) may move between threads: [`Shared`] (the default) or [`Local`].
///
/// Sealed: there are these two and no others.
pub trait Threading: sealed::Family + Clone + Copy + fmt::Debug + 'static {}

/// The client is `Send + Sync`, its futures are `Send`, and it holds a [`Transport`](crate::Transport).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Shared {}

/// The client stays on one thread, and holds a [`LocalTransport`](crate::LocalTransport).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Local {}

impl Threading for Shared {}
impl Threading for Local {}

pub(crate) mod sealed {
    use std::future::Future;
    use std::pin::Pin;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::Duration;

    use super::{Local, Shared};
    use crate::request::Request;
    use crate::response::Response;
    use crate::secret::AccessToken;
    use crate::timer::{LocalTimer, Timer};
    use crate::token::{LocalTokenProvider, TokenError, TokenProvider, TokenScope};
    use crate::transport::{LocalTransport, Transport};
    use crate::transport_error::TransportError;

    /// What the two families differ in: which pointers and trait objects they hold, and whether the futures that these
    /// give are `Send`.
    pub trait Family {
        type Transport: Clone;
        type Timer: Clone;
        type Tokens: Clone;
        type Future<'a, T: 'a>: Future<Output = T>;

        fn send(transport: &Self::Transport, request: Request) -> Self::Future<'_, Result<Response, TransportError>>;

        fn now(timer: &Self::Timer) -> Duration;

        fn token<'a>(
            tokens: &'a Self::Tokens,
            scope: &'a TokenScope,
        ) -> Self::Future<'a, Result<AccessToken, TokenError>>;

        fn replace<'a>(
            tokens: &'a Self::Tokens,
            scope: &'a TokenScope,
            refused: &'a AccessToken,
        ) -> Self::Future<'a, Result<Option<AccessToken>, TokenError>>;
    }

    macro_rules! family {
        ($family:ty, $pointer:ident, $transport:ident, $timer:ident, $tokens:ident, $future:ty) => {
            impl Family for $family {
                type Transport = $pointer<dyn $transport>;
                type Timer = $pointer<dyn $timer>;
                type Tokens = $pointer<dyn $tokens>;
                type Future<'a, T: 'a> = $future;

                fn send(
                    transport: &Self::Transport,
                    request: Request,
                ) -> Self::Future<'_, Result<Response, TransportError>> {
                    $transport::send(&**transport, request)
                }

                fn now(timer: &Self::Timer) -> Duration {
                    $timer::now(&**timer)
                }

                fn token<'a>(
                    tokens: &'a Self::Tokens,
                    scope: &'a TokenScope,
                ) -> Self::Future<'a, Result<AccessToken, TokenError>> {
                    $tokens::token(&**tokens, scope)
                }

                fn replace<'a>(
                    tokens: &'a Self::Tokens,
                    scope: &'a TokenScope,
                    refused: &'a AccessToken,
                ) -> Self::Future<'a, Result<Option<AccessToken>, TokenError>> {
                    $tokens::replace(&**tokens, scope, refused)
                }
            }
        };
    }

    family!(Shared, Arc, Transport, Timer, TokenProvider, Pin<Box<dyn Future<Output = T> + Send + 'a>>);
    family!(Local, Rc, LocalTransport, LocalTimer, LocalTokenProvider, Pin<Box<dyn Future<Output = T> + 'a>>);
}
