//! Both threading families.

use std::cell::Cell;
use std::rc::Rc;

use pollster::block_on;
use wecom_core::{Client, Local, LocalTransport, Request, Response, TransportError, async_trait};
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::{Walk, WalkState};

use crate::support::{Directory, chain, rest};

fn assert_send<T: Send>(_: &T) {}

#[test]
fn the_futures_of_a_shared_walk_are_send() {
    static_assertions::assert_impl_all!(Walk: Send, Unpin);
    static_assertions::assert_not_impl_any!(Walk<Local>: Send);
    static_assertions::assert_impl_all!(WalkState: Send, Sync);
    #[cfg(feature = "stream")]
    static_assertions::assert_impl_all!(wecom_upstream::jobs::walk::WalkStream: Send, Unpin);
    let upstream = Upstream::new(Directory::new(1, 1).simulator().client());
    assert_send(&upstream.walk(chain()).next());
    assert_send(&upstream.walk(chain()).collect());
    assert_send(&upstream.walk(chain()).collect_into(&mut ChainTree::new(chain(), false)));
}

/// A transport that is not `Send`, because it counts in an `Rc`.
struct Counted {
    inner: Simulator,
    sent: Rc<Cell<u32>>,
}

#[async_trait(?Send)]
impl LocalTransport for Counted {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.sent.set(self.sent.get() + 1);
        LocalTransport::send(&self.inner, request).await
    }
}

#[test]
fn a_local_walk_works_over_a_transport_that_is_not_send() {
    let directory = Directory::new(4, 20);
    let (simulator, sent) = (directory.simulator(), Rc::new(Cell::new(0)));
    let credentials = simulator.credentials();
    let transport = Counted { inner: simulator, sent: Rc::clone(&sent) };
    let upstream: Upstream<Local> = Upstream::new(Client::local(transport).credentials(credentials).build());
    assert_eq!(block_on(rest(&mut upstream.walk(chain()))).unwrap(), directory.expected(false));
    assert_eq!(sent.get(), 2 + 5);
}
