//! Both threading families.

use std::cell::Cell;
use std::rc::Rc;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::{
    AccessToken, Client, Local, LocalTransport, Request, Response, Transport, TransportError, async_trait,
};
use wecom_upstream::Upstream;
use wecom_upstream::jobs::directory::{Directory, DirectoryHints, DirectoryState};

use crate::support::{Service, chain, corps_event};

assert_impl_all!(Directory: Send, Sync, Unpin);
assert_not_impl_any!(Directory<Local>: Send);
assert_impl_all!(DirectoryHints: Send, Sync, Clone);
assert_impl_all!(DirectoryState: Send, Sync);

#[test]
fn the_futures_of_a_shared_directory_are_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let service = Service::new();
    let mut directory = service.upstream().directory(chain());
    service.run(assert_send(directory.refresh())).unwrap();
    directory.hints().note(corps_event(["ww10"]));
    service.run(assert_send(directory.until_due()));
}

/// A transport that is not `Send`, because it counts in an `Rc`.
struct Counted {
    inner: Service,
    sent: Rc<Cell<u32>>,
}

#[async_trait(?Send)]
impl LocalTransport for Counted {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.sent.set(self.sent.get() + 1);
        Transport::send(&self.inner, request).await
    }
}

#[test]
fn a_local_directory_works_over_a_transport_that_is_not_send() {
    let (service, sent) = (Service::new(), Rc::new(Cell::new(0)));
    let transport = Counted { inner: service.clone(), sent: Rc::clone(&sent) };
    let client = Client::local(transport).token(AccessToken::new("a-token")).timer(service.timer.clone()).build();
    let mut directory: Directory<Local> = Upstream::new(client).directory(chain()).need_pending(true);
    service.run(directory.refresh()).unwrap();
    service.change(|model| model.move_corp("ww20", 4));
    directory.hints().note(corps_event(["ww20"]));
    service.run(directory.until_due());
    assert_eq!(service.run(directory.refresh()).unwrap().moved.len(), 1);
    assert_eq!(sent.get(), 5 + 2);
    service.assert_current(&directory);
}
