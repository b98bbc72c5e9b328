//! Another client makes every call to the server of `wecom-sim`, and gets the replies that ours gets.
//!
//! `.ci/foreign-clients` runs it: `foreign_clients COMMAND...`. The command is a client that makes the call of each task, a line
//! of JSON, and answers with a line of JSON. The client finds `BASE_URL`, `CORP_ID` and `CORP_SECRET` in its environment.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, clippy::panic, reason = "a test program")]

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::net::Ipv4Addr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wecom_core::endpoint::Method;
use wecom_core::http::Query;
use wecom_core::token::{CORP_GET_TOKEN, GetToken};
use wecom_core::{AccessToken, Endpoint, Request, Transport};
use wecom_mock::ManualTimer;
use wecom_simulator::{Simulator, SimulatorServer};
use wecom_upstream::calls::{
    ADD_RULE, APPLY_MASS_CALL_TICKET, DELETE_RULE, EXTERNAL_USERID_TO_PENDING_ID, GET_CHAIN_CORPINFO,
    GET_CHAIN_CORPINFO_LIST, GET_CHAIN_GROUP, GET_CHAIN_LIST, GET_CHAIN_USER_CUSTOM_ID, GET_CORP_SHARED_CHAIN_LIST,
    GET_RESULT, GET_RULE_INFO, IMPORT_CHAIN_CONTACT, LIST_APP_SHARE_INFO, LIST_RULE_IDS, MODIFY_RULE, REMOVE_CORP,
    TRANSFER_SESSION, UNIONID_TO_EXTERNAL_USERID, UNIONID_TO_PENDING_ID,
};
use wecom_upstream::{DOWNSTREAM_ENDPOINTS, ENDPOINTS};

/// The validity of a token.
const VALIDITY: Duration = Duration::from_secs(7200);

fn main() {
    let mut comparison = Comparison::start(std::env::args().skip(1).collect());
    comparison.make_every_call();
    comparison.renew("40014", |comparison| comparison.theirs.revoke_tokens());
    comparison.renew("42001", |comparison| comparison.timer.advance(VALIDITY));
    comparison.finish();
}

/// A call of the peer: the last part of the path, and the `errcode`.
type Served = (String, Option<i64>);

/// A foreign client with its simulator, and a simulator in the same state for our client.
struct Comparison {
    peer: Peer,
    theirs: Simulator,
    ours: Simulator,
    our_token: AccessToken,
    timer: ManualTimer,
    served: Arc<Mutex<Vec<Served>>>,
    called: HashSet<&'static str>,
    calls: usize,
    agreements: usize,
    /// Runs the server until it is dropped.
    _runtime: Runtime,
}

impl Comparison {
    fn start(command: Vec<String>) -> Self {
        let timer = ManualTimer::new();
        let simulator = || Simulator::demo().on_timer(timer.clone());
        let (theirs, ours) = (simulator(), simulator());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let served = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&served);
        let server = runtime.block_on(SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), theirs.clone())).unwrap();
        let server = server.on_call(move |call| {
            let name = call.path.rsplit('/').next().unwrap_or_default().to_owned();
            log.lock().unwrap().push((name, call.errcode));
        });
        let peer = Peer::start(&command, &server.base_url(), &theirs);
        runtime.spawn(server.run(std::future::pending()));
        let client = ours.client();
        let our_token = pollster::block_on(client.call(GetToken::new(ours.credentials()))).unwrap().access_token;
        let (called, calls, agreements) = (HashSet::new(), 0, 0);
        Self { peer, theirs, ours, our_token, timer, served, called, calls, agreements, _runtime: runtime }
    }

    fn make_every_call(&mut self) {
        for (endpoint, parameters) in reads() {
            self.call(endpoint, &parameters);
        }
        for (endpoint, parameters) in changes() {
            self.call(endpoint, &parameters);
        }
        self.import();
        self.call_downstream();
        let all: HashSet<_> = ENDPOINTS.iter().chain(DOWNSTREAM_ENDPOINTS).chain(&[&CORP_GET_TOKEN]).collect();
        let missing: Vec<_> = all.iter().filter(|endpoint| !self.called.contains(endpoint.name())).collect();
        assert!(missing.is_empty(), "not called: {missing:?}");
    }

    fn import(&mut self) {
        let contact = json!({"name": "张三", "identity_type": 1, "mobile": "13000000001"});
        let corp =
            |name: &str| json!({"corp_name": name, "group_path": "华北区/天津市", "contact_info_list": [contact]});
        let import = json!({"chain_id": "ChDealers", "contact_list": [corp("津门电器"), corp("a!b")]});
        let jobid = self.call(&IMPORT_CHAIN_CONTACT, &import)["jobid"].clone();
        for _ in 0..3 {
            self.call(&GET_RESULT, &json!({"jobid": jobid}));
            self.timer.advance(Duration::from_secs(3));
        }
        self.call(&GET_RESULT, &json!({"jobid": "job-unknown"}));
    }

    /// Makes the calls with a downstream corp's token. A session key is the same for the same session and corp.
    fn call_downstream(&mut self) {
        let corp = json!({"corpid": "wwjingxi", "agentid": 1_000_011, "business_type": 1});
        let token = self.call(&CORP_GET_TOKEN, &corp)["access_token"].as_str().unwrap().to_owned();
        let session = json!({"userid": "woZhaomin", "session_key": "demo-session-key-of-zhaomin"});
        self.call_with(&TRANSFER_SESSION, &session, Some(&token));
        self.call_with(&EXTERNAL_USERID_TO_PENDING_ID, &json!({"external_userid": ["wmChenOfJingxi"]}), Some(&token));
    }

    /// Makes the next call of the peer fail with a code, after which the peer fetches a token and repeats the call.
    fn renew(&mut self, code: &str, invalidate: impl Fn(&Self)) {
        invalidate(self);
        self.our_token = {
            let client = self.ours.client();
            pollster::block_on(client.call(GetToken::new(self.ours.credentials()))).unwrap().access_token
        };
        self.served.lock().unwrap().clear();
        self.call(&GET_CHAIN_LIST, &json!({}));
        let served = std::mem::take(&mut *self.served.lock().unwrap());
        let renewed = [
            ("get_chain_list".to_owned(), code.parse().ok()),
            ("gettoken".to_owned(), Some(0)),
            ("get_chain_list".to_owned(), Some(0)),
        ];
        assert_eq!(served, renewed);
        println!("{code}: one new token, and the call repeated");
    }

    fn call(&mut self, endpoint: &'static Endpoint, parameters: &Value) -> Value {
        self.call_with(endpoint, parameters, None)
    }

    /// Lets both clients make a call. Returns the reply to the peer.
    fn call_with(&mut self, endpoint: &'static Endpoint, parameters: &Value, token: Option<&str>) -> Value {
        let task = json!({
            "method": endpoint.method().as_str(), "path": endpoint.path(), "parameters": parameters, "token": token,
        });
        let theirs = self.peer.ask(&task);
        let ours = self.our_reply(endpoint, parameters, token);
        self.called.insert(endpoint.name());
        self.calls += 1;
        if comparable(&theirs) == comparable(&ours) {
            self.agreements += 1;
        } else {
            println!("{endpoint} {parameters}\n  theirs: {theirs}\n  ours:   {ours}");
        }
        theirs
    }

    /// The reply of the other simulator. Both issue the same tokens, so the token of a downstream corp is valid there too.
    fn our_reply(&self, endpoint: &'static Endpoint, parameters: &Value, token: Option<&str>) -> Value {
        let token = token.map_or_else(|| self.our_token.clone(), AccessToken::new);
        let request = Request::new(endpoint).with_token(token);
        let request = match endpoint.method() {
            Method::Get => {
                let mut query = Query::new();
                if let Some(jobid) = parameters["jobid"].as_str() {
                    query.push("jobid", jobid);
                }
                request.with_query(query)
            }
            _ => request.with_body(parameters.to_string()),
        };
        let reply = pollster::block_on(Transport::send(&self.ours, request)).unwrap();
        serde_json::from_slice(reply.body()).unwrap()
    }

    fn finish(self) {
        self.peer.finish();
        println!("{} calls, {} agreements", self.calls, self.agreements);
        assert_eq!(self.calls, self.agreements);
    }
}

/// What must be equal: the whole reply of a successful call, the code of a refused one. The error texts contain numbers of the
/// simulator's calls.
fn comparable(reply: &Value) -> Value {
    if reply["errcode"] == 0 { reply.clone() } else { reply["errcode"].clone() }
}

/// Calls that change nothing, with the documented types and with those that other clients send, and some that are refused.
fn reads() -> Vec<(&'static Endpoint, Value)> {
    let (dealers, jingxi) = ("ChDealers", "wwjingxi");
    let user = json!({"unionid": "oUnionChen", "openid": "oOpenChen"});
    vec![
        (&GET_CHAIN_LIST, json!({})),
        (&APPLY_MASS_CALL_TICKET, json!({})),
        (&LIST_APP_SHARE_INFO, json!({"agentid": 1_000_002, "business_type": 1, "limit": 2})),
        (&LIST_APP_SHARE_INFO, json!({"agentid": "1000002", "business_type": "1"})),
        (&LIST_APP_SHARE_INFO, json!({"agentid": 7})),
        (&GET_CHAIN_GROUP, json!({"chain_id": dealers})),
        (&GET_CHAIN_GROUP, json!({"chain_id": dealers, "groupid": "2"})),
        (&GET_CHAIN_GROUP, json!({"chain_id": "ChNowhere"})),
        (&GET_CHAIN_CORPINFO_LIST, json!({"chain_id": dealers, "groupid": 2, "need_pending": true, "limit": 1})),
        (&GET_CHAIN_CORPINFO_LIST, json!({"chain_id": dealers, "groupid": "2", "need_pending": 1})),
        (&GET_CHAIN_CORPINFO_LIST, json!({"chain_id": dealers, "groupid": 0})),
        (&GET_CHAIN_CORPINFO, json!({"chain_id": dealers, "corpid": jingxi})),
        (&GET_CHAIN_CORPINFO, json!({"chain_id": dealers, "pending_corpid": "wpjinyang"})),
        (&GET_CHAIN_CORPINFO, json!({"chain_id": dealers})),
        (&GET_CHAIN_USER_CUSTOM_ID, json!({"chain_id": dealers, "corpid": jingxi, "userid": "zhaomin"})),
        (&GET_CORP_SHARED_CHAIN_LIST, json!({"corpid": jingxi})),
        (&UNIONID_TO_EXTERNAL_USERID, user.clone()),
        (&UNIONID_TO_PENDING_ID, user),
        (&EXTERNAL_USERID_TO_PENDING_ID, json!({"external_userid": ["wmChenOfJingxi", "wmLiuOfJingxi"]})),
    ]
}

fn changes() -> Vec<(&'static Endpoint, Value)> {
    let member = json!({"groupids": ["2"], "corpids": ["wwjingxi"]});
    let rule = json!({"owner_corp_range": {"userids": ["linfang"]}, "member_corp_range": member});
    let of = |rule_id: Value| json!({"chain_id": "ChDealers", "rule_id": rule_id});
    vec![
        (&ADD_RULE, json!({"chain_id": "ChDealers", "rule_info": rule})),
        (&LIST_RULE_IDS, json!({"chain_id": "ChDealers"})),
        (&GET_RULE_INFO, of(json!(1))),
        (&MODIFY_RULE, json!({"chain_id": "ChDealers", "rule_id": 1, "rule_info": rule})),
        (&DELETE_RULE, of(json!("1"))),
        (&GET_RULE_INFO, of(json!(1))),
        (&REMOVE_CORP, json!({"chain_id": "ChDealers", "corpid": "wwjibei"})),
        (&REMOVE_CORP, json!({"chain_id": "ChDealers", "corpid": "wwjibei"})),
    ]
}

/// A process that makes a call for each line.
struct Peer {
    child: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(command: &[String], base_url: &str, simulator: &Simulator) -> Self {
        let (program, arguments) = command.split_first().unwrap();
        let credentials = simulator.credentials();
        let mut child = Command::new(program)
            .args(arguments)
            .env("BASE_URL", base_url)
            .env("CORP_ID", credentials.corp_id())
            .env("CORP_SECRET", credentials.secret().expose())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (tasks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, tasks, answers: BufReader::new(answers) }
    }

    fn ask(&mut self, task: &Value) -> Value {
        writeln!(self.tasks, "{task}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the client answered no JSON: {error}"))
    }

    fn finish(mut self) {
        drop(self.tasks);
        assert!(self.child.wait().unwrap().success());
    }
}
