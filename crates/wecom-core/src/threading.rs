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

    use super::{Local, Shared, Threading};
    use crate::client::Client;
    use crate::error::Error;
    use crate::http::request::Request;
    use crate::http::response::Response;
    use crate::http::transport::{LocalTransport, Transport};
    use crate::http::transport_error::TransportError;
    use crate::observe::observer::{CallEvent, Layer};
    use crate::secret::AccessToken;
    use crate::timer::{LocalTimer, Timer};
    use crate::token::{
        CorpGetToken, DownstreamApp, GetTokenReply, LocalTokenProvider, LocalTokenStore, StoredToken, TokenError,
        TokenKey, TokenProvider, TokenScope, TokenStore, TokenStoreError,
    };

    /// What the two families differ in: which pointers and trait objects they hold, and whether the futures that these
    /// give are `Send`.
    pub trait Family: Sized {
        type Transport: Clone;
        type Timer: Clone;
        type Tokens: Clone;
        type TokenStore: Clone;
        type Layer: Clone;
        type Future<'a, T: 'a>: Future<Output = T> + Unpin;

        fn send(transport: &Self::Transport, request: Request) -> Self::Future<'_, Result<Response, TransportError>>;

        fn now(timer: &Self::Timer) -> Duration;

        fn sleep(timer: &Self::Timer, duration: Duration) -> Self::Future<'_, ()>;

        fn tell(layer: &Self::Layer, event: &CallEvent<'_>);

        fn stored<'a>(
            store: &'a Self::TokenStore,
            key: &'a TokenKey,
        ) -> Self::Future<'a, Result<Option<StoredToken>, TokenStoreError>>;

        fn swap<'a>(
            store: &'a Self::TokenStore,
            key: &'a TokenKey,
            expected: Option<&'a AccessToken>,
            new: &'a StoredToken,
        ) -> Self::Future<'a, Result<bool, TokenStoreError>>;

        /// Boxed, because it is a call inside a call.
        fn fetch_downstream<'a>(
            upstream: &'a Client<Self>,
            app: &'a DownstreamApp,
        ) -> Self::Future<'a, Result<GetTokenReply, Error>>
        where
            Self: Threading;

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
        ($family:ty, $pointer:ident, $transport:ident, $timer:ident, $tokens:ident, $store:ident, $layer:ty, $future:ty) => {
            impl Family for $family {
                type Transport = $pointer<dyn $transport>;
                type Timer = $pointer<dyn $timer>;
                type Tokens = $pointer<dyn $tokens>;
                type TokenStore = $pointer<dyn $store>;
                type Layer = $pointer<$layer>;
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

                fn sleep(timer: &Self::Timer, duration: Duration) -> Self::Future<'_, ()> {
                    $timer::sleep(&**timer, duration)
                }

                fn tell(layer: &Self::Layer, event: &CallEvent<'_>) {
                    layer.on_event(event);
                }

                fn stored<'a>(
                    store: &'a Self::TokenStore,
                    key: &'a TokenKey,
                ) -> Self::Future<'a, Result<Option<StoredToken>, TokenStoreError>> {
                    $store::get(&**store, key)
                }

                fn swap<'a>(
                    store: &'a Self::TokenStore,
                    key: &'a TokenKey,
                    expected: Option<&'a AccessToken>,
                    new: &'a StoredToken,
                ) -> Self::Future<'a, Result<bool, TokenStoreError>> {
                    $store::compare_and_swap(&**store, key, expected, new)
                }

                fn fetch_downstream<'a>(
                    upstream: &'a Client<Self>,
                    app: &'a DownstreamApp,
                ) -> Self::Future<'a, Result<GetTokenReply, Error>> {
                    Box::pin(upstream.call(CorpGetToken::new(app.clone())))
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

    type SendFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
    type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

    family!(Shared, Arc, Transport, Timer, TokenProvider, TokenStore, dyn Layer + Send + Sync, SendFuture<'a, T>);
    family!(Local, Rc, LocalTransport, LocalTimer, LocalTokenProvider, LocalTokenStore, dyn Layer, LocalFuture<'a, T>);
}
