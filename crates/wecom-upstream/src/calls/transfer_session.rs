//! `POST miniprogram/transfer_session`: 获取下级/下游企业小程序session
//! ([95817](https://developer.work.weixin.qq.com/document/path/95817),
//! [93355](https://developer.work.weixin.qq.com/document/path/93355)).

use serde::{Deserialize, Serialize};
use wecom_core::endpoint::{InvalidRequest, TokenKind, Violations};
use wecom_core::ids::UserId;
use wecom_core::{ApiCall, Endpoint, Safety, Secret};

use crate::calls::USUAL_QUOTA;
use crate::serde_helpers;

/// The descriptor of [`TransferSession`].
///
/// | setting | value |
/// |---|---|
/// | request | `POST miniprogram/transfer_session` |
/// | document | 获取下级/下游企业小程序session ([95817](https://developer.work.weixin.qq.com/document/path/95817), [93355](https://developer.work.weixin.qq.com/document/path/93355)) |
/// | token | the downstream corp's |
/// | safety | only reads data |
/// | quota | calls of one corp: 10,000 a minute, 150,000 an hour |
/// | reply | contains a secret, so no error quotes it |
pub const TRANSFER_SESSION: Endpoint = Endpoint::post("transfer_session", "miniprogram/transfer_session")
    .with_title("获取下级/下游企业小程序session")
    .with_documents(&[95817, 93355])
    .with_token_kind(TokenKind::Downstream)
    .with_safety(Safety::Safe)
    .with_quota(USUAL_QUOTA)
    .with_secret_reply();

/// Converts a mini-program session of the upstream corp into one of a downstream corp: 获取下级/下游企业小程序session
/// ([95817](https://developer.work.weixin.qq.com/document/path/95817),
/// [93355](https://developer.work.weixin.qq.com/document/path/93355)).
///
/// The call takes the downstream corp's token, so it is a method of [`Downstream`](crate::Downstream) and not of
/// [`Upstream`](crate::Upstream). A session key is a [`Secret`]: neither `Debug` output nor errors contain it.
///
/// Error codes: [`INVALID_USER_ID`](wecom_core::ErrCode::INVALID_USER_ID),
/// [`INVALID_PARAMETER`](wecom_core::ErrCode::INVALID_PARAMETER).
///
/// ```
/// use wecom_upstream::calls::TransferSession;
/// use wecom_upstream::{Secret, UserId};
///
/// # async fn example(downstream: wecom_upstream::Downstream) -> Result<(), wecom_core::Error> {
/// let call = TransferSession::new(
///     UserId::new("wmAoNVCwAAUrSqEqz7oQpEIEMVWDrPeg"),
///     Secret::new("the-session-key"),
/// );
/// let session = downstream.transfer_session(call).await?;
/// println!("a session of {}", session.userid);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[must_use = "a call does nothing until a client sends it"]
#[non_exhaustive]
pub struct TransferSession {
    /// The user's id from the upstream corp's mini-program login (`code2Session`).
    pub userid: UserId,
    /// The session key from the same login.
    #[serde(with = "serde_helpers::secret")]
    pub session_key: Secret,
}

impl TransferSession {
    /// Creates a call for a user's session.
    pub fn new(userid: impl Into<UserId>, session_key: Secret) -> Self {
        Self { userid: userid.into(), session_key }
    }
}

impl ApiCall for TransferSession {
    const ENDPOINT: &'static Endpoint = &TRANSFER_SESSION;
    type Reply = TransferSessionReply;

    fn body_secrets(&self) -> Vec<Secret> {
        vec![self.session_key.clone()]
    }

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("userid", self.userid.as_str());
        violations.require("session_key", self.session_key.expose());
        violations.into_result()
    }
}

/// The reply to [`TransferSession`].
///
/// The `Debug` output does not contain the session key. The JSON does, for test doubles.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TransferSessionReply {
    /// The user's id in the downstream corp.
    pub userid: UserId,
    /// The session key for the downstream corp.
    #[serde(with = "serde_helpers::secret")]
    pub session_key: Secret,
}

impl TransferSessionReply {
    /// Creates a reply with this session.
    pub fn new(userid: impl Into<UserId>, session_key: Secret) -> Self {
        Self { userid: userid.into(), session_key }
    }
}

#[cfg(test)]
mod tests {
    use wecom_core::{ErrorKind, encode};

    use super::*;
    use crate::samples::{assert_reply, assert_request, facts, failing_path, rejected_fields, reply, sample, target};

    #[test]
    fn the_descriptor_has_the_documented_facts() {
        assert_eq!(facts(&TRANSFER_SESSION), "Downstream, Safe, 10000 a minute, 150000 an hour, secret reply");
    }

    #[test]
    fn the_documented_request_is_sent() {
        let call = TransferSession::new(
            UserId::new("wmAoNVCwAAUrSqEqz7oQpEIEMVWDrPeg"),
            Secret::new("n8cnNEoyW1pxSRz6/Lwjwg=="),
        );
        assert_request(sample!("transfer_session.request.json"), &call);
        assert_eq!(target(&call), "POST miniprogram/transfer_session");
    }

    #[test]
    fn the_documented_reply_decodes() {
        let expected = TransferSessionReply::new(UserId::new("abcdef"), Secret::new("DGAuy2KVaGcnsUrXk8ERgw=="));
        assert_reply::<TransferSession>(sample!("transfer_session.reply.json"), &expected);
    }

    #[test]
    fn a_numeric_id_decodes_and_unknown_fields_are_ignored() {
        let reply = reply::<TransferSession>(r#"{"userid":7,"session_key":"key","new":[]}"#).unwrap();
        assert_eq!(reply, TransferSessionReply::new(UserId::new("7"), Secret::new("key")));
    }

    #[test]
    fn a_reply_without_a_session_is_an_error_with_its_path() {
        for key in ["null", "\"\"", "true", "[]"] {
            let json = format!(r#"{{"userid":"a","session_key":{key}}}"#);
            assert_eq!(failing_path::<TransferSession>(&json), "session_key", "{key}");
        }
        assert_eq!(failing_path::<TransferSession>(r#"{"userid":null,"session_key":"key"}"#), "userid");
        let error = reply::<TransferSession>(r#"{"userid":"a"}"#).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
    }

    #[test]
    fn no_text_contains_a_session_key() {
        let call = TransferSession::new(UserId::new("u"), Secret::new("canary-1"));
        let answer = TransferSessionReply::new(UserId::new("u"), Secret::new("canary-2"));
        let request = encode(&call).unwrap();
        let cut_off = reply::<TransferSession>(r#"{"userid":"u","session_key":"canary-3"#).unwrap_err();
        let no_user = reply::<TransferSession>(r#"{"session_key":"canary-4","userid":["canary-5"]}"#).unwrap_err();
        let no_text = reply::<TransferSession>(r#"{"userid":"u","session_key":{"key":"canary-6"}}"#).unwrap_err();
        let shown = format!("{call:?} {answer:?} {request:?} {cut_off} {cut_off:?} {no_user} {no_user:?}");
        let shown = format!("{shown} {no_text} {no_text:?}");
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("Secret(***)"), "{shown}");
    }

    #[test]
    fn every_empty_field_is_rejected() {
        let call = TransferSession::new(UserId::new(""), Secret::new(""));
        assert_eq!(rejected_fields(&call), ["userid", "session_key"]);
    }
}
