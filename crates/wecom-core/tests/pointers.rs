//! The traits that users implement, for pointers to their implementations.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::rc::Rc;
use std::sync::Arc;

use wecom_core::lease::{LeaseStore, LocalLeaseStore};
use wecom_core::quota::{LocalQuotaStore, QuotaStore};
use wecom_core::timer::{LocalTimer, Timer};
use wecom_core::token::{LocalTokenProvider, LocalTokenStore, TokenError, TokenProvider, TokenScope, TokenStore};
use wecom_core::{AccessToken, Client, LocalTransport, Transport};

/// Compiles only if pointers to implementations of a trait implement it.
macro_rules! assert_for_pointers {
    ($($shared:ident, $local:ident;)+) => {$(
        const _: fn() = || {
            fn is_shared<T: $shared>() {}
            fn is_local<T: $local>() {}
            is_shared::<&'static dyn $shared>();
            is_shared::<Box<dyn $shared>>();
            is_shared::<Arc<dyn $shared>>();
            is_local::<&'static dyn $local>();
            is_local::<Box<dyn $local>>();
            is_local::<Rc<dyn $local>>();
            is_local::<Arc<dyn $local>>();
        };
    )+};
}

assert_for_pointers! {
    Transport, LocalTransport;
    Timer, LocalTimer;
    TokenProvider, LocalTokenProvider;
    TokenStore, LocalTokenStore;
    QuotaStore, LocalQuotaStore;
    LeaseStore, LocalLeaseStore;
}

/// A provider without a call.
struct Fixed;

#[wecom_core::async_trait]
impl TokenProvider for Fixed {
    async fn token(&self, _: &TokenScope) -> Result<AccessToken, TokenError> {
        Ok(AccessToken::new("a-token"))
    }

    async fn replace(&self, _: &TokenScope, _: &AccessToken) -> Result<Option<AccessToken>, TokenError> {
        Ok(None)
    }
}

#[test]
fn a_shared_provider_serves_two_clients() {
    let provider = Arc::new(Fixed);
    let transport = || wecom_core::from_fn(|_| async { Ok(wecom_core::Response::new(200, "{}")) });
    for _ in 0..2 {
        drop(Client::builder(transport()).token_provider(Arc::clone(&provider)).build());
    }
    let token = pollster::block_on(TokenProvider::token(&provider, &TokenScope::Upstream)).unwrap();
    assert_eq!(token.expose(), "a-token");
}
