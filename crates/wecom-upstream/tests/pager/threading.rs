//! Both threading families.

use std::cell::Cell;
use std::rc::Rc;

use pollster::block_on;
use wecom_core::{AccessToken, Client, Local, Response, from_fn};
use wecom_upstream::Upstream;
use wecom_upstream::calls::{GetChainCorpinfoList, ListAppShareInfo};
use wecom_upstream::jobs::pager::Pager;

use crate::support::{corps_of_root, shares, simulator};

fn assert_send<T: Send>(_: &T) {}

#[test]
fn the_futures_of_a_shared_pager_are_send() {
    static_assertions::assert_impl_all!(Pager<GetChainCorpinfoList>: Send, Sync, Unpin);
    static_assertions::assert_not_impl_any!(Pager<ListAppShareInfo, Local>: Send, Sync);
    let upstream = Upstream::new(simulator(1).client());
    assert_send(&upstream.pages(corps_of_root()).next_page());
    assert_send(&upstream.pages(shares()).next_item());
    #[cfg(feature = "stream")]
    assert_send(&upstream.pages(shares()).into_stream());
}

#[test]
fn a_local_pager_works_over_a_transport_that_is_not_send() {
    let sent = Rc::new(Cell::new(0));
    let transport = from_fn({
        let sent = Rc::clone(&sent);
        move |_request| {
            sent.set(sent.get() + 1);
            async {
                Ok(Response::new(200, r#"{"errcode":0,"has_more":0,"group_corps":[{"groupid":1,"corp_name":"a"}]}"#))
            }
        }
    });
    let upstream = Upstream::new(Client::local(transport).token(AccessToken::new("a-token")).build());
    let corp = block_on(upstream.pages(corps_of_root()).next_item()).unwrap().unwrap();
    assert_eq!((corp.corp_name.as_str(), sent.get()), ("a", 1));
}
