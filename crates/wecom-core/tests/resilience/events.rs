use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use wecom_core::endpoint::RawCall;
use wecom_core::http::AsLocal;
use wecom_core::observe::CallOutcome;
use wecom_core::{CallEvent, Client, Observer, Quotas, Retry};

use super::support::{Answer, MINUTE, RARE, READ, SECOND, Service, call, credentials, poll, token};

fn text(event: &CallEvent<'_>) -> String {
    match event {
        CallEvent::Began { endpoint, .. } => format!("{endpoint} began"),
        CallEvent::AwaitingQuota { wait, .. } => format!("awaiting quota for {wait:?}"),
        CallEvent::FetchingToken { endpoint, reason, .. } => format!("{endpoint} for a token: {reason:?}"),
        CallEvent::FetchedToken { elapsed, error, .. } => {
            format!("token after {:?}: {:?}", elapsed.unwrap(), error.map(|error| error.code().unwrap().0))
        }
        CallEvent::AwaitedQuota { waited, .. } => format!("awaited quota for {waited:?}"),
        CallEvent::Sending { attempt, .. } => format!("sending {attempt}"),
        CallEvent::ReplacingToken { error, .. } => format!("replacing token after {}", error.code().unwrap().0),
        CallEvent::Retrying { error, .. } => format!("retrying after {}", error.code().unwrap().0),
        CallEvent::Ended { attempts, outcome, .. } => {
            let outcome = match outcome {
                CallOutcome::Replied => "replied".to_owned(),
                CallOutcome::Failed(error) => format!("failed with {:?}", error.code().map(|code| code.0)),
                CallOutcome::Cancelled => "cancelled".to_owned(),
                other => panic!("{other:?}"),
            };
            format!("ended after {attempts}: {outcome}")
        }
        other => panic!("{other:?}"),
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Observer for Log {
    fn on_event(&self, event: &CallEvent<'_>) {
        self.0.lock().unwrap().push(text(event));
    }
}

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[test]
fn an_observer_sees_every_event_of_a_call_in_order() {
    let (service, log) = (Service::answering([Answer::Code(42001), Answer::Code(-1)]), Log::default());
    let client = service.client().retry(Retry::new()).observer(log.clone()).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(
        log.take(),
        [
            "read began",
            "gettoken for a token: Missing",
            "token after 0ns: None",
            "sending 1",
            "replacing token after 42001",
            "gettoken for a token: Refused",
            "token after 0ns: None",
            "sending 2",
            "retrying after -1",
            "sending 3",
            "ended after 3: replied",
        ]
    );
}

#[test]
fn an_observer_sees_how_a_call_failed_and_its_duration() {
    struct Times(Mutex<Option<std::time::Duration>>);
    impl Observer for Times {
        fn on_event(&self, event: &CallEvent<'_>) {
            if let CallEvent::Ended { elapsed, .. } = event {
                *self.0.lock().unwrap() = *elapsed;
            }
        }
    }
    let (service, log) = (Service::always(Answer::Code(60020)), Log::default());
    let times = Arc::new(Times(Mutex::default()));
    service.set(|script| script.latency = SECOND);
    let client = service.client().observer(log.clone()).observer(Arc::clone(&times)).token(token()).build();
    service.run(call(&client, &READ)).unwrap_err();
    assert_eq!(log.take(), ["read began", "sending 1", "ended after 1: failed with Some(60020)"]);
    assert_eq!(*times.0.lock().unwrap(), Some(SECOND));
}

#[test]
fn an_observer_sees_that_a_call_was_dropped() {
    let (service, log) = (Service::always(Answer::Silence), Log::default());
    let client = service.client().observer(log.clone()).token(token()).build();
    let mut one = Box::pin(call(&client, &READ));
    assert!(poll(one.as_mut()).is_pending());
    drop(one);
    assert_eq!(log.take(), ["read began", "sending 1", "ended after 1: cancelled"]);
}

#[test]
fn a_dropped_call_reports_the_time_until_it_was_dropped() {
    struct CancelledAfter(Mutex<Option<std::time::Duration>>);
    impl Observer for CancelledAfter {
        fn on_event(&self, event: &CallEvent<'_>) {
            if let CallEvent::Ended { elapsed, outcome: CallOutcome::Cancelled, .. } = event {
                *self.0.lock().unwrap() = *elapsed;
            }
        }
    }
    let (service, after) = (Service::always(Answer::Silence), Arc::new(CancelledAfter(Mutex::default())));
    let client = service.client().observer(Arc::clone(&after)).token(token()).build();
    let mut one = Box::pin(call(&client, &READ));
    assert!(poll(one.as_mut()).is_pending());
    service.timer.advance(SECOND * 3);
    drop(one);
    assert_eq!(*after.0.lock().unwrap(), Some(SECOND * 3));
}

#[test]
fn an_observer_sees_a_wait_for_the_quota() {
    let (service, log) = (Service::new(), Log::default());
    let quotas = Quotas::wait_at_most(MINUTE * 2);
    let client = service.client().quotas(quotas).observer(log.clone()).token(token()).build();
    for _ in 0..8 {
        service.run(call(&client, &RARE)).unwrap();
    }
    log.take();
    service.run(call(&client, &RARE)).unwrap();
    assert_eq!(
        log.take(),
        ["rare began", "awaiting quota for Some(61s)", "awaited quota for 61s", "sending 1", "ended after 1: replied"]
    );
}

#[test]
fn an_observer_of_a_local_client_need_not_be_send() {
    struct LocalLog(Rc<RefCell<Vec<String>>>);
    impl Observer for LocalLog {
        fn on_event(&self, event: &CallEvent<'_>) {
            self.0.borrow_mut().push(text(event));
        }
    }
    let (service, log) = (Service::new(), Rc::new(RefCell::default()));
    let client = Client::local(AsLocal(service.clone())).observer(LocalLog(Rc::clone(&log))).token(token()).build();
    service.run(client.call_raw(RawCall::new(&READ))).unwrap();
    assert_eq!(*log.borrow(), ["read began", "sending 1", "ended after 1: replied"]);
}

#[test]
fn an_observer_sees_why_a_token_is_fetched_how_long_it_takes_and_how_it_fails() {
    let (service, log) = (Service::new(), Log::default());
    service.set(|script| {
        script.latency_of_gettoken = SECOND;
        script.to_gettoken.extend([Answer::Code(0), Answer::Code(60020), Answer::Code(0)]);
    });
    let client = service.client().observer(log.clone()).credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    // In the last five minutes of the token: a renewal, which fails.
    service.timer.advance(SECOND * (7200 - 60));
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(MINUTE * 2);
    service.run(call(&client, &READ)).unwrap();
    let tokens: Vec<_> = log.take().into_iter().filter(|text| text.contains("token")).collect();
    assert_eq!(
        tokens,
        [
            "gettoken for a token: Missing",
            "token after 1s: None",
            "gettoken for a token: Renewal",
            "token after 1s: Some(60020)",
            "gettoken for a token: Missing",
            "token after 1s: None",
        ]
    );
}

#[test]
fn an_observer_that_panics_during_a_fetch_fails_the_waiting_calls_and_later_calls_fetch_again() {
    struct Panics(std::sync::atomic::AtomicBool);
    impl Observer for Panics {
        fn on_event(&self, event: &CallEvent<'_>) {
            if matches!(event, CallEvent::FetchedToken { .. }) {
                assert!(self.0.swap(true, std::sync::atomic::Ordering::Relaxed), "the first fetch");
            }
        }
    }
    let service = Service::new();
    let panics = Arc::new(Panics(std::sync::atomic::AtomicBool::new(false)));
    let client = service.client().observer(panics).credentials(credentials()).build();
    let error = service.run(call(&client, &READ)).unwrap_err();
    assert!(error.to_string().contains("observer panicked"), "{error}");
    service.run(call(&client, &READ)).unwrap();
}
