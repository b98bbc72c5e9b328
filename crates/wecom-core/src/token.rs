//! Where access tokens come from: the app's [`Credentials`], a fixed token, or the program's own [`TokenProvider`].

pub(crate) mod cache;
pub(crate) mod corp_get_token;
pub(crate) mod credentials;
pub(crate) mod error;
pub(crate) mod fetch;
pub(crate) mod get_token;
pub(crate) mod lease;
pub(crate) mod provider;
pub(crate) mod scope;
pub(crate) mod shared_token;
pub(crate) mod store;

pub use self::corp_get_token::{CORP_GET_TOKEN, CorpGetToken};
pub use self::credentials::{Credentials, MissingVariable};
pub use self::error::TokenError;
pub use self::get_token::{GET_TOKEN, GetToken, GetTokenReply};
pub use self::lease::FetchLease;
pub use self::provider::{LocalTokenProvider, TokenProvider};
pub use self::scope::{DownstreamApp, TokenScope};
pub use self::store::{LocalTokenStore, StoredToken, TokenKey, TokenStore, TokenStoreError};
