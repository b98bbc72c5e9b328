//! Implements the traits for pointers to their implementations: `&T`, `Box<T>`, `Arc<T>` and, for the local traits,
//! `Rc<T>`.
//!
//! [`Transport`](crate::Transport) is implemented for them where it is defined.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::lease::{Fence, LeaseKey, LeaseStore, LeaseStoreError, LocalLeaseStore};
use crate::quota::{LocalQuotaStore, QuotaGrant, QuotaKey, QuotaRefusal, QuotaRequest, QuotaStore, QuotaStoreError};
use crate::secret::AccessToken;
use crate::timer::{LocalTimer, Timer};
use crate::token::{
    FetchLease, LocalTokenProvider, LocalTokenStore, StoredToken, TokenError, TokenKey, TokenProvider, TokenScope,
    TokenStore, TokenStoreError,
};

/// Implements a trait for pointers, by calling the method of the same name on the value.
macro_rules! forward {
    (
        #[$attribute:meta] $trait:ident for $($pointer:ty),+;
        $methods:tt
    ) => {$(
        forward! { @one #[$attribute] $trait, $pointer, $methods }
    )+};
    (
        @one #[$attribute:meta] $trait:ident, $pointer:ty,
        { $(async fn $method:ident($($argument:ident: $type:ty),*) $(-> $output:ty)?;)+ $(fn $plain:ident() -> $value:ty;)* }
    ) => {
        #[$attribute]
        impl<T: $trait + ?Sized> $trait for $pointer {
            $(async fn $method(&self, $($argument: $type),*) $(-> $output)? {
                (**self).$method($($argument),*).await
            })+

            $(fn $plain(&self) -> $value {
                (**self).$plain()
            })*
        }
    };
}

macro_rules! token_store {
    ($(#[$attribute:meta] $trait:ident for $($pointer:ty),+;)+) => {$(forward! {
        #[$attribute] $trait for $($pointer),+;
        {
            async fn get(key: &TokenKey) -> Result<Option<StoredToken>, TokenStoreError>;
            async fn compare_and_swap(
                key: &TokenKey, expected: Option<&AccessToken>, new: &StoredToken
            ) -> Result<bool, TokenStoreError>;
            async fn lease_fetch(key: &TokenKey, length: Duration) -> Result<FetchLease, TokenStoreError>;
            async fn end_fetch(key: &TokenKey, id: u64) -> Result<(), TokenStoreError>;
        }
    })+};
}

macro_rules! token_provider {
    ($(#[$attribute:meta] $trait:ident for $($pointer:ty),+;)+) => {$(forward! {
        #[$attribute] $trait for $($pointer),+;
        {
            async fn token(scope: &TokenScope) -> Result<AccessToken, TokenError>;
            async fn replace(
                scope: &TokenScope, refused: &AccessToken
            ) -> Result<Option<AccessToken>, TokenError>;
        }
    })+};
}

macro_rules! quota_store {
    ($(#[$attribute:meta] $trait:ident for $($pointer:ty),+;)+) => {$(forward! {
        #[$attribute] $trait for $($pointer),+;
        {
            async fn take(request: &QuotaRequest) -> Result<QuotaGrant, QuotaStoreError>;
            async fn give_back(
                request: &QuotaRequest, counted_at: u64, unused: u32
            ) -> Result<(), QuotaStoreError>;
            async fn report(key: &QuotaKey, refusal: QuotaRefusal) -> Result<(), QuotaStoreError>;
        }
    })+};
}

macro_rules! lease_store {
    ($(#[$attribute:meta] $trait:ident for $($pointer:ty),+;)+) => {$(forward! {
        #[$attribute] $trait for $($pointer),+;
        {
            async fn acquire(key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError>;
            async fn renew(key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError>;
            async fn release(key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError>;
        }
    })+};
}

macro_rules! timer {
    ($(#[$attribute:meta] $trait:ident for $($pointer:ty),+;)+) => {$(forward! {
        #[$attribute] $trait for $($pointer),+;
        {
            async fn sleep(duration: Duration);
            fn now() -> Duration;
            fn unix_time() -> Option<Duration>;
        }
    })+};
}

token_store! {
    #[async_trait] TokenStore for &T, Box<T>, Arc<T>;
    #[async_trait(?Send)] LocalTokenStore for &T, Box<T>, Rc<T>, Arc<T>;
}
token_provider! {
    #[async_trait] TokenProvider for &T, Box<T>, Arc<T>;
    #[async_trait(?Send)] LocalTokenProvider for &T, Box<T>, Rc<T>, Arc<T>;
}
quota_store! {
    #[async_trait] QuotaStore for &T, Box<T>, Arc<T>;
    #[async_trait(?Send)] LocalQuotaStore for &T, Box<T>, Rc<T>, Arc<T>;
}
lease_store! {
    #[async_trait] LeaseStore for &T, Box<T>, Arc<T>;
    #[async_trait(?Send)] LocalLeaseStore for &T, Box<T>, Rc<T>, Arc<T>;
}
timer! {
    #[async_trait] Timer for &T, Box<T>, Arc<T>;
    #[async_trait(?Send)] LocalTimer for &T, Box<T>, Rc<T>, Arc<T>;
}
