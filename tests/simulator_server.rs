//! The simulator on a socket: curl, hostile clients, the page with the state of the world, and the log of calls. The scenarios
//! show that the client gets the same replies as in memory.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use wecom_core::{ApiCall, Client, Endpoint, ErrCode, Secret};
use wecom_hyper::HyperTransport;
use wecom_simulator::{ServedCall, Simulator, SimulatorServer, World, WorldApp, WorldChain};
use wecom_tests::programs::is_installed;
use wecom_upstream::calls::{GetChainGroup, GetResult, Group, ImportChainContact, ImportContact, ImportCorp};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

/// A request for the page.
const PAGE: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// A server with the demo world, on a free port.
struct Running {
    address: SocketAddr,
    base_url: String,
    calls: Arc<Mutex<Vec<ServedCall>>>,
    stop: oneshot::Sender<()>,
    ended: tokio::task::JoinHandle<()>,
}

async fn start() -> Running {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&calls);
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), Simulator::demo()).await.unwrap();
    let server = server.on_call(move |call| seen.lock().unwrap().push(call.clone()));
    let (address, base_url) = (server.address(), server.base_url());
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    Running { address, base_url, calls, stop, ended }
}

#[tokio::test]
async fn the_record_of_a_call_has_no_query() {
    let server = start().await;
    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(server.base_url.parse().unwrap())
        .credentials(Simulator::demo().credentials())
        .build();
    let upstream = Upstream::new(client);
    upstream.get_chain_list().await.unwrap();
    let unknown = upstream.get_chain_group(GetChainGroup::new(ChainId::new("nowhere"))).await.unwrap_err();
    assert_eq!(unknown.code(), Some(ErrCode::UNKNOWN_CHAIN));

    let calls = server.calls.lock().unwrap().clone();
    assert_eq!(calls[0].path, "/cgi-bin/gettoken");
    assert!(calls.iter().all(|call| call.status == 200 && !call.path.contains('?')));
    assert_eq!(calls.iter().map(|call| call.errcode).collect::<Vec<_>>(), [Some(0), Some(0), Some(670_002)]);
}

/// The output of curl: the head of the reply and its body.
async fn curl(arguments: &[&str]) -> String {
    let curl = tokio::process::Command::new("curl").args(["--silent", "--include"]).args(arguments).output().await;
    String::from_utf8(curl.unwrap().stdout).unwrap()
}

/// The value of a string field in a reply.
fn field<'a>(reply: &'a str, name: &str) -> &'a str {
    reply.split(&format!("\"{name}\":\"")).nth(1).unwrap().split('"').next().unwrap()
}

#[tokio::test]
async fn curl_gets_a_token_and_makes_the_calls() {
    if !is_installed("curl") {
        return;
    }
    let server = start().await;
    let credentials = Simulator::demo().credentials();
    let (base, corpid, secret) = (&server.base_url, credentials.corp_id(), credentials.secret().expose());
    let reply = curl(&[&format!("{base}gettoken?corpid={corpid}&corpsecret={secret}")]).await;
    let token = field(&reply, "access_token");
    let get = async |path: &str, more: &str| curl(&[&format!("{base}{path}?access_token={token}{more}")]).await;
    let post =
        async |path: &str, body: &str| curl(&["--data", body, &format!("{base}{path}?access_token={token}")]).await;
    let jingxi = r#"{"chain_id":"ChDealers","corpid":"wwjingxi"}"#;
    for (path, body, expected) in [
        ("corp/list_app_share_info", r#"{"agentid":1000002,"business_type":1}"#, "\"ending\":1"),
        ("unionid_to_external_userid", r#"{"unionid":"oUnionChen","openid":"oOpenChen"}"#, "wmChenOfJingxi"),
        ("unionid_to_pending_id", r#"{"unionid":"oUnionChen","openid":"oOpenChen"}"#, "\"pending_id\":\""),
        ("batch/external_userid_to_pending_id", r#"{"external_userid":["wmChenOfJingxi"]}"#, "\"pending_id\":\""),
        ("corp/get_chain_group", r#"{"chain_id":"ChDealers"}"#, "华北区"),
        ("corp/get_chain_corpinfo_list", r#"{"chain_id":"ChDealers","groupid":3}"#, "\"is_joined\":1"),
        ("corp/get_chain_corpinfo", jingxi, "\"is_joined\":true"),
        (
            "corp/get_chain_user_custom_id",
            r#"{"chain_id":"ChDealers","corpid":"wwjingxi","userid":"zhaomin"}"#,
            "\"user_custom_id\":\"1001\"",
        ),
        ("get_corp_shared_chain_list", r#"{"corpid":"wwjingxi"}"#, "全国经销商"),
        ("corp/remove_corp", jingxi, "\"errcode\":0"),
        ("corp/get_chain_corpinfo", jingxi, "\"errcode\":670004"),
    ] {
        let reply = post(&format!("corpgroup/{path}"), body).await;
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains(expected), "{path}: {reply}");
    }
    let reply = get("corpgroup/corp/get_chain_list", "").await;
    assert!(reply.contains("error-code: 0\r\n") && reply.contains("全国经销商"), "{reply}");
    let import = r#"{"chain_id":"ChDealers","contact_list":[{"corp_name":"飞飞培训学校","contact_info_list":[{"name":"张三","identity_type":2,"mobile":"13000000001"}]}]}"#;
    let reply = post("corpgroup/import_chain_contact", import).await;
    let reply = get("corpgroup/getresult", &format!("&jobid={}", field(&reply, "jobid"))).await;
    assert!(reply.contains("\"status\":"), "{reply}");

    let reply = post("corpgroup/corp/get_chain_group", "{oops").await;
    assert!(reply.contains("Warning: wrong json format."), "{reply}");
    let reply = get("corpgroup/corp/get_chain_info", "").await;
    assert!(reply.starts_with("HTTP/1.1 404"), "{reply}");
    let expected = "unknown endpoint: the simulator does not implement GET corpgroup/corp/get_chain_info;";
    assert!(reply.contains(expected) && reply.contains("GET corpgroup/corp/get_chain_list,"), "{reply}");
}

/// A call that the simulator does not implement.
#[derive(Serialize, Deserialize)]
struct Echo {
    text: String,
}

#[derive(Serialize, Deserialize)]
struct EchoReply {
    text: String,
}

impl ApiCall for Echo {
    const ENDPOINT: &'static Endpoint = &const { Endpoint::post("echo", "tools/echo") };
    type Reply = EchoReply;
}

#[tokio::test]
async fn an_added_endpoint_replies_over_a_socket() {
    let simulator = Simulator::demo().respond::<Echo>(|call| Ok(EchoReply { text: call.text.repeat(2) }));
    let credentials = simulator.credentials();
    let address = serve(simulator, |server| server).await;
    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(format!("http://{address}/cgi-bin/").parse().unwrap())
        .credentials(credentials)
        .build();
    assert_eq!(client.call(Echo { text: "ab".to_owned() }).await.unwrap().text, "abab");
}

#[tokio::test]
async fn the_page_shows_the_chains_as_folded_trees() {
    let server = start().await;
    let page = raw(server.address, PAGE).await;
    for expected in ["text/html; charset=utf-8", "全国经销商", "4 个分组", "</html>"] {
        assert!(page.contains(expected), "{page}");
    }
    assert!(!page.contains("华北区"), "{page}");
    let root = group(server.address, "chain_id=ChDealers").await;
    assert!(root.contains("华北区") && root.contains("中原家电配送中心"), "{root}");
    let north = group(server.address, "chain_id=ChDealers&groupid=2").await;
    assert!(north.contains("北京市") && north.contains("未加入") && north.contains("/admin/join_corp"), "{north}");
    let beijing = group(server.address, "chain_id=ChDealers&groupid=3").await;
    assert!(beijing.contains("京西厨卫商贸") && beijing.contains("/admin/remove_corp"), "{beijing}");
    assert!(group(server.address, "chain_id=ChNowhere").await.starts_with("HTTP/1.1 404"));
}

/// The content of a group, as the page loads it.
async fn group(address: SocketAddr, query: &str) -> String {
    let request = format!("GET /page/group?{query} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    raw(address, request.as_bytes()).await
}

#[tokio::test]
async fn the_secret_is_not_on_the_page_and_a_page_of_another_site_does_not_get_it() {
    let server = start().await;
    assert!(!raw(server.address, PAGE).await.contains("demo-secret"));
    let secret = async |site: &str| {
        let head = format!("GET /page/secret HTTP/1.1\r\nhost: localhost\r\nsec-fetch-site: {site}\r\n");
        raw(server.address, format!("{head}connection: close\r\n\r\n").as_bytes()).await
    };
    assert!(secret("same-origin").await.ends_with("demo-secret-of-yunzao"));
    for site in ["cross-site", "same-site", "none"] {
        let refused = secret(site).await;
        assert!(refused.starts_with("HTTP/1.1 403") && !refused.contains("demo-secret"), "{refused}");
    }
}

#[tokio::test]
async fn requests_of_the_script_are_not_recorded() {
    let server = start().await;
    group(server.address, "chain_id=ChDealers").await;
    raw(server.address, PAGE).await;
    let paths: Vec<_> = server.calls.lock().unwrap().iter().map(|call| call.path.clone()).collect();
    assert_eq!(paths, ["/"]);
}

/// A server with a configuration.
async fn serve(simulator: Simulator, configure: impl FnOnce(SimulatorServer) -> SimulatorServer) -> SocketAddr {
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator).await.unwrap();
    let address = server.address();
    tokio::spawn(configure(server).run(std::future::pending()));
    address
}

#[tokio::test]
async fn the_page_shows_a_tree_of_100_000_nested_groups() {
    let groups = (2..100_000).map(|id| Group::new(GroupId::new(id), format!("级{id}"), GroupId::new(id - 1)));
    let chain = groups.fold(WorldChain::new(ChainId::new("Ch1"), "经销商"), WorldChain::group);
    let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
    let world = World::new(CorpId::new("wwup")).app(app).chain(chain);
    let address = serve(Simulator::new(world), |server| server).await;
    let page = raw(address, PAGE).await;
    assert!(page.len() < 100_000 && page.contains("99998 个分组"), "{page}");
    assert!(group(address, "chain_id=Ch1&groupid=99998").await.contains("级99999 "));
}

#[tokio::test]
async fn names_cannot_change_the_direction_of_the_text_or_add_elements_on_the_page() {
    let chain = WorldChain::new(ChainId::new("Ch1"), "a\u{202e}b\u{85}c<script>");
    let app = WorldApp::new(AgentId::new(1), Secret::new("the-secret"));
    let world = World::new(CorpId::new("wwup")).app(app).chain(chain);
    let page = raw(serve(Simulator::new(world), |server| server).await, PAGE).await;
    assert!(page.contains("a\u{fffd}b\u{fffd}c&lt;script&gt;"), "{page}");
}

#[tokio::test]
async fn the_record_of_a_call_has_no_control_characters() {
    let server = start().await;
    let path = "/cgi-bin/a\u{85}b\u{202e}c%0d企";
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(raw(server.address, request.as_bytes()).await.starts_with("HTTP/1.1 404"));
    let calls = server.calls.lock().unwrap().clone();
    assert_eq!(calls[0].path, "/cgi-bin/a%C2%85b%E2%80%AEc%0d%E4%BC%81");
}

#[tokio::test]
async fn a_client_that_never_reads_loses_its_connection() {
    let limit = Duration::from_millis(200);
    let address = serve(Simulator::demo(), |server| server.max_connections(1).io_timeout(limit)).await;
    // It requests pages without reading any, until the server does not read either and its connection is closed.
    let mut hostile = TcpStream::connect(address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n".repeat(1000);
    let flood = async { while hostile.write_all(&request).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(60), flood).await.unwrap();
    let page = tokio::time::timeout(Duration::from_secs(60), raw(address, PAGE)).await.unwrap();
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[tokio::test]
async fn a_request_for_an_unknown_host_is_rejected() {
    let address = serve(Simulator::demo(), |server| server.allow_host("wecom-sim")).await;
    let status = async |head: &str| {
        let reply = raw(address, format!("{head}connection: close\r\n\r\n").as_bytes()).await;
        reply.split(' ').nth(1).unwrap().to_owned()
    };
    for host in ["127.0.0.1", "localhost:8900", "[::1]:1", "wecom-sim:8900"] {
        assert_eq!(status(&format!("GET / HTTP/1.1\r\nhost: {host}\r\n")).await, "200", "{host}");
    }
    for path in ["/", "/cgi-bin/gettoken"] {
        assert_eq!(status(&format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\n")).await, "421");
    }
    assert_eq!(status("GET http://evil.example/ HTTP/1.1\r\nhost: localhost\r\n").await, "421");
}

#[tokio::test]
async fn the_page_shows_the_last_jobs_and_calls_without_their_values() {
    let server = start().await;
    let page = async || raw(server.address, PAGE).await;
    assert_eq!(page().await.matches("暂无。").count(), 3);

    let client = Client::builder(HyperTransport::new().unwrap())
        .base_url(server.base_url.parse().unwrap())
        .credentials(Simulator::demo().credentials())
        .build();
    let upstream = Upstream::new(client);
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    let dealers = ChainId::new("ChDealers");
    let job = upstream.import_chain_contact(ImportChainContact::new(&dealers, [corp])).await.unwrap().jobid;
    for _ in 0..3 {
        upstream.get_result(GetResult::new(&job)).await.unwrap();
    }
    upstream.get_chain_group(GetChainGroup::new(ChainId::new("nowhere"))).await.unwrap_err();
    let shown = page().await;
    let row = format!("<td><code>{job}</code><td><code>ChDealers</code><td><span lang=en>finished</span>");
    assert!(shown.contains(&row), "{shown}");
    let latest = |page: &str| page.split("最近调用").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
    let calls = latest(&shown);
    assert!(calls.find("670002").unwrap() < calls.find("import_chain_contact").unwrap(), "{calls}");
    assert!(calls.contains("get_result<td><code></code><td>0<td>×3") && calls.contains("<tr class=error>"), "{calls}");
    assert_eq!(calls.matches("<tr").count(), 5, "a head, and one row for equal calls in a row: {calls}");
    for secret in ["access_token", "demo-secret", "13000000001", "张三"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }

    for _ in 0..20 {
        upstream.get_chain_list().await.unwrap();
        upstream.get_chain_group(GetChainGroup::new(&dealers)).await.unwrap();
    }
    let calls = latest(&page().await);
    assert_eq!(calls.matches("<tr><td>").count(), 20);
    assert!(calls.contains("get_chain_group<td><code>ChDealers</code>"), "{calls}");
}

#[tokio::test]
async fn a_call_with_the_wrong_http_method_is_refused_without_a_token_too() {
    let server = start().await;
    for (method, path, code) in [
        ("POST", "gettoken", 43001),
        ("POST", "corpgroup/corp/get_chain_list", 43001),
        ("DELETE", "corpgroup/getresult", 43001),
        ("GET", "corpgroup/corp/get_chain_group", 43002),
        ("PUT", "corpgroup/corp/remove_corp", 43002),
    ] {
        let request = format!(
            "{method} /cgi-bin/{path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let reply = raw(server.address, request.as_bytes()).await;
        assert!(reply.starts_with("HTTP/1.1 200 OK"), "{reply}");
        assert!(reply.contains(&format!("{{\"errcode\":{code},\"errmsg\":\"require ")), "{reply}");
    }
    let unknown =
        raw(server.address, b"PUT /cgi-bin/nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await;
    assert!(unknown.starts_with("HTTP/1.1 404"), "{unknown}");
}

/// Sends bytes, closes the sending half, and reads the whole reply.
async fn raw(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let _ = stream.write_all(bytes).await;
    let _ = stream.shutdown().await;
    let mut reply = Vec::new();
    let _ = stream.read_to_end(&mut reply).await;
    String::from_utf8_lossy(&reply).into_owned()
}

#[tokio::test]
async fn hostile_clients_do_not_affect_others() {
    let server = start().await;
    let post = "POST /cgi-bin/corpgroup/corp/get_chain_group HTTP/1.1\r\nhost: localhost\r\n";
    let too_large = format!("{post}content-length: 99999999999\r\n\r\n{}", "x".repeat(3 << 20));
    let endless = format!("{post}transfer-encoding: chunked\r\n\r\n{}", "100000\r\n".to_owned() + &"x".repeat(3 << 20));
    let long_head = format!("GET /{} HTTP/1.1\r\nhost: localhost\r\n\r\n", "x".repeat(1 << 20));
    let half = format!("{post}content-length: 100\r\n\r\n{{\"chain");
    for bytes in [
        b"\x16\x03\x01\x02\x00\x01\x00".as_slice(),
        b"GET\r\n\r\n",
        b"\r\n\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"",
        too_large.as_bytes(),
        endless.as_bytes(),
        long_head.as_bytes(),
        half.as_bytes(),
    ] {
        let reply = raw(server.address, bytes).await;
        assert!(reply.is_empty() || reply.starts_with("HTTP/1.1 4"), "{reply}");
    }
    let page = raw(server.address, PAGE).await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[tokio::test]
async fn it_stops_on_the_stop_signal() {
    let server = start().await;
    let idle = TcpStream::connect(server.address).await.unwrap();
    server.stop.send(()).unwrap();
    server.ended.await.unwrap();
    drop(idle);
    assert!(TcpStream::connect(server.address).await.is_err());
}

#[tokio::test]
async fn it_stops_while_its_connection_limit_is_reached() {
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), Simulator::demo()).await.unwrap();
    let address = server.address();
    let server = server.max_connections(1);
    let (stop, stopped) = oneshot::channel::<()>();
    let ended = tokio::spawn(server.run(async {
        let _ = stopped.await;
    }));
    // The reply shows that this connection takes the only permit. It stays open.
    let mut taken = TcpStream::connect(address).await.unwrap();
    taken.write_all(b"GET /nothing HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(taken.read(&mut [0; 64]).await.unwrap() > 0);
    let _waiting = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(20), ended).await.unwrap().unwrap();
}
