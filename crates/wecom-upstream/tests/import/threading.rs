//! Both threading families.

use std::rc::Rc;
use std::time::Duration;

use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::{Client, Local, LocalTimer, LocalTransport, Timer, async_trait, from_fn};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::jobs::import::{Import, ImportEvent, ImportReport, ImportState};

use crate::support::{Service, chain, rows, world};

assert_impl_all!(Import: Send);
assert_not_impl_any!(Import<Local>: Send);
assert_impl_all!(ImportState: Send, Sync);
assert_impl_all!(ImportReport: Send, Sync);
assert_impl_all!(ImportEvent: Send, Sync);

#[test]
fn the_futures_of_a_shared_import_are_send() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let service = Service::new();
    let state = ImportState::new(chain(), rows(10, 1)).unwrap();
    let mut import = service.upstream().import(state.clone());
    drop(assert_send(import.next()));
    drop(assert_send(import.finish()));
    let import = service.upstream().import(state);
    let (report, saved) = service.timer.run(assert_send(finish(import, &service.timer)));
    service.assert_consistent(&report);
    assert_eq!(saved, 10);
}

/// Finishes an import with a closure that changes a variable, and whose future borrows a parameter across an await.
async fn finish(import: Import, timer: &ManualTimer) -> (ImportReport, usize) {
    let mut saved = Vec::new();
    let finished = import.finish_with(|_, state| {
        saved.push(state.progress());
        async {
            Timer::sleep(timer, Duration::from_millis(1)).await;
            Ok::<_, ()>(())
        }
    });
    let report = finished.await.unwrap();
    (report, saved.last().unwrap().settled())
}

/// A timer that is not `Send`.
struct OneThread(Rc<ManualTimer>);

#[async_trait(?Send)]
impl LocalTimer for OneThread {
    fn now(&self) -> std::time::Duration {
        self.0.now()
    }

    async fn sleep(&self, duration: std::time::Duration) {
        LocalTimer::sleep(&*self.0, duration).await;
    }
}

#[test]
fn a_local_import_works_with_a_transport_and_a_timer_that_are_not_send() {
    let timer = Rc::new(ManualTimer::new());
    let simulator = Rc::new(Simulator::new(world()).on_timer((*timer).clone()));
    let credentials = simulator.credentials();
    let transport = from_fn(move |request| {
        let simulator = Rc::clone(&simulator);
        async move { LocalTransport::send(&*simulator, request).await }
    });
    let client = Client::local(transport).credentials(credentials).timer(OneThread(Rc::clone(&timer)));
    let upstream = Upstream::new(client.build());
    let state = ImportState::new(chain(), rows(1500, 1)).unwrap();
    let import = upstream.import(state);
    let report = timer.run(import.finish());
    assert_eq!((report.progress.settled(), report.progress.failed), (1500, 105));
}
