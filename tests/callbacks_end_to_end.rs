//! Callbacks from end to end, over sockets: the simulator's server pushes events to an axum server, which handles each once
//! and keeps a directory current with calls to the simulator.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

use std::future::pending;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use wecom_callback::{
    BatchJobResult, CallbackKeys, ChainChange, ChangeChain, Channel, Event, InMemorySeenEvents, JobType, Once,
    Receiver, ShareChange, handle_once,
};
use wecom_core::Client;
use wecom_hyper::HyperTransport;
use wecom_mock::ManualTimer;
use wecom_simulator::{CallbackUrl, Simulator, SimulatorServer};
use wecom_upstream::calls::{
    GetChainCorpinfo, GetResult, ImportChainContact, ImportContact, ImportCorp, ImportStatus, ListAppShareInfo,
};
use wecom_upstream::ids::{JobId, PendingCorpId};
use wecom_upstream::jobs::directory::Directory;
use wecom_upstream::values::BusinessType;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

const APP: AgentId = AgentId::new(1_000_002);
/// Longer than any pause of a loaded machine.
const LONG: Duration = Duration::from_secs(60);

fn dealers() -> ChainId {
    ChainId::new("ChDealers")
}

fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

/// The receiver: an axum server that handles each event once, and can be made to fail.
struct Callbacks {
    receiver: Receiver,
    seen: InMemorySeenEvents,
    handled: mpsc::UnboundedSender<Event>,
    /// The number of requests that reached the server.
    requests: AtomicUsize,
    /// The number of requests to refuse, as while the server is down.
    to_refuse: AtomicUsize,
    /// The number of answers to lose after the event was handled.
    to_lose: AtomicUsize,
}

impl Callbacks {
    /// Returns whether there is one left of a number, and takes it.
    fn take_one(number: &AtomicUsize) -> bool {
        number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |number| number.checked_sub(1)).is_ok()
    }
}

async fn check(State(callbacks): State<Arc<Callbacks>>, RawQuery(query): RawQuery) -> Response {
    callbacks.receiver.verify_url(&*query.unwrap(), SystemTime::now()).unwrap().into_body().into_response()
}

async fn receive(State(callbacks): State<Arc<Callbacks>>, RawQuery(query): RawQuery, body: Bytes) -> Response {
    callbacks.requests.fetch_add(1, Ordering::SeqCst);
    if Callbacks::take_one(&callbacks.to_refuse) {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let callback = callbacks.receiver.open(&*query.unwrap(), &body, SystemTime::now()).unwrap();
    let handler = async { callbacks.handled.send(callback.event()) };
    match handle_once(&callbacks.seen, &callback, handler).await {
        Ok(Once::Handled(()) | Once::Duplicate) if Callbacks::take_one(&callbacks.to_lose) => {
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Ok(Once::Handled(()) | Once::Duplicate) => callback.acknowledge().into_body().into_response(),
        Ok(Once::InProgress) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// A simulated WeCom on a socket that sends to a receiver on another.
struct EndToEnd {
    simulator: Simulator,
    timer: ManualTimer,
    upstream: Upstream,
    callbacks: Arc<Callbacks>,
    handled: mpsc::UnboundedReceiver<Event>,
}

impl EndToEnd {
    async fn start() -> Self {
        let (sender, handled) = mpsc::unbounded_channel();
        let callbacks = Arc::new(Callbacks {
            receiver: Receiver::new(Channel::app(keys(), "wwyunzao")),
            seen: InMemorySeenEvents::default(),
            handled: sender,
            requests: AtomicUsize::new(0),
            to_refuse: AtomicUsize::new(0),
            to_lose: AtomicUsize::new(0),
        });
        let router = Router::new().route("/callback", get(check).post(receive)).with_state(Arc::clone(&callbacks));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let url = format!("http://{}/callback", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let timer = ManualTimer::new();
        let simulator = Simulator::demo().on_timer(timer.clone());
        let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator.clone()).await.unwrap();
        let client = Client::builder(HyperTransport::new().unwrap())
            .base_url(server.base_url().parse().unwrap())
            .credentials(simulator.credentials())
            .build();
        let url = CallbackUrl::new(&url, keys()).unwrap().pause(Duration::from_millis(1));
        let url = url.time_limit(LONG).check_time_limit(LONG);
        tokio::spawn(server.callback(url).run(pending()));
        Self { simulator, timer, upstream: Upstream::new(client), callbacks, handled }
    }

    /// The next event that the receiver handles.
    async fn next(&mut self) -> Event {
        tokio::time::timeout(LONG, self.handled.recv()).await.unwrap().unwrap()
    }

    /// Imports a corp into a new group, until the import has ended.
    async fn import(&self, corp_name: &str) -> JobId {
        let corp = ImportCorp::new(corp_name, [ImportContact::head("张三", "13000000001")]).group_path("西南区");
        let call = ImportChainContact::new(dealers(), [corp]);
        let job = self.upstream.import_chain_contact(call).await.unwrap().jobid;
        self.timer.advance(Duration::from_secs(5));
        job
    }

    /// Asserts that a directory equals a fresh walk.
    async fn assert_current(&self, directory: &Directory) {
        let walked = self.upstream.walk(dealers()).need_pending(true).collect().await.unwrap();
        let differences = walked.diff(directory.tree());
        assert!(differences.is_empty(), "{differences}");
    }

    fn requests(&self) -> usize {
        self.callbacks.requests.load(Ordering::SeqCst)
    }
}

fn change(change: ChainChange) -> Event {
    Event::ChangeChain(ChangeChain::new(dealers(), change))
}

#[tokio::test]
async fn each_event_is_handled_once_and_the_directory_stays_current_although_the_receiver_is_down_for_two_of_three_attempts()
 {
    let mut wecom = EndToEnd::start().await;
    let mut directory = wecom.upstream.directory(dealers()).need_pending(true);
    let hints = directory.hints();
    directory.refresh().await.unwrap();
    let (simulator, beijing) = (wecom.simulator.clone(), GroupId::new(3));

    let taihu = CorpId::new("wwtaihu");
    simulator.admin().join_corp(&dealers(), &PendingCorpId::new("wptaihu"), &taihu).unwrap();
    let joined = wecom.next().await;
    assert_eq!((&joined, wecom.requests()), (&change(ChainChange::CorpJoin(vec![taihu])), 1));

    wecom.callbacks.to_refuse.store(2, Ordering::SeqCst);
    simulator.admin().rename_group(&dealers(), beijing, "首都").unwrap();
    let renamed = wecom.next().await;
    assert_eq!((&renamed, wecom.requests()), (&change(ChainChange::UpdateGroup(vec![beijing])), 4));

    // The answers to this event are lost, so it is sent three times.
    wecom.callbacks.to_lose.store(2, Ordering::SeqCst);
    let job = wecom.import("长城电器").await;
    let ended = wecom.next().await;
    assert_eq!(ended, Event::BatchJobResult(BatchJobResult::new(&job, JobType::ImportChainContact)));

    // The next event that is handled is this one, so the import's was not handled again.
    simulator.admin().unshare_app(APP, &CorpId::new("wwjingxi")).unwrap();
    let withdrawn = wecom.next().await;
    assert_eq!((&withdrawn, wecom.requests()), (&Event::ShareChainChange(ShareChange::new(APP)), 8));
    assert!(wecom.handled.try_recv().is_err());

    assert_eq!([joined, renamed, ended, withdrawn].map(|event| hints.note_callback(&event)), [true, true, true, false]);
    let changes = directory.refresh().await.unwrap();
    assert_eq!((changes.accepted.len(), changes.invited.len()), (1, 1));
    wecom.assert_current(&directory).await;
}

#[tokio::test]
async fn a_directory_reads_what_the_events_name_and_equals_a_fresh_walk() {
    let mut wecom = EndToEnd::start().await;
    let mut directory = wecom.upstream.directory(dealers()).need_pending(true);
    let hints = directory.hints();
    directory.refresh().await.unwrap();

    let (simulator, chain, north) = (wecom.simulator.clone(), dealers(), GroupId::new(2));
    let admin = simulator.admin();
    let group = admin.create_group(&chain, north, "天津市").unwrap();
    admin.move_group(&chain, GroupId::new(5), north).unwrap();
    admin.move_corp(&chain, CorpId::new("wwjingxi"), group).unwrap();
    admin.remove_corp(&chain, CorpId::new("wwpujiang")).unwrap();
    admin.join_corp(&chain, &PendingCorpId::new("wpjinyang"), CorpId::new("wwjinyang")).unwrap();
    for _ in 0..5 {
        assert!(hints.note_callback(&wecom.next().await));
    }
    let changes = directory.refresh().await.unwrap();
    assert_eq!((changes.moved.len(), changes.left.len(), changes.accepted.len()), (1, 1, 1), "{changes}");
    wecom.assert_current(&directory).await;
}

#[tokio::test]
async fn the_ids_of_events_lead_to_the_changes_by_calls() {
    let mut wecom = EndToEnd::start().await;
    let (simulator, upstream) = (wecom.simulator.clone(), wecom.upstream.clone());
    simulator.admin().join_corp(&dealers(), &PendingCorpId::new("wptaihu"), CorpId::new("wwtaihu")).unwrap();
    let Event::ChangeChain(ChangeChain { chain_id, change: ChainChange::CorpJoin(corps), .. }) = wecom.next().await
    else {
        panic!("another event");
    };
    let info = upstream.get_chain_corpinfo(GetChainCorpinfo::new(chain_id, &corps[0])).await.unwrap();
    assert_eq!((&*info.corp_name, info.is_joined), ("太湖电器", true));

    wecom.import("长城电器").await;
    let Event::BatchJobResult(ended) = wecom.next().await else { panic!("another event") };
    let result = upstream.get_result(GetResult::new(ended.job_id)).await.unwrap().result.unwrap();
    assert_eq!(result.import_status, ImportStatus::AllImported);

    let jingxi = CorpId::new("wwjingxi");
    simulator.admin().unshare_app(APP, &jingxi).unwrap();
    let Event::ShareChainChange(ShareChange { agent_id: Some(app), .. }) = wecom.next().await else {
        panic!("another event");
    };
    let shares = ListAppShareInfo::new(app).business_type(BusinessType::Chain);
    let shares = upstream.list_app_share_info(shares).await.unwrap().corp_list;
    assert!(!shares.is_empty() && shares.iter().all(|share| share.corpid != jingxi));
}
