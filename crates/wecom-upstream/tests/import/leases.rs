//! Processes that are given the same import, and share the lease of it.

use std::time::Duration;

use wecom_core::lease::{Fence, Lease, LeaseError, LeaseKey, LeaseStore, LeaseStoreError};
use wecom_core::{Shared, async_trait};
use wecom_mock::{InMemoryStore, ManualTimer, StoreFault};
use wecom_upstream::jobs::import::{Import, ImportEvent, ImportState, ImportStop};

use crate::support::{Service, chain, rows};

const LENGTH: Duration = Duration::from_secs(60);

struct Company {
    service: Service,
    store: InMemoryStore,
}

impl Company {
    fn new() -> Self {
        let service = Service::new();
        let store = InMemoryStore::new(service.timer.clone());
        Self { service, store }
    }

    async fn acquire(&self) -> Result<Option<Lease<Shared>>, LeaseError> {
        let key = LeaseKey::new("wwup", "import");
        Lease::<Shared>::acquire(self.store.clone(), self.service.timer.clone(), key, LENGTH).await
    }

    async fn process(&self, state: ImportState) -> Import {
        self.service.upstream().import(state).lease(self.acquire().await.unwrap().unwrap())
    }
}

fn state() -> ImportState {
    ImportState::new(chain(), rows(1500, 1)).unwrap()
}

#[test]
fn a_lease_that_would_expire_at_once_is_refused() {
    let company = Company::new();
    let (key, timer) = (LeaseKey::new("wwup", "import"), company.service.timer.clone());
    let acquired = Lease::<Shared>::acquire(company.store.clone(), timer, key, Duration::ZERO);
    let error = company.service.timer.run(acquired).unwrap_err();
    assert_eq!(error.to_string(), "invalid lease: its length must be 1ms or longer");
}

/// A store whose reply to `acquire` is read after a delay.
struct LateStore {
    store: InMemoryStore,
    timer: ManualTimer,
    delay: Duration,
}

#[async_trait]
impl LeaseStore for LateStore {
    async fn acquire(&self, key: &LeaseKey, length: Duration) -> Result<Option<Fence>, LeaseStoreError> {
        let fence = LeaseStore::acquire(&self.store, key, length).await;
        self.timer.advance(self.delay);
        fence
    }

    async fn renew(&self, key: &LeaseKey, fence: Fence, length: Duration) -> Result<bool, LeaseStoreError> {
        LeaseStore::renew(&self.store, key, fence, length).await
    }

    async fn release(&self, key: &LeaseKey, fence: Fence) -> Result<(), LeaseStoreError> {
        LeaseStore::release(&self.store, key, fence).await
    }
}

#[test]
fn a_lease_whose_reply_is_read_after_its_end_is_lost() {
    const SHORT: Duration = Duration::from_secs(1);
    for (delay, is_lost) in [(SHORT - Duration::from_millis(1), false), (SHORT, true)] {
        let company = Company::new();
        let timer = company.service.timer.clone();
        let store = LateStore { store: company.store.clone(), timer: timer.clone(), delay };
        let acquired = Lease::<Shared>::acquire(store, timer.clone(), LeaseKey::new("wwup", "import"), SHORT);
        assert_eq!(matches!(timer.run(acquired), Err(LeaseError::Lost)), is_lost, "{delay:?}");
    }
}

#[test]
fn a_lease_is_held_during_a_whole_import_and_released_at_its_end() {
    let company = Company::new();
    company.service.timer.run(async {
        let mut import = company.process(state()).await;
        while let Some(event) = import.next().await {
            assert!(!matches!(event, ImportEvent::Stopped(_)), "{event:?}");
            assert!(company.acquire().await.unwrap().is_none());
        }
        assert!(company.acquire().await.unwrap().is_some());
        company.service.assert_submitted_once(&import.into_report());
    });
}

#[test]
fn a_process_that_hangs_before_a_submission_does_not_submit_after_another_took_over() {
    let company = Company::new();
    company.service.timer.run(async {
        let mut first = company.process(state()).await;
        assert!(matches!(first.next().await, Some(ImportEvent::Submitting { .. })));
        // The first process hangs before it has saved its state. So the second process begins anew.
        company.service.timer.advance(LENGTH);
        let report = company.process(state()).await.finish().await;
        assert!(report.stopped.is_none());
        let stop = first.next().await;
        assert!(matches!(stop, Some(ImportEvent::Stopped(ImportStop::Lease(LeaseError::Lost)))), "{stop:?}");
        assert!(first.next().await.is_none());
        company.service.assert_submitted_once(&report);
    });
}

#[test]
fn no_import_begins_and_none_submits_without_the_store() {
    for fault in [StoreFault::Fails, StoreFault::Hangs] {
        let company = Company::new();
        company.service.timer.run(async {
            let mut import = company.process(state()).await;
            assert!(matches!(import.next().await, Some(ImportEvent::Submitting { .. })));
            company.store.set_fault(fault);
            assert!(company.acquire().await.is_err());
            let stop = import.next().await;
            assert!(matches!(stop, Some(ImportEvent::Stopped(ImportStop::Lease(_)))), "{stop:?}");
            // The job counts as not submitted, and the next process submits it.
            company.store.set_fault(None);
            company.service.timer.advance(LENGTH);
            let report = company.process(import.into_state()).await.finish().await;
            assert!(report.stopped.is_none());
            company.service.assert_submitted_once(&report);
        });
    }
}

#[test]
fn a_store_that_fails_while_a_job_runs_does_not_stop_the_import() {
    let company = Company::new();
    company.service.timer.run(async {
        let mut import = company.process(ImportState::new(chain(), rows(500, 1)).unwrap()).await;
        while let Some(event) = import.next().await {
            assert!(!matches!(event, ImportEvent::Stopped(_)), "{event:?}");
            if matches!(event, ImportEvent::Submitted { .. }) {
                company.store.set_fault(StoreFault::Fails);
            }
        }
        company.service.assert_submitted_once(&import.into_report());
    });
}
