//! Searches of the chain for the rows of lost jobs: when they begin, what they outlast, and when they end.

use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use wecom_core::{AccessToken, Client, Request, Response, TransportError, from_fn};
use wecom_mock::ManualTimer;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportEvent, ImportOutcome, ImportReport, ImportState};
use wecom_upstream::{ErrCode, Upstream};

use crate::support::chain;

/// A service with scripted replies. It records the calls and the events of the import.
#[derive(Clone, Default)]
struct Scripted {
    timer: ManualTimer,
    /// The endpoint and the time of each call.
    calls: Arc<Mutex<Vec<(String, Duration)>>>,
}

impl Scripted {
    /// Imports the corps 甲 and 乙 and returns the report with the number of `Running` and of `Searched` events.
    fn import(&self, mut reply: impl FnMut(&str, &Value) -> Value + Send + 'static) -> (ImportReport, usize, usize) {
        let (service, reply) = (self.clone(), Arc::new(Mutex::new(move |name: &str, body: &Value| reply(name, body))));
        let transport = from_fn(move |request: Request| {
            let name = request.endpoint().name();
            service.calls.lock().unwrap().push((name.to_owned(), service.timer.now()));
            let body = request.body().map(|body| serde_json::from_slice(body).unwrap()).unwrap_or_default();
            let reply = (reply.lock().unwrap())(name, &body).to_string();
            async move { Ok::<_, TransportError>(Response::new(200, reply)) }
        });
        let client = Client::builder(transport).token(AccessToken::new("a-token")).timer(self.timer.clone());
        let upstream = Upstream::new(client.build());
        let corp = |name: &str| ImportCorp::new(name, [ImportContact::head("张三", "13000000001")]);
        let state = ImportState::new(chain(), [corp("甲"), corp("乙")]).unwrap();
        let (mut running, mut searched) = (0, 0);
        let report = self.timer.run(upstream.import(state).finish_with(|event, _| {
            running += usize::from(matches!(event, ImportEvent::Running { .. }));
            searched += usize::from(matches!(event, ImportEvent::Searched { .. }));
            ready(Ok::<_, ()>(()))
        }));
        (report.unwrap(), running, searched)
    }

    /// Returns the time of the first call of an endpoint.
    fn first(&self, name: &str) -> Duration {
        self.calls.lock().unwrap().iter().find(|(called, _)| called == name).unwrap().1
    }
}

fn corp(name: &str) -> Value {
    json!({"groupid": 1, "corpid": format!("ww{name}"), "corp_name": name, "is_joined": 1})
}

/// The replies of a service that has both rows in its chain, and no job.
fn found(name: &str) -> Value {
    match name {
        "import_chain_contact" => json!({"errcode": 0, "jobid": "job1"}),
        "get_chain_group" => json!({"errcode": 0, "groups": []}),
        _ => json!({"errcode": 0, "group_corps": [corp("甲"), corp("乙")], "has_more": false}),
    }
}

fn in_chain(report: &ImportReport) -> Vec<Option<bool>> {
    let in_chain = |row: &wecom_upstream::jobs::import::ImportRow| match row.outcome {
        ImportOutcome::Unknown { in_chain } => in_chain,
        ref other => panic!("{other:?}"),
    };
    report.rows.iter().map(in_chain).collect()
}

#[test]
fn a_finished_job_without_a_result_is_searched_for_at_once() {
    let service = Scripted::default();
    let (report, running, searched) = service.import(|name, _| match name {
        "get_result" => json!({"errcode": 0, "status": 3}),
        _ => found(name),
    });
    assert_eq!((in_chain(&report), running, searched), (vec![Some(true); 2], 0, 1));
    assert_eq!(service.first("get_chain_group"), service.timer.now(), "it waits before the search");
}

#[test]
fn the_rows_that_a_result_leaves_open_are_searched_for() {
    let service = Scripted::default();
    let (report, _, searched) = service.import(|name, _| match name {
        "get_result" => {
            json!({"errcode": 0, "status": 3, "result": {"chain_id": "Ch1", "import_status": 7}})
        }
        "get_chain_corpinfo_list" => json!({"errcode": 0, "group_corps": [corp("乙")], "has_more": false}),
        _ => found(name),
    });
    assert_eq!((in_chain(&report), searched), (vec![Some(false), Some(true)], 1));
}

#[test]
fn the_search_for_a_submission_that_may_still_be_carried_out_waits_and_ends_when_it_finds_all_rows() {
    let service = Scripted::default();
    let (report, _, searched) = service.import(|name, _| match name {
        "import_chain_contact" => json!({"errcode": ErrCode::BUSY.0, "errmsg": "system busy"}),
        _ => found(name),
    });
    assert_eq!((in_chain(&report), searched), (vec![Some(true); 2], 1));
    let wait = service.first("get_chain_group") - service.first("import_chain_contact");
    assert!(wait >= Duration::from_secs(5), "{wait:?}");
}

/// Replies to a search of sixteen groups, some of whose calls fail.
fn sixteen_groups(mut fails: impl FnMut() -> bool) -> impl FnMut(&str, &Value) -> Value {
    move |name, _| match name {
        "get_result" => json!({"errcode": 0, "status": 3}),
        "get_chain_group" => {
            let group = |id: u32| json!({"groupid": id, "group_name": format!("g{id}"), "parentid": 1});
            json!({"errcode": 0, "groups": (2..=16).map(group).collect::<Vec<_>>()})
        }
        "get_chain_corpinfo_list" if fails() => json!({"errcode": ErrCode::BUSY.0, "errmsg": "system busy"}),
        _ => found(name),
    }
}

#[test]
fn a_search_continues_as_long_as_each_attempt_reads_a_page() {
    let mut calls = 0;
    let (report, ..) = Scripted::default().import(sixteen_groups(move || {
        calls += 1;
        calls % 2 == 0
    }));
    assert!(report.stopped.is_none(), "{:?}", report.stopped);
    assert_eq!(in_chain(&report), [Some(true); 2]);
}

#[test]
fn a_search_that_reads_no_page_in_eleven_attempts_stops_the_import() {
    let service = Scripted::default();
    let mut calls = 0;
    let (report, ..) = service.import(sixteen_groups(move || {
        calls += 1;
        calls > 3
    }));
    assert!(report.stopped.is_some());
    assert_eq!(in_chain(&report), [None; 2]);
    let calls = service.calls.lock().unwrap().iter().filter(|(name, _)| name == "get_chain_corpinfo_list").count();
    assert_eq!(calls, 3 + 11);
}
