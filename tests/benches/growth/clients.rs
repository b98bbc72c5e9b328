//! Imports and clients.

use std::any::Any;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use pollster::block_on;
use wecom_core::http::{Response, TransportError, from_fn};
use wecom_core::{AccessToken, Client, Quotas, Request};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{ImportContact, ImportCorp};
use wecom_upstream::jobs::import::{ImportJournal, ImportState};
use wecom_upstream::{ChainId, Upstream};

use crate::{Measure, Work};

pub(crate) fn works() -> Vec<Work> {
    vec![
        Work {
            name: "journal of an import",
            item: "row",
            // WeCom imports at most 20,000 contacts a day.
            sizes: [200, 2_000, 20_000],
            measure: Measure::Written,
            limit: 1.0,
            prepare: |rows| import(rows),
        },
        Work {
            name: "import, with its progress after each event",
            item: "row",
            sizes: [1_000, 10_000, 100_000],
            measure: Measure::Instructions,
            limit: 1.0,
            prepare: |rows| import_with_progress(rows),
        },
        Work {
            name: "clients with quotas after one call",
            item: "client",
            sizes: [10, 100, 1_000],
            measure: Measure::Kept,
            limit: 1.0,
            prepare: |clients| Box::new(move || Box::new((0..clients).map(|_| client()).collect::<Vec<_>>())),
        },
    ]
}

fn corp(number: usize) -> ImportCorp {
    ImportCorp::new(format!("corp {number}"), [ImportContact::head("head", format!("13{number:09}"))])
}

/// Imports rows into a service that accepts each job and reports at once that it has finished.
fn import_with_progress(rows: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    let accepted = Bytes::from_static(br#"{"errcode":0,"jobid":"job"}"#);
    let finished = Bytes::from_static(
        br#"{"errcode":0,"status":3,"result":{"chain_id":"ChDealers","import_status":1,"fail_list":[]}}"#,
    );
    let state = ImportState::new(ChainId::new("ChDealers"), (0..rows).map(corp)).unwrap();
    Box::new(move || {
        let (accepted, finished) = (accepted.clone(), finished.clone());
        let transport = from_fn(move |request: Request| {
            let reply = if request.body().is_some() { accepted.clone() } else { finished.clone() };
            async move { Ok::<_, TransportError>(Response::new(200, reply)) }
        });
        let timer = ManualTimer::new();
        let client = Client::builder(transport).token(AccessToken::new("a-token")).timer(timer.clone()).build();
        let mut import = Upstream::new(client).import(state.clone());
        timer.run(async { while import.next().await.is_some_and(|_| import.state().progress().total == rows) {} });
        assert_eq!(import.state().progress().imported, rows);
        Box::new(())
    })
}

/// Imports rows, and returns the size of the journal, to which the import only appends.
fn import(rows: usize) -> Box<dyn FnMut() -> Box<dyn Any>> {
    Box::new(move || {
        let timer = ManualTimer::new();
        let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
        let state = ImportState::new(ChainId::new("ChDealers"), (0..rows).map(corp)).unwrap();
        let path = path();
        let mut journal = ImportJournal::create(&path, &state).unwrap();
        let mut save = |state: &ImportState| std::future::ready(journal.save(state));
        let report = timer.run(upstream.import(state).finish_with(|_event, state| save(state))).unwrap();
        assert_eq!(report.progress.imported, rows);
        let bytes = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
        std::fs::remove_file(path).unwrap();
        Box::new(bytes)
    })
}

fn path() -> PathBuf {
    std::env::temp_dir().join(format!("wecom-growth-{}", std::process::id()))
}

fn client() -> Client {
    let reply = Bytes::from_static(br#"{"errcode":0,"chains":[]}"#);
    let transport = from_fn(move |_: Request| {
        let reply = reply.clone();
        async move { Ok::<_, TransportError>(Response::new(200, reply)) }
    });
    let builder = Client::builder(transport).token(AccessToken::new("a-token")).timer(ManualTimer::new());
    let client = builder.quotas(Quotas::wait_at_most(Duration::from_secs(1))).build();
    block_on(Upstream::new(client.clone()).get_chain_list()).unwrap();
    client
}
