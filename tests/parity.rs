//! Every call gets the same reply over HTTP on loopback, over the mock, and over a closure.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use pollster::block_on;
use wecom_conformance::FaultServer;
use wecom_core::token::GET_TOKEN;
use wecom_core::{AccessToken, ApiCall, Client, Credentials, Response, Secret, from_fn};
use wecom_hyper::HyperTransport;
use wecom_mock::Mock;
use wecom_tests::samples::{TOKEN_REPLY, sample_reply, sample_request};
use wecom_upstream::{ENDPOINTS, Upstream, calls, for_each_call};

macro_rules! all_calls {
    (
        upstream { $($upstream:tt)+ }
        upstream_or_downstream { $($either:tt)+ }
        downstream { $($downstream:tt)+ }
    ) => {
        /// Makes every call of the facade, and returns each method's name with its reply.
        async fn all_calls(upstream: Upstream) -> Vec<(&'static str, String)> {
            let mut replies = Vec::new();
            all_calls! { @rows upstream replies $($upstream)+ $($either)+ }
            replies
        }
    };
    (@rows $upstream:ident $replies:ident $(
        $(#[$doc:meta])+
        fn $method:ident($request:ident $($new:tt)*) -> $reply:ident: $title:literal $documents:tt;
    )+) => {
        $(all_calls! { @row $upstream $replies $method $request [$($new)*] })+
    };
    (@row $upstream:ident $replies:ident $method:ident $request:ident []) => {
        let call = serde_json::from_value(sample_request(calls::$request::ENDPOINT)).unwrap();
        let reply = $upstream.$method(call).await.unwrap();
        $replies.push((stringify!($method), format!("{reply:?}")));
    };
    (@row $upstream:ident $replies:ident $method:ident $request:ident [:: new()]) => {
        let reply = $upstream.$method().await.unwrap();
        $replies.push((stringify!($method), format!("{reply:?}")));
    };
}
for_each_call!(all_calls);

fn credentials() -> Credentials {
    Credentials::new("ww1", Secret::new("the-secret"))
}

#[tokio::test]
async fn every_call_gets_the_same_reply_over_http_over_the_mock_and_over_a_closure() {
    let server = FaultServer::start().unwrap();
    server.set_reply("gettoken", TOKEN_REPLY);
    for endpoint in ENDPOINTS {
        server.set_reply(endpoint.path(), sample_reply(endpoint));
    }
    let over_http = Client::builder(HyperTransport::new().unwrap())
        .base_url(server.base_url().parse().unwrap())
        .credentials(credentials())
        .build();
    let over_http = all_calls(Upstream::new(over_http)).await;

    let mock = Mock::new();
    mock.on_endpoint(&GET_TOKEN).raw(TOKEN_REPLY).times(1);
    for endpoint in ENDPOINTS {
        mock.on_endpoint(endpoint).raw(sample_reply(endpoint)).times(1);
    }
    let over_mock = all_calls(Upstream::new(Client::builder(mock.clone()).credentials(credentials()).build())).await;
    mock.verify();

    let closure = from_fn(|request| async move { Ok(Response::new(200, sample_reply(request.endpoint()))) });
    let token = AccessToken::new("accesstoken000001");
    let over_closure = block_on(all_calls(Upstream::new(Client::builder(closure).token(token).build())));

    assert_eq!(over_http.len(), ENDPOINTS.len());
    assert_eq!(over_http, over_mock);
    assert_eq!(over_http, over_closure);

    // The server received one token fetch, and each call once with that token.
    let requests = server.requests();
    assert_eq!(requests.len(), 1 + ENDPOINTS.len());
    assert_eq!(requests[0].path(), "/cgi-bin/gettoken");
    assert!(requests[0].query().eq([("corpid", "ww1"), ("corpsecret", "the-secret")]));
    for (request, endpoint) in requests[1..].iter().zip(ENDPOINTS) {
        assert_eq!(request.path(), format!("/cgi-bin/{}", endpoint.path()));
        assert_eq!(request.query().next(), Some(("access_token", "accesstoken000001")), "{endpoint}");
        assert_eq!(request.method(), endpoint.method().as_str(), "{endpoint}");
        assert_eq!(request.body().is_empty(), request.method() == "GET", "{endpoint}");
        assert_eq!(request.header("content-type").is_none(), request.body().is_empty(), "{endpoint}");
        assert!(request.header("user-agent").unwrap().starts_with(b"wecom-core/"), "{endpoint}");
    }
}
