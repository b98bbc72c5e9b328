//! No cassette, journal, log or page contains a secret, and every recording can be replayed: for random secrets and replies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a failing test panics")]

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use pollster::block_on;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wecom_core::http::Query;
use wecom_core::secret::Redactor;
use wecom_core::token::GetToken;
use wecom_core::{AccessToken, Endpoint, Request, Response, Secret, Transport, TransportError, from_fn};
use wecom_mock::{Cassette, Mock, Player, Recorder};
use wecom_simulator::{Simulator, SimulatorServer, World, WorldApp, WorldChain};
use wecom_upstream::{AgentId, ChainId, CorpId};

const LIST_IDS: Endpoint = Endpoint::post("list_ids", "corpgroup/rule/list_ids");

const WORDS: [&str; 9] = ["test", "chain", "token", "secret", "errcode", "entries", "json", "corpgroup", "list_ids"];

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        select(WORDS.to_vec()).prop_map(str::to_owned),
        "(token|secret|alias|a)-[1-9]",
        "canary(-[a-c]{1,3}){0,3}",
        "[A-Za-z0-9_-]{16,40}",
        "[A-Za-z0-9]{8}[A-Za-z0-9+/=\" %&<]{4,20}[A-Za-z]{4}",
    ]
}

/// Whether a secret must not occur anywhere, because it is neither a word nor an alias.
fn is_distinctive(secret: &str) -> bool {
    secret.len() >= 12 && !WORDS.contains(&secret)
}

/// The forms in which a server may repeat a secret.
fn forms(secret: &str) -> Vec<String> {
    let every_byte = |escape: fn(u8) -> String| secret.bytes().map(escape).collect::<String>();
    let in_json = serde_json::to_string(secret).unwrap();
    vec![
        secret.to_owned(),
        in_json.trim_matches('"').to_owned(),
        in_json.trim_matches('"').replace('/', "\\/"),
        every_byte(|byte| format!("%{byte:02X}")),
        every_byte(|byte| format!("%25{byte:02x}")),
        every_byte(|byte| format!("\\u{byte:04x}")),
        every_byte(|byte| format!("\\\\u{byte:04X}")),
        every_byte(|byte| format!("&#{byte};")),
        every_byte(|byte| format!("&#x{byte:x};")),
        every_byte(|byte| format!("&#{byte}")),
        every_byte(|byte| format!("{byte:02x}")),
        every_byte(|byte| format!("{byte:02X}")),
        STANDARD.encode(secret),
        STANDARD.encode(format!("a:{secret}")),
        URL_SAFE_NO_PAD.encode(format!("b{secret}")),
        form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ]
}

/// The number of forms of a secret, and of places in a body.
const FORMS: usize = 16;
const PLACES: usize = 11;

/// A body that repeats a secret in some place, as JSON if it is valid, otherwise as text.
fn body(form: &str, place: usize) -> String {
    match place % PLACES {
        0 => format!(r#"{{"errcode":0,"access_token":"{form}","expires_in":7200}}"#),
        1 => format!(r#"{{"errcode":40014,"errmsg":"for ?access_token={form}&x=1"}}"#),
        2 => format!(r#"{{"sessionKey":["{form}"],"note":"{form}"}}"#),
        3 => format!(r#"{{"errcode":0,"access\u005ftoken":"{form}","a":{{"list":["x {form} y"]}}}}"#),
        4 => format!("<html>{form}</html>"),
        5 => format!(r#"{{"errcode":0,"access_token":"{form}"#),
        6 => format!(r#"{{"a":"{{\"corpsecret\":\"{form}\"}}"}}"#),
        7 => format!("corpid=ww1&corpsecret={form}"),
        8 => format!(r#"{{"errcode":0,"errmsg":"the access_token {form} is invalid"}}"#),
        9 => format!("\u{feff}{{\"errcode\":0,\"access_token\":\"{form}\",\"note\":\"a\nb\"}}"),
        _ => format!(r#"{{"errcode":0,"{form}":"{form}"}}"#),
    }
}

fn request(endpoint: &'static Endpoint, secrets: &[String], at: usize, body: &Value) -> Request {
    let mut query = Query::new();
    query.push("debug", "1");
    query.push_secret("corpsecret", Secret::new(secrets[(at + 1) % secrets.len()].as_str()));
    let token = AccessToken::new(secrets[at % secrets.len()].as_str());
    Request::new(endpoint).with_query(query).with_token(token).with_body(body.to_string())
}

/// The cassette, written and read again.
fn through_file(cassette: &Cassette) -> Cassette {
    Cassette::from_json(&cassette.to_json().unwrap()).unwrap()
}

fn replay(player: &Player, request: Request) -> Result<Response, TransportError> {
    block_on(Transport::send(player, request))
}

fn assert_no_secret(secrets: &[String], text: &str) {
    for secret in secrets.iter().filter(|secret| is_distinctive(secret)) {
        assert!(!Redactor::new([secret.as_str()]).finds_secret(text), "{secret} is in {text}");
        let mut forms = forms(secret).into_iter();
        assert!(!forms.any(|form| text.contains(&form)), "{secret} is encoded in {text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_cassette_contains_a_secret_and_every_recording_is_replayed(
        secrets in vec(secret(), 1..5),
        others in vec(secret(), 1..5),
        calls in vec((0..5usize, 0..FORMS, 0..PLACES, any::<bool>()), 1..6),
    ) {
        let replies: Vec<_> = calls.iter().map(|&(at, form, place, _)| {
            body(&forms(&secrets[at % secrets.len()])[form], place)
        }).collect();
        let bodies: Vec<_> = calls.iter().enumerate().map(|(number, &(at, .., repeats))| {
            let note = if repeats { secrets[at % secrets.len()].as_str() } else { "nothing" };
            json!({"number": number, "note": format!("of {note}"), "session_key": secrets[0]})
        }).collect();

        let mock = Mock::new();
        for reply in &replies {
            let _ = mock.on_endpoint(&LIST_IDS).raw(reply.clone()).times(1);
        }
        let recorder = Recorder::new(mock.clone());
        for (body, &(at, ..)) in bodies.iter().zip(&calls) {
            block_on(Transport::send(&recorder, request(&LIST_IDS, &secrets, at, body))).unwrap();
        }
        let file = recorder.cassette().to_json().unwrap();
        assert_no_secret(&secrets, &file);
        assert_no_secret(&secrets, &format!("{:?} {recorder:?}", mock.journal()));

        // The replay has another order and other secrets.
        let player = Player::new(through_file(&recorder.cassette()));
        for (body, &(at, ..)) in bodies.iter().zip(&calls).rev() {
            replay(&player, request(&LIST_IDS, &others, at, body)).unwrap();
        }
        player.verify();
        let unmatched = json!({"note": secrets[0], "session_key": secrets[0]});
        let error = replay(&player, request(&LIST_IDS, &secrets, 0, &unmatched)).unwrap_err();
        assert_no_secret(&secrets[..1], &format!("{error} {error:?} {:?}", player.try_verify()));
    }

    #[test]
    fn two_apps_with_the_same_calls_are_replayed_in_any_order(
        secrets in (secret(), secret()).prop_filter("two apps", |(first, second)| first != second),
        recorded in vec(any::<bool>(), 1..12),
        shuffle in any::<u64>(),
    ) {
        let secrets = [secrets.0, secrets.1];
        let request = |secret: &str| {
            let mut query = Query::new();
            query.push_secret("corpsecret", Secret::new(secret));
            Request::new(&LIST_IDS).with_query(query).with_body("{}")
        };
        let number = Arc::new(Mutex::new(0));
        let recorder = Recorder::new(from_fn(move |_| {
            let mut number = number.lock().unwrap();
            *number += 1;
            let reply = Response::new(200, json!({"errcode": 0, "number": *number}).to_string());
            async { Ok(reply) }
        }));
        let mut replies = [Vec::new(), Vec::new()];
        for &app in &recorded {
            let app = usize::from(app);
            let reply = block_on(Transport::send(&recorder, request(&secrets[app]))).unwrap();
            replies[app].push(reply.body().clone());
        }
        let file: Value = serde_json::from_str(&recorder.cassette().to_json().unwrap()).unwrap();
        let player = Player::new(through_file(&recorder.cassette()));
        let mut order: Vec<_> = recorded.iter().enumerate().collect();
        order.sort_by_key(|(at, _)| shuffle.wrapping_mul(*at as u64 + 1) >> 32);
        let mut next = [0, 0];
        for &(at, &app) in &order {
            let alias = file["entries"][at]["request"]["secrets"]["corpsecret"].as_str().unwrap();
            let reply = replay(&player, request(alias)).unwrap();
            let app = usize::from(app);
            prop_assert_eq!(reply.body(), &replies[app][next[app]]);
            next[app] += 1;
        }
        player.verify();
        // The order of the calls does not show which app is meant.
        if replies.iter().all(|replies| !replies.is_empty()) {
            let player = Player::new(through_file(&recorder.cassette()));
            prop_assert!(replay(&player, request("a dummy")).is_err());
            prop_assert!(player.try_verify().is_err());
        }
    }

    #[test]
    fn no_random_reply_fails_a_recording(status in 200..600u16, body in vec(any::<u8>(), 0..200)) {
        let recorder = Recorder::new(from_fn(move |_| {
            let reply = Response::new(status, body.clone());
            async { Ok(reply) }
        }));
        let request = || request(&LIST_IDS, &["canary-canary-canary".to_owned()], 0, &json!({}));
        let reply = block_on(Transport::send(&recorder, request())).unwrap();
        let player = Player::new(through_file(&recorder.cassette()));
        assert_eq!(replay(&player, request()).unwrap().status(), reply.status());
    }
}

/// Percent-encodes every byte.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Sends requests to a server one after the other, and returns what its log records and its page.
async fn log_and_page(simulator: Simulator, requests: &[(String, String)]) -> (String, String) {
    let log = Arc::new(Mutex::new(String::new()));
    let seen = Arc::clone(&log);
    let server = SimulatorServer::bind((Ipv4Addr::LOCALHOST, 0).into(), simulator).await.unwrap();
    let server = server.on_call(move |call| seen.lock().unwrap().push_str(&format!("{call:?}\n")));
    let address = server.address();
    let served = tokio::spawn(server.run(std::future::pending()));
    let mut page = String::new();
    let last = ("GET /".to_owned(), String::new());
    for (target, body) in requests.iter().chain([&last]) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = "host: localhost\r\nconnection: close";
        let request = format!("{target} HTTP/1.1\r\n{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        stream.write_all(request.as_bytes()).await.unwrap();
        page.clear();
        stream.read_to_string(&mut page).await.unwrap();
    }
    served.abort();
    let log = log.lock().unwrap().clone();
    (log, page)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn neither_the_log_nor_the_page_of_the_simulator_contains_a_secret(
        secrets in vec(secret(), 2..4),
        calls in vec((0..4usize, 0..FORMS, 0..PLACES), 1..6),
    ) {
        let app = WorldApp::new(AgentId::new(1), Secret::new(secrets[0].as_str()));
        let chain = WorldChain::new(ChainId::new("Ch1"), "经销商");
        let simulator = Simulator::new(World::new(CorpId::new("wwup")).app(app).chain(chain));
        let issued = block_on(simulator.client().call(GetToken::new(simulator.credentials()))).unwrap().access_token;
        let mut requests: Vec<_> = secrets.iter().map(|secret| {
            (format!("GET /cgi-bin/gettoken?corpid=wwup&corpsecret={}", encoded(secret)), String::new())
        }).collect();
        for (at, form, place) in calls {
            let path = ["corpgroup/corp/get_chain_group", "corpgroup/unknown", "gettoken", "corpgroup/getresult"][at];
            let secret = &secrets[at % secrets.len()];
            for token in [secret.as_str(), issued.expose()] {
                let target = format!("POST /cgi-bin/{path}?access_token={}&debug={}", encoded(token), encoded(secret));
                requests.push((target, body(&forms(secret)[form], place)));
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (log, page) = runtime.block_on(log_and_page(simulator, &requests));
        prop_assert!(log.lines().count() > requests.len() && page.contains("gettoken") && page.ends_with("</html>\n"));
        let all = [secrets, vec![issued.expose().to_owned()]].concat();
        assert_no_secret(&all, &log);
        assert_no_secret(&all, &page);
    }
}
