//! A service in memory that costs little itself: its replies are prepared.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use serde::Deserialize;
use wecom_core::http::{Response, TransportError, from_fn};
use wecom_core::{AccessToken, Client, Request};
use wecom_upstream::{ChainId, Upstream};

pub(crate) fn chain_id() -> ChainId {
    ChainId::new("Ch1")
}

/// Replies to each call with a prepared text. Every call is pending once.
pub(crate) fn upstream(reply: impl Fn(&Request) -> Bytes + Send + Sync + 'static) -> Upstream {
    let reply = Arc::new(reply);
    let transport = from_fn(move |request: Request| {
        let reply = Arc::clone(&reply);
        async move {
            yield_once().await;
            Ok::<_, TransportError>(Response::new(200, reply(&request)))
        }
    });
    Upstream::new(Client::builder(transport).token(AccessToken::new("a-token")).build())
}

/// Is pending once, and wakes the task at once.
async fn yield_once() {
    let mut is_first = true;
    poll_fn(|context| {
        if !std::mem::replace(&mut is_first, false) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A chain of groups below the root, with the same number of corps in each group.
pub(crate) fn chain(groups: usize, corps_in_each: usize) -> Upstream {
    let list: Vec<_> =
        (2..=groups).map(|id| format!(r#"{{"groupid":{id},"group_name":"group {id}","parentid":1}}"#)).collect();
    let groups_reply = Bytes::from(format!(r#"{{"errcode":0,"groups":[{}]}}"#, list.join(",")));
    let pages: HashMap<i64, Bytes> =
        (1..=groups).map(|id| (i64::try_from(id).unwrap(), page(id, corps_in_each))).collect();
    upstream(move |request| match request.endpoint().name() {
        "get_chain_group" => groups_reply.clone(),
        _ => pages[&group_of(request)].clone(),
    })
}

fn page(groupid: usize, corps: usize) -> Bytes {
    let corp = |at: usize| {
        let number = groupid * corps + at;
        format!(
            r#"{{"groupid":{groupid},"corpid":"ww{number:016}","corp_name":"corp {number}","custom_id":"c{number}","is_joined":1}}"#
        )
    };
    let corps: Vec<_> = (0..corps).map(corp).collect();
    format!(r#"{{"errcode":0,"has_more":false,"group_corps":[{}]}}"#, corps.join(",")).into()
}

fn group_of(request: &Request) -> i64 {
    #[derive(Deserialize)]
    struct Body {
        groupid: i64,
    }
    serde_json::from_slice::<Body>(request.body().unwrap()).unwrap().groupid
}
