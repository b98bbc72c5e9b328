//! The feature `tracing`: a span for each job with its outcome, progress as events, and no person, token or secret.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::sync::Mutex;

use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;
use wecom_core::TransportErrorKind::ConnectionLost;
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::calls::{
    GET_CHAIN_CORPINFO_LIST, GET_RESULT, IMPORT_CHAIN_CONTACT, ImportContact, ImportCorp, UNIONID_TO_EXTERNAL_USERID,
};
use wecom_upstream::ids::CustomId;
use wecom_upstream::jobs::customers::InMemoryCustomerStore;
use wecom_upstream::jobs::import::ImportState;
use wecom_upstream::{ChainId, Client, ExternalUserId, OpenId, UnionId, Upstream};

/// The service, its timer and its faults.
struct Service {
    timer: ManualTimer,
    simulator: Simulator,
    faults: Faults<Simulator>,
}

impl Service {
    fn new() -> Self {
        let timer = ManualTimer::new();
        let simulator = Simulator::demo().on_timer(timer.clone());
        Self { faults: Faults::new(simulator.clone()), timer, simulator }
    }

    /// Runs jobs and returns the lines of the log.
    #[track_caller]
    fn log<F: Future>(&self, jobs: impl FnOnce(Upstream) -> F) -> Vec<String> {
        let log: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(Level::TRACE)
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .without_time()
            .with_writer(|| log.make_writer())
            .finish();
        let client = Client::builder(self.faults.clone()).credentials(self.simulator.credentials());
        let upstream = Upstream::new(client.timer(self.timer.clone()).build());
        tracing::subscriber::with_default(subscriber, || {
            self.timer.run(jobs(upstream));
        });
        let text = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        for private in ["130", "张三", "经销商", "oUnion", "oOpen", "wmChen", "secret", "access_token="] {
            assert!(!text.contains(private), "{private} in {text}");
        }
        assert!(text.lines().all(|line| line.contains(" wecom: ")), "{text}");
        text.lines().map(str::to_owned).collect()
    }
}

/// Asserts that a line has all parts.
#[track_caller]
fn assert_line(lines: &[String], parts: &[&str]) {
    let has_all = |line: &&String| parts.iter().all(|part| line.contains(part));
    assert!(lines.iter().any(|line| has_all(&line)), "no line with {parts:?} in {}", lines.join("\n"));
}

fn rows(count: usize) -> Vec<ImportCorp> {
    let contact = |row| ImportContact::head("张三", format!("130{row:08}"));
    let corp = |row| ImportCorp::new(format!("经销商{row}"), [contact(row)]);
    (0..count).map(corp).chain([corp(count).custom_id(CustomId::new("BJ01"))]).collect()
}

#[test]
fn an_import_is_a_span_with_its_progress_and_its_outcome() {
    let service = Service::new();
    service.faults.on(&GET_RESULT).nth(1).error_code(-1);
    service.faults.on(&IMPORT_CHAIN_CONTACT).nth(2).fail_after_sending(ConnectionLost);
    let state = ImportState::new(ChainId::new("ChDealers"), rows(1_200)).unwrap();
    let lines = service.log(async |upstream| drop(upstream.import(state).finish().await));
    let span = r#"wecom_import{chain_id="ChDealers" rows=1201 jobs=2"#;
    assert_line(&lines, &[" INFO ", span, "submitting a job job=1 corps=1000"]);
    assert_line(&lines, &[" INFO ", span, "submitted a job job=1 jobid="]);
    assert_line(&lines, &[" WARN ", span, "retrying wait_ms=1000 errcode=-1"]);
    assert_line(&lines, &["DEBUG ", span, "the job runs job=1"]);
    assert_line(&lines, &[" INFO ", span, "the job has finished job=1 imported=1000 failed=0 unknown=0"]);
    assert_line(&lines, &[" WARN ", span, "the outcome of the job is unknown job=2"]);
    assert_line(&lines, &[" INFO ", span, "searched the chain for lost rows found=200 missing=1"]);
    assert_line(&lines, &[span, "imported=1000 failed=0 unknown=201 outcome=\"finished\"}", "close"]);
    assert_line(&lines, &[span, r#":wecom_call{endpoint="get_result""#, "close"]);
}

#[test]
fn an_import_that_stops_says_why() {
    let service = Service::new();
    service.faults.on(&IMPORT_CHAIN_CONTACT).error_code(60020);
    let state = ImportState::new(ChainId::new("ChDealers"), rows(1)).unwrap();
    let lines = service.log(async |upstream| drop(upstream.import(state).finish().await));
    assert_line(&lines, &[" WARN ", "wecom_import{", "the import stopped stop=", "60020"]);
    assert_line(&lines, &["wecom_import{", "outcome=\"stopped\"}", "close"]);
}

#[test]
fn a_walk_is_a_span_with_its_progress_and_its_outcome() {
    let service = Service::new();
    service.faults.on(&GET_CHAIN_CORPINFO_LIST).nth(2).error_code(670_002);
    service.faults.on(&GET_CHAIN_CORPINFO_LIST).nth(1).error_code(-1);
    let lines = service.log(async |upstream| {
        let mut walk = upstream.walk(ChainId::new("ChDealers")).concurrency(1);
        assert!(walk.next().await.is_ok());
        while let Ok(Some(_)) = walk.next().await {}
        drop(walk);
        upstream.walk(ChainId::new("ChSuppliers")).collect().await.unwrap();
    });
    assert_line(&lines, &["DEBUG ", r#"wecom_walk{chain_id="ChDealers"}"#, "listing a group groups=5 done=0"]);
    assert_line(&lines, &[" WARN ", r#"wecom_walk{chain_id="ChDealers"#, "the walk stopped", "670002"]);
    assert_line(&lines, &[r#"wecom_walk{chain_id="ChDealers""#, "outcome=\"stopped\"}", "close"]);
    let end = r#"groups=3 corps=2 failed_groups=0 outcome="finished"}"#;
    assert_line(&lines, &[r#"wecom_walk{chain_id="ChSuppliers""#, end, "close"]);
    assert_line(&lines, &[r#"wecom_walk{chain_id="ChSuppliers"}:wecom_call{endpoint="get_chain_group""#, "close"]);
}

#[test]
fn a_refresh_of_a_directory_is_a_span_around_its_walk() {
    let service = Service::new();
    let lines = service.log(async |upstream| {
        let mut directory = upstream.directory(ChainId::new("ChDealers"));
        directory.refresh().await.unwrap();
        directory.hints().request_walk();
        service.faults.on(&GET_CHAIN_CORPINFO_LIST).error_code(60020);
        directory.refresh().await.unwrap_err();
    });
    let span = r#"wecom_directory_refresh{chain_id="ChDealers""#;
    assert_line(&lines, &[span, r#"}:wecom_walk{chain_id="ChDealers""#, "close"]);
    assert_line(&lines, &[span, "joined=6 left=0 moved=0 outcome=\"refreshed\"}", "close"]);
    assert_line(&lines, &[" WARN ", span, "the job failed errcode=60020"]);
    assert_line(&lines, &[span, "outcome=\"failed\"}", "close"]);
}

#[test]
fn lookups_of_customers_are_spans_without_their_ids() {
    let service = Service::new();
    let lines = service.log(async |upstream| {
        let mut map = upstream.map_customers(InMemoryCustomerStore::new());
        map.remember(UnionId::new("oUnionChen"), OpenId::new("oOpenChen")).await.unwrap();
        let mut ids = upstream.pending_ids(["wmChenOfJingxi", "wmLiuOfJingxi"].map(ExternalUserId::new));
        while ids.next().await.is_some() {}
        drop(ids);
        service.faults.on_any().error_code(60020);
        map.remember(UnionId::new("oUnionLiu"), OpenId::new("oOpenLiu")).await.unwrap_err();
        assert!(upstream.pending_ids([ExternalUserId::new("wmChenOfJingxi")]).next().await.is_some());
    });
    assert_line(&lines, &["wecom_customer_refresh{corps=2 outcome=\"refreshed\"}", "close"]);
    assert_line(&lines, &[" WARN ", "wecom_customer_refresh", "the job failed errcode=60020"]);
    assert_line(&lines, &["wecom_customer_refresh{outcome=\"failed\"}", "close"]);
    assert_line(&lines, &["DEBUG ", "wecom_pending_ids", "looked up customers customers=2 found=0 answered=0"]);
    assert_line(&lines, &[" WARN ", "wecom_pending_ids", "customers not looked up customers=1", "60020"]);
    assert_line(&lines, &["wecom_pending_ids{outcome=\"finished\"}", "close"]);
}

#[test]
fn a_user_who_is_no_customer_is_no_warning() {
    let service = Service::new();
    let lines = service.log(async |upstream| {
        service.faults.on(&UNIONID_TO_EXTERNAL_USERID).error_code(84_061);
        let mut map = upstream.map_customers(InMemoryCustomerStore::new());
        map.remember(UnionId::new("oUnionWang"), OpenId::new("oOpenWang")).await.unwrap();
    });
    assert_line(&lines, &["DEBUG ", r#"wecom_call{endpoint="unionid_to_external_userid""#, "failed errcode=84061"]);
    assert!(lines.iter().all(|line| !line.contains("WARN")), "{}", lines.join("\n"));
}
