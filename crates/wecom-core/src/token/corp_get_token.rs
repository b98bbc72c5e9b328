//! `POST corpgroup/corp/gettoken`: 获取下级/下游企业的access_token
//! ([95816](https://developer.work.weixin.qq.com/document/path/95816),
//! [93359](https://developer.work.weixin.qq.com/document/path/93359)).

use serde::Serialize;

use super::{DownstreamApp, GetTokenReply};
use crate::endpoint::call::ApiCall;
use crate::endpoint::descriptor::{Endpoint, Quota, Safety};
use crate::endpoint::validation::{InvalidRequest, Violations};

/// The descriptor of [`CorpGetToken`].
pub const CORP_GET_TOKEN: Endpoint = Endpoint::post("corp_get_token", "corpgroup/corp/gettoken")
    .with_title("获取下级/下游企业的access_token")
    .with_documents(&[95816, 93359])
    .with_safety(Safety::Safe)
    .with_quota(Quota::new().with_per_minute(10_000).with_per_hour(150_000))
    .with_secret_reply();

/// Gets the access token of the shared app in a downstream corp: 获取下级/下游企业的access_token
/// ([95816](https://developer.work.weixin.qq.com/document/path/95816),
/// [93359](https://developer.work.weixin.qq.com/document/path/93359)). Called with the upstream app's token.
///
/// [`Client::downstream`](crate::Client::downstream) makes this call itself. It is public for programs that manage tokens
/// themselves.
///
/// ```
/// use wecom_core::encode;
/// use wecom_core::token::{CorpGetToken, DownstreamApp};
///
/// let request =
///     encode(&CorpGetToken::new(DownstreamApp::new("wwdownstream", 1_000_004)))?;
/// assert_eq!(
///     &request.body().unwrap()[..],
///     br#"{"corpid":"wwdownstream","agentid":1000004,"business_type":1}"#,
/// );
/// # Ok::<(), wecom_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[must_use = "a call does nothing until it is passed to a client"]
pub struct CorpGetToken {
    #[serde(flatten, serialize_with = "fields")]
    app: DownstreamApp,
}

impl CorpGetToken {
    /// Creates the call for an app in a downstream corp.
    pub fn new(app: DownstreamApp) -> Self {
        Self { app }
    }
}

fn fields<S: serde::Serializer>(app: &DownstreamApp, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("corpid", app.corp_id())?;
    map.serialize_entry("agentid", &app.agent_id())?;
    map.serialize_entry("business_type", &app.business_type())?;
    map.end()
}

impl ApiCall for CorpGetToken {
    const ENDPOINT: &'static Endpoint = &CORP_GET_TOKEN;
    type Reply = GetTokenReply;

    fn validate(&self) -> Result<(), InvalidRequest> {
        let mut violations = Violations::new();
        violations.require("corpid", self.app.corp_id());
        violations.into_result()
    }
}
