//! On any runtime, in both threading families, from many threads.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use futures_util::future::join_all;
use pollster::block_on;
use wecom_core::{AccessToken, Client, LocalTransport, Request, Response, TransportError, async_trait};
use wecom_mock::{ManualTimer, Mock};

use crate::calls::{GetGroups, groups, of_chain};

/// A transport that is not `Send`: it counts in an `Rc`.
struct Counted {
    inner: Mock,
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
fn mock_and_timer_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + Clone + 'static>() {}
    shared::<Mock>();
    shared::<ManualTimer>();
}

#[test]
fn a_local_client_is_answered() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["a"]));
    assert_eq!(block_on(mock.local_client().call(of_chain("ch1"))).unwrap(), groups(&["a"]));
}

#[test]
fn a_transport_with_an_rc_wraps_the_mock() {
    let (mock, sent) = (Mock::new(), Rc::new(Cell::new(0)));
    mock.on::<GetGroups>().reply(groups(&["a"]));
    let wrapper = Counted { inner: mock.clone(), sent: Rc::clone(&sent) };
    let client = Client::local(wrapper).token(AccessToken::new("a-token")).build();
    block_on(join_all((0..3).map(|_| client.call(of_chain("ch1")))));
    assert_eq!((sent.get(), mock.calls::<GetGroups>().len()), (3, 3));
}

#[test]
fn a_thousand_concurrent_calls_are_each_answered_and_counted_once() {
    let mock = Mock::new();
    mock.on::<GetGroups>().reply(groups(&["first"])).times(400);
    mock.on::<GetGroups>().reply(groups(&["second"])).times(600);
    let client = mock.client();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let run = || block_on(join_all((0..250).map(|_| client.call(of_chain("ch1")))));
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let first = outcomes.iter().filter(|outcome| *outcome.as_ref().unwrap() == groups(&["first"])).count();
    assert_eq!((outcomes.len(), first, mock.journal().len()), (1000, 400, 1000));
    mock.verify();
}

#[test]
fn a_predicate_may_use_its_own_mock() {
    let (mock, slot) = (Mock::new(), Arc::new(Mutex::new(None::<Mock>)));
    let seen = Arc::clone(&slot);
    mock.on::<GetGroups>()
        .when(move |_| seen.lock().is_ok_and(|mock| mock.as_ref().is_some_and(|mock| mock.journal().is_empty())))
        .reply(groups(&[]));
    *slot.lock().unwrap() = Some(mock.clone());
    block_on(mock.client().call(of_chain("ch1"))).unwrap();
    // A clone in the closure would prevent the verification on drop.
    slot.lock().unwrap().take();
}

#[test]
fn the_mock_is_usable_after_a_predicate_panics() {
    let mock = Mock::new();
    mock.on::<GetGroups>().when(|call| call.chain_id.parse::<u32>().unwrap() > 0).reply(groups(&["a"]));
    let client = mock.client();
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| block_on(client.call(of_chain("x")))));
    assert!(caught.is_err());
    assert_eq!(block_on(client.call(of_chain("1"))).unwrap(), groups(&["a"]));
    assert!(mock.try_verify().unwrap_err().to_string().contains("its predicate panicked"));
}
