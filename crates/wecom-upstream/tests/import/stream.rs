//! The stream of an import's events.

use futures_util::StreamExt;
use static_assertions::{assert_impl_all, assert_not_impl_any};
use wecom_core::{Local, TransportErrorKind};
use wecom_upstream::calls::IMPORT_CHAIN_CONTACT;
use wecom_upstream::jobs::import::{ImportEvent, ImportState, ImportStream};

use crate::support::{Service, chain, rows};

assert_impl_all!(ImportStream: Send, Unpin);
assert_not_impl_any!(ImportStream<Local>: Send);

#[test]
fn a_stream_yields_the_events_of_the_import_with_its_waits_and_its_search() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(2).fail_after_sending(TransportErrorKind::ConnectionLost);
    let state = ImportState::new(chain(), rows(60, 100)).unwrap();
    let (report, saved) = service.timer.run(async {
        let mut events = service.upstream().import(state).into_stream();
        let (mut found, mut saved) = (0, 0);
        while let Some(event) = events.next().await {
            saved = events.import().state().revision();
            found += usize::from(matches!(event, ImportEvent::Searched { .. }));
        }
        assert!(found > 0 && events.next().await.is_none());
        let import = events.into_import();
        assert_eq!(saved, import.state().revision());
        (import.into_report(), saved)
    });
    service.assert_consistent(&report);
    assert!(saved > 0);
    assert_eq!(report.progress.settled(), 60);
}

#[test]
fn a_stream_ends_after_the_import_has_stopped() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).error_code(60020);
    let state = ImportState::new(chain(), rows(3, 1)).unwrap();
    let events: Vec<_> = service.timer.run(service.upstream().import(state).into_stream().collect());
    assert!(matches!(events[..], [ImportEvent::Submitting { .. }, ImportEvent::Stopped(_)]), "{events:?}");
}
