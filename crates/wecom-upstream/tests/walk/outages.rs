//! Services that fail for a while, and walks that stop and continue.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use wecom_core::http::{Delivery, Response, TransportError, from_fn};
use wecom_core::{AccessToken, Client, ErrCode, Request, Timer, TransportErrorKind};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::calls::GET_CHAIN_CORPINFO_LIST;
use wecom_upstream::jobs::chain_tree::ChainTree;
use wecom_upstream::jobs::walk::WalkState;

use crate::support::{Counting, Counts, Directory, chain, line, rest};

const GROUPS: i64 = 100;
const CONCURRENCY: usize = 4;

/// A directory, and a service with latency and faults.
struct Setup {
    directory: Directory,
    timer: ManualTimer,
    faults: Faults<Simulator>,
    counts: Arc<Counts>,
    upstream: Upstream,
}

impl Setup {
    fn new() -> Self {
        let directory = Directory::new(GROUPS, 1_000);
        let timer = ManualTimer::new();
        let simulator = directory.simulator();
        let credentials = simulator.credentials();
        let faults = Faults::new(simulator);
        let transport = Counting::new(faults.clone(), &timer);
        let counts = Arc::clone(&transport.counts);
        let client = Client::builder(transport).credentials(credentials).timer(timer.clone()).build();
        Self { directory, timer, faults, counts, upstream: Upstream::new(client) }
    }

    fn complete_tree(&self) -> ChainTree {
        let upstream = Upstream::new(self.directory.simulator().client());
        pollster::block_on(upstream.walk(chain()).collect()).unwrap()
    }
}

fn is_for_group_3(request: &Request) -> bool {
    let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
    body["groupid"] == 3
}

#[test]
fn an_outage_of_ten_seconds_loses_no_group() {
    for page_size in [100, 3] {
        let setup = Setup::new();
        let outage = Duration::from_millis(300)..Duration::from_millis(10_300);
        let refused = setup.faults.on_any().during(outage, setup.timer.clone());
        let refused = refused.fail_before_sending(TransportErrorKind::Connect);
        let walk = setup.upstream.walk(chain()).concurrency(CONCURRENCY).page_size(page_size);
        let tree = setup.timer.run(walk.collect()).unwrap();
        assert_eq!(tree, setup.complete_tree());
        assert!(refused.injected() > 0 && refused.injected() < 12, "{} failed calls", refused.injected());
        assert!(setup.timer.now() < Duration::from_secs(60), "{:?}", setup.timer.now());
    }
}

#[test]
fn an_untrusted_ip_stops_the_walk_after_at_most_the_calls_in_flight_and_it_continues_once_lifted() {
    let setup = Setup::new();
    let refusals = setup.faults.on(&GET_CHAIN_CORPINFO_LIST).calls(5..).error_code(ErrCode::IP_NOT_TRUSTED);
    let mut walk = setup.upstream.walk(chain()).concurrency(CONCURRENCY);
    let mut lines = Vec::new();
    let error = setup.timer.run(async {
        loop {
            match walk.next().await {
                Ok(event) => lines.push(line(event.unwrap())),
                Err(error) => break error,
            }
        }
    });
    assert!(error.is_ip_not_trusted(), "{error}");
    assert!(refusals.injected() <= CONCURRENCY as u64, "{} refusals", refusals.injected());
    assert!(setup.timer.run(walk.next()).is_err(), "the refusal is not lifted");
    let stored = serde_json::to_string(&walk.state()).unwrap();

    refusals.stop();
    let state: WalkState = serde_json::from_str(&stored).unwrap();
    let resumed = setup.timer.run(rest(&mut setup.upstream.resume_walk(state))).unwrap();
    lines.extend(setup.timer.run(rest(&mut walk)).unwrap());
    assert_eq!(lines, setup.directory.expected(false));
    assert!(lines.ends_with(&resumed));
}

#[test]
fn an_outage_beyond_the_limit_stops_the_walk_and_it_continues_afterwards() {
    let setup = Setup::new();
    let outage = setup.faults.on_any().calls(20..).status(503, "");
    let limit = Duration::from_secs(120);
    let mut walk = setup.upstream.walk(chain()).concurrency(CONCURRENCY).outage_limit(limit);
    let mut tree = ChainTree::new(chain(), false);
    let error = setup.timer.run(walk.collect_into(&mut tree)).unwrap_err();
    assert_eq!(error.status(), Some(503));
    let took = setup.timer.now();
    assert!(took >= limit && took < 2 * limit, "{took:?}");
    assert!(outage.injected() < 20 && !tree.is_whole());

    outage.stop();
    let stored = serde_json::to_string(&walk.state()).unwrap();
    let mut walk = setup.upstream.resume_walk(serde_json::from_str(&stored).unwrap());
    setup.timer.run(walk.collect_into(&mut tree)).unwrap();
    assert_eq!(tree, setup.complete_tree());
    assert!(walk.state().is_end());
}

#[test]
fn a_group_that_fails_until_the_limit_is_a_failure_and_the_others_are_read() {
    let setup = Setup::new();
    let faults = setup.faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_for_group_3).error_code(ErrCode::BUSY);
    let mut walk = setup.upstream.walk(chain()).concurrency(CONCURRENCY);
    let lines = setup.timer.run(rest(&mut walk)).unwrap();
    let corps = lines.iter().filter(|line| line.starts_with("corp ")).count();
    assert!(lines.last().unwrap().starts_with("group 3 failed: get_chain_corpinfo_list"), "{:?}", lines.last());
    assert!(faults.injected() < 20, "{} failed calls", faults.injected());
    assert!(setup.timer.now() < Duration::from_secs(600), "{:?}", setup.timer.now());
    let progress = walk.progress();
    assert_eq!((progress.groups, progress.done, progress.failed), (Some(101), 100, 1));
    assert_eq!(progress.corps, corps);
}

#[test]
fn failed_groups_stay_in_the_state_and_a_resumed_walk_lists_them_again() {
    let setup = Setup::new();
    let forbidden = setup.faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_for_group_3);
    let forbidden = forbidden.error_code(ErrCode::GROUP_FORBIDDEN);
    let mut walk = setup.upstream.walk(chain());
    let mut tree = ChainTree::new(chain(), false);
    setup.timer.run(walk.collect_into(&mut tree)).unwrap();
    assert_eq!((tree.failures().len(), walk.progress().failed, walk.state().is_end()), (1, 1, false));

    forbidden.stop();
    let stored = serde_json::to_string(&walk.state()).unwrap();
    let mut walk = setup.upstream.resume_walk(serde_json::from_str(&stored).unwrap());
    let calls = setup.counts.calls.load(Ordering::SeqCst);
    setup.timer.run(walk.collect_into(&mut tree)).unwrap();
    assert_eq!(tree, setup.complete_tree());
    assert_eq!((setup.counts.calls.load(Ordering::SeqCst) - calls, walk.state().is_end()), (1, true));
    let progress = walk.progress();
    assert_eq!((progress.done, progress.failed, progress.corps), (101, 0, tree.corps().count()));
}

#[test]
fn mend_lists_only_the_incomplete_groups_of_a_stored_tree() {
    let setup = Setup::new();
    let second_page = |request: &Request| is_for_group_3(request) && request_has_cursor(request);
    let forbidden = setup.faults.on(&GET_CHAIN_CORPINFO_LIST).when(second_page).error_code(ErrCode::GROUP_FORBIDDEN);
    let tree = setup.timer.run(setup.upstream.walk(chain()).page_size(2).collect()).unwrap();
    let mut tree: ChainTree = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
    assert!(!tree.is_whole());

    let outage = setup.faults.on_any().error_code(ErrCode::IP_NOT_TRUSTED);
    let before = tree.clone();
    assert!(setup.timer.run(tree.mend(&setup.upstream)).is_err());
    assert_eq!(tree, before, "a failed attempt changes nothing");
    outage.stop();
    forbidden.stop();
    let calls = setup.counts.calls.load(Ordering::SeqCst);
    setup.timer.run(tree.mend(&setup.upstream)).unwrap();
    assert_eq!(tree, setup.complete_tree());
    assert_eq!(setup.counts.calls.load(Ordering::SeqCst) - calls, 1);
}

fn request_has_cursor(request: &Request) -> bool {
    let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
    !body["cursor"].is_null()
}

#[test]
fn fail_fast_returns_the_error_of_any_failed_call_and_the_walk_can_continue() {
    for code in [ErrCode::GROUP_FORBIDDEN, ErrCode::BUSY] {
        let setup = Setup::new();
        let failure = setup.faults.on(&GET_CHAIN_CORPINFO_LIST).when(is_for_group_3).error_code(code);
        let mut walk = setup.upstream.walk(chain()).fail_fast(true);
        let mut tree = ChainTree::new(chain(), false);
        let error = setup.timer.run(walk.collect_into(&mut tree)).unwrap_err();
        assert_eq!(error.code(), Some(code));
        failure.stop();
        setup.timer.run(walk.collect_into(&mut tree)).unwrap();
        assert_eq!(tree, setup.complete_tree());
    }
}

#[test]
fn a_walk_waits_for_the_end_of_an_outage_while_it_lists_the_groups() {
    let setup = Setup::new();
    let outage = setup.faults.on_any().during(Duration::ZERO..Duration::from_secs(10), setup.timer.clone());
    outage.fail_before_sending(TransportErrorKind::Connect);
    let tree = setup.timer.run(setup.upstream.walk(chain()).collect()).unwrap();
    assert_eq!(tree, setup.complete_tree());
}

/// The root group has two pages, the second group replies after a while, and the first call for the third group fails.
async fn reply(request: Request, timer: ManualTimer, is_first: bool) -> Result<Response, TransportError> {
    let body: serde_json::Value = serde_json::from_slice(request.body().unwrap()).unwrap();
    let page = |fields: &str| Ok(Response::new(200, format!(r#"{{"errcode":0,"group_corps":[],{fields}}}"#)));
    match (request.endpoint().name(), body["groupid"].as_i64(), body["cursor"].as_str()) {
        ("get_chain_group", ..) => {
            let groups = r#"[{"groupid":2,"group_name":"b","parentid":1},{"groupid":3,"group_name":"c","parentid":1}]"#;
            Ok(Response::new(200, format!(r#"{{"errcode":0,"groups":{groups}}}"#)))
        }
        (_, Some(1), None) => {
            let corp = r#"{"groupid":1,"corpid":"ww1","corp_name":"corp","is_joined":1}"#;
            let page = format!(r#"{{"errcode":0,"group_corps":[{corp}],"has_more":true,"next_cursor":"2"}}"#);
            Ok(Response::new(200, page))
        }
        (_, Some(2), _) => {
            Timer::sleep(&timer, Duration::from_millis(1)).await;
            page(r#""has_more":false"#)
        }
        (_, Some(3), _) if is_first => Err(TransportError::new(TransportErrorKind::ConnectionLost, Delivery::Unknown)),
        _ => page(r#""has_more":false"#),
    }
}

#[test]
fn the_reply_to_a_later_group_continues_the_first_group_after_a_failure() {
    let (timer, is_first) = (ManualTimer::new(), AtomicBool::new(true));
    let clock = timer.clone();
    let transport = from_fn(move |request: Request| {
        let is_third = request.endpoint() == &GET_CHAIN_CORPINFO_LIST && is_for_group_3(&request);
        let is_first = is_third && is_first.swap(false, Ordering::SeqCst);
        reply(request, clock.clone(), is_first)
    });
    let client = Client::builder(transport).token(AccessToken::new("a-token")).timer(timer.clone()).build();
    let tree = timer.run(Upstream::new(client).walk(chain()).concurrency(3).collect()).unwrap();
    assert_eq!((tree.groups().len(), tree.corps().count()), (3, 1));
}
