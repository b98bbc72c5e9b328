//! The two threading families. All code above a transport is generic over them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::http::transport::{LocalTransport, Transport};
use crate::http::transport_error::TransportError;
use crate::lease::{Fence, LeaseKey, LeaseStore, LeaseStoreError, LocalLeaseStore};
use crate::observe::observer::{CallEvent, Observer};
use crate::quota::store::{
    LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError,
};
use crate::secret::AccessToken;
use crate::timer::{LocalTimer, Timer};
use crate::token::error::TokenError;
use crate::token::get_token::GetTokenReply;
use crate::token::lease::FetchLease;
use crate::token::provider::{LocalTokenProvider, TokenProvider};
use crate::token::scope::TokenScope;
use crate::token::store::{LocalTokenStore, StoredToken, TokenKey, TokenStore, TokenStoreError};

/// The family of clients that are `Send + Sync`: their futures are `Send`, and they hold a
/// [`Transport`](crate::Transport).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Shared {}

/// The family of clients that stay on one thread: they hold a [`LocalTransport`](crate::LocalTransport).
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Local {}

/// The differences between the two families: their pointers and trait objects, and whether futures are `Send`.
pub trait Family: Sized + Clone + Copy + fmt::Debug + 'static {
    type Transport: Clone;
    type Timer: Clone;
    type TokenProvider: Clone;
    type TokenStore: Clone;
    type QuotaStore: Clone;
    type LeaseStore: Clone + Unpin;
    type Observer: Clone;
    /// A call that fetches a token.
    type TokenCall;
    type Future<'a, T: 'a>: Future<Output = T> + Unpin;

    fn send(transport: &Self::Transport, request: Request) -> Self::Future<'_, Result<Response, TransportError>>;

    fn now(timer: &Self::Timer) -> Duration;

    fn sleep(timer: &Self::Timer, duration: Duration) -> Self::Future<'_, ()>;

    fn unix_time(timer: &Self::Timer) -> Option<Duration>;

    fn notify(observer: &Self::Observer, event: &CallEvent<'_>);

    fn load<'a>(
        store: &'a Self::TokenStore,
        key: &'a TokenKey,
    ) -> Self::Future<'a, Result<Option<StoredToken>, TokenStoreError>>;

    fn compare_and_swap<'a>(
        store: &'a Self::TokenStore,
        key: &'a TokenKey,
        expected: Option<&'a AccessToken>,
        new: &'a StoredToken,
    ) -> Self::Future<'a, Result<bool, TokenStoreError>>;

    fn lease_fetch<'a>(
        store: &'a Self::TokenStore,
        key: &'a TokenKey,
        length: Duration,
    ) -> Self::Future<'a, Result<FetchLease, TokenStoreError>>;

    fn end_fetch<'a>(
        store: &'a Self::TokenStore,
        key: &'a TokenKey,
        id: u64,
    ) -> Self::Future<'a, Result<(), TokenStoreError>>;

    fn take<'a>(
        store: &'a Self::QuotaStore,
        request: &'a QuotaRequest,
    ) -> Self::Future<'a, Result<QuotaGrant, QuotaStoreError>>;

    fn give_back<'a>(
        store: &'a Self::QuotaStore,
        request: &'a QuotaRequest,
        counted_at: u64,
        unused: u32,
    ) -> Self::Future<'a, Result<(), QuotaStoreError>>;

    fn report_refusal<'a>(
        store: &'a Self::QuotaStore,
        key: &'a QuotaKey,
        refusal: QuotaRefusal,
    ) -> Self::Future<'a, Result<(), QuotaStoreError>>;

    fn acquire_lease<'a>(
        store: &'a Self::LeaseStore,
        key: &'a LeaseKey,
        length: Duration,
    ) -> Self::Future<'a, Result<Option<Fence>, LeaseStoreError>>;

    fn renew_lease<'a>(
        store: &'a Self::LeaseStore,
        key: &'a LeaseKey,
        fence: Fence,
        length: Duration,
    ) -> Self::Future<'a, Result<bool, LeaseStoreError>>;

    fn release_lease<'a>(
        store: &'a Self::LeaseStore,
        key: &'a LeaseKey,
        fence: Fence,
    ) -> Self::Future<'a, Result<(), LeaseStoreError>>;

    fn call_for_token(call: &Self::TokenCall) -> Self::Future<'static, Result<GetTokenReply, Error>>;

    fn token<'a>(
        provider: &'a Self::TokenProvider,
        scope: &'a TokenScope,
    ) -> Self::Future<'a, Result<AccessToken, TokenError>>;

    fn replace<'a>(
        provider: &'a Self::TokenProvider,
        scope: &'a TokenScope,
        refused: &'a AccessToken,
    ) -> Self::Future<'a, Result<Option<AccessToken>, TokenError>>;
}

macro_rules! family {
    ($family:ty, $pointer:ident, $transport:ident, $timer:ident, $provider:ident, $store:ident, $quota_store:ident, $lease_store:ident, $observer:ty, $token_call:ty, $future:ty) => {
        impl Family for $family {
            type Transport = $pointer<dyn $transport>;
            type Timer = $pointer<dyn $timer>;
            type TokenProvider = $pointer<dyn $provider>;
            type TokenStore = $pointer<dyn $store>;
            type QuotaStore = $pointer<dyn $quota_store>;
            type LeaseStore = $pointer<dyn $lease_store>;
            type Observer = $pointer<$observer>;
            type TokenCall = $pointer<$token_call>;
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

            fn unix_time(timer: &Self::Timer) -> Option<Duration> {
                $timer::unix_time(&**timer)
            }

            fn notify(observer: &Self::Observer, event: &CallEvent<'_>) {
                observer.on_event(event);
            }

            fn load<'a>(
                store: &'a Self::TokenStore,
                key: &'a TokenKey,
            ) -> Self::Future<'a, Result<Option<StoredToken>, TokenStoreError>> {
                $store::get(&**store, key)
            }

            fn compare_and_swap<'a>(
                store: &'a Self::TokenStore,
                key: &'a TokenKey,
                expected: Option<&'a AccessToken>,
                new: &'a StoredToken,
            ) -> Self::Future<'a, Result<bool, TokenStoreError>> {
                $store::compare_and_swap(&**store, key, expected, new)
            }

            fn lease_fetch<'a>(
                store: &'a Self::TokenStore,
                key: &'a TokenKey,
                length: Duration,
            ) -> Self::Future<'a, Result<FetchLease, TokenStoreError>> {
                $store::lease_fetch(&**store, key, length)
            }

            fn end_fetch<'a>(
                store: &'a Self::TokenStore,
                key: &'a TokenKey,
                id: u64,
            ) -> Self::Future<'a, Result<(), TokenStoreError>> {
                $store::end_fetch(&**store, key, id)
            }

            fn take<'a>(
                store: &'a Self::QuotaStore,
                request: &'a QuotaRequest,
            ) -> Self::Future<'a, Result<QuotaGrant, QuotaStoreError>> {
                $quota_store::take(&**store, request)
            }

            fn give_back<'a>(
                store: &'a Self::QuotaStore,
                request: &'a QuotaRequest,
                counted_at: u64,
                unused: u32,
            ) -> Self::Future<'a, Result<(), QuotaStoreError>> {
                $quota_store::give_back(&**store, request, counted_at, unused)
            }

            fn report_refusal<'a>(
                store: &'a Self::QuotaStore,
                key: &'a QuotaKey,
                refusal: QuotaRefusal,
            ) -> Self::Future<'a, Result<(), QuotaStoreError>> {
                $quota_store::report(&**store, key, refusal)
            }

            fn acquire_lease<'a>(
                store: &'a Self::LeaseStore,
                key: &'a LeaseKey,
                length: Duration,
            ) -> Self::Future<'a, Result<Option<Fence>, LeaseStoreError>> {
                $lease_store::acquire(&**store, key, length)
            }

            fn renew_lease<'a>(
                store: &'a Self::LeaseStore,
                key: &'a LeaseKey,
                fence: Fence,
                length: Duration,
            ) -> Self::Future<'a, Result<bool, LeaseStoreError>> {
                $lease_store::renew(&**store, key, fence, length)
            }

            fn release_lease<'a>(
                store: &'a Self::LeaseStore,
                key: &'a LeaseKey,
                fence: Fence,
            ) -> Self::Future<'a, Result<(), LeaseStoreError>> {
                $lease_store::release(&**store, key, fence)
            }

            fn call_for_token(call: &Self::TokenCall) -> Self::Future<'static, Result<GetTokenReply, Error>> {
                call()
            }

            fn token<'a>(
                provider: &'a Self::TokenProvider,
                scope: &'a TokenScope,
            ) -> Self::Future<'a, Result<AccessToken, TokenError>> {
                $provider::token(&**provider, scope)
            }

            fn replace<'a>(
                provider: &'a Self::TokenProvider,
                scope: &'a TokenScope,
                refused: &'a AccessToken,
            ) -> Self::Future<'a, Result<Option<AccessToken>, TokenError>> {
                $provider::replace(&**provider, scope, refused)
            }
        }
    };
}

type SendFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

family!(
    Shared,
    Arc,
    Transport,
    Timer,
    TokenProvider,
    TokenStore,
    QuotaStore,
    LeaseStore,
    dyn Observer + Send + Sync,
    dyn Fn() -> SendFuture<'static, Result<GetTokenReply, Error>> + Send + Sync,
    SendFuture<'a, T>
);
family!(
    Local,
    Rc,
    LocalTransport,
    LocalTimer,
    LocalTokenProvider,
    LocalTokenStore,
    LocalQuotaStore,
    LocalLeaseStore,
    dyn Observer,
    dyn Fn() -> LocalFuture<'static, Result<GetTokenReply, Error>>,
    LocalFuture<'a, T>
);
