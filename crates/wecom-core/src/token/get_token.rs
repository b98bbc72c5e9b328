//! `GET gettoken`: 获取access_token ([91039](https://developer.work.weixin.qq.com/document/path/91039)).

use std::fmt;

use serde::de::{Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize, Serializer};

use crate::codec::wire;
use crate::endpoint::call::ApiCall;
use crate::endpoint::descriptor::{Endpoint, Safety, TokenKind};
use crate::endpoint::validation::{InvalidRequest, Violations};
use crate::http::query::Query;
use crate::secret::AccessToken;
use crate::token::Credentials;

/// The descriptor of [`GetToken`].
pub const GET_TOKEN: Endpoint = Endpoint::get("gettoken", "gettoken")
    .with_title("获取access_token")
    .with_documents(&[91039])
    .with_token_kind(TokenKind::None)
    .with_safety(Safety::Safe)
    .with_secret_reply();

/// Gets an app's access token: 获取access_token
/// ([91039](https://developer.work.weixin.qq.com/document/path/91039)).
///
/// A [`Client`](crate::Client) with credentials makes this call itself. It is public for programs that manage tokens
/// themselves. Repeating it within the validity returns the same token. Never repeat it in a loop: see
/// [`Error::is_credentials_rejected`](crate::Error::is_credentials_rejected).
///
/// ```
/// use wecom_core::token::GetToken;
/// use wecom_core::{Credentials, Secret, encode};
///
/// let request =
///     encode(&GetToken::new(Credentials::new("ww1234", Secret::new("the-secret"))))?;
/// assert_eq!(format!("{:?}", request.query()), "corpid=ww1234&corpsecret=***");
/// # Ok::<(), wecom_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetToken {
    credentials: Credentials,
}

impl GetToken {
    /// Creates the call for an app's credentials.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials }
    }
}

/// Serializes as a unit, because all parameters are in the query.
impl Serialize for GetToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit_struct("GetToken")
    }
}

impl ApiCall for GetToken {
    const ENDPOINT: &'static Endpoint = &GET_TOKEN;
    type Reply = GetTokenReply;

    fn query(&self, query: &mut Query) {
        query.push("corpid", self.credentials.corp_id());
        query.push_secret("corpsecret", self.credentials.secret().clone());
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("corpid", self.credentials.corp_id());
        violations.require("corpsecret", self.credentials.secret().expose());
        violations.into_result()
    }
}

/// The reply of [`GetToken`].
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct GetTokenReply {
    /// The token.
    #[serde(deserialize_with = "token")]
    pub access_token: AccessToken,
    /// The validity in seconds, usually 7200; `None` if the reply lacks it.
    #[serde(default, deserialize_with = "wire::optional_integer")]
    pub expires_in: Option<i64>,
}

impl fmt::Debug for GetTokenReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetTokenReply")
            .field("access_token", &self.access_token)
            .field("expires_in", &self.expires_in)
            .finish()
    }
}

fn token<'de, D: Deserializer<'de>>(deserializer: D) -> Result<AccessToken, D::Error> {
    let text = wire::text(deserializer)?;
    // A token with a replacement character was corrupted in transit.
    if text.is_empty() || text.contains(char::REPLACEMENT_CHARACTER) {
        return Err(D::Error::invalid_value(Unexpected::Str(&text), &"a token"));
    }
    Ok(AccessToken::new(text))
}
