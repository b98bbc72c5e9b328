//! Another implementation of the vendor's encryption opens the messages of `wecom-callback`, and vice versa.
//!
//! `.ci/callback-interop` runs it: `callback_interop COUNT COMMAND...`. The command is a peer that answers each line of JSON
//! with a line of JSON. Keys, receive ids and contents are random. The program prints the seed, and `SEED` sets it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, clippy::panic, reason = "a test program")]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde_json::{Value, json};
use wecom_callback::{
    CallbackKeys, CallbackRequest, Channel, Event, Member, Message, Query, RandomBytes, Receiver, Sender, TextMessage,
};
use wecom_core::ids::{AgentId, CorpId, UserId};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let count: usize = arguments.next().unwrap().parse().unwrap();
    let seed = std::env::var("SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    println!("SEED={seed}");
    let mut peer = Peer::start(arguments.collect());
    let mut random = Rng::with_seed(seed);
    for _ in 0..count {
        let setup = Setup::random(&mut random);
        setup.peer_checks_url(&mut peer);
        setup.peer_opens_request(&mut peer);
        setup.peer_opens_reply(&mut peer);
        setup.we_open(&mut peer);
    }
    peer.finish();
    println!("{count} messages in each direction, {count} URL checks, {count} replies");
}

/// The keys, the receive id and the content of one message.
struct Setup {
    token: String,
    encoding_aes_key: String,
    receive_id: String,
    content: String,
    now: SystemTime,
    random: [u8; 24],
}

impl Setup {
    fn random(random: &mut Rng) -> Self {
        let seconds = random.u64(1_000_000_000..4_000_000_000);
        let mut bytes = [0; 24];
        random.fill(&mut bytes);
        let token_length = random.usize(1..=32);
        Self {
            token: alphanumeric(random, token_length),
            encoding_aes_key: alphanumeric(random, 43),
            receive_id: format!("ww{}", alphanumeric(random, 16)),
            content: content(random),
            now: SystemTime::UNIX_EPOCH + Duration::from_secs(seconds),
            random: bytes,
        }
    }

    fn keys(&self) -> CallbackKeys {
        CallbackKeys::new(&self.token, &self.encoding_aes_key).unwrap()
    }

    fn receiver(&self) -> Receiver {
        Receiver::new(Channel::app(self.keys(), self.receive_id.as_str()))
    }

    fn sender(&self) -> Sender {
        Sender::app(self.keys(), self.receive_id.as_str())
    }

    fn event(&self) -> Event {
        let member = Member::new(CorpId::new(&self.receive_id), UserId::new("zhangsan"), AgentId::new(1_000_002));
        Event::Text(TextMessage::new(member, 4_561_255_354_251_345_929, &self.content))
    }

    fn request(&self) -> CallbackRequest {
        self.sender().request(&self.event(), self.now, RandomBytes::new(self.random)).unwrap()
    }

    fn task(&self, operation: &str, fields: &[(&str, &str)]) -> Value {
        let mut task = json!({
            "operation": operation,
            "token": self.token,
            "encoding_aes_key": self.encoding_aes_key,
            "receive_id": self.receive_id,
        });
        for (name, value) in fields {
            task[*name] = Value::from(*value);
        }
        task
    }

    fn peer_checks_url(&self, peer: &mut Peer) {
        let check = self.sender().url_check(&self.content, self.now, RandomBytes::new(self.random)).unwrap();
        let parameters = parameters(check.query());
        let fields: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(peer.ask(&self.task("check_url", &fields))["message"], self.content);
    }

    fn peer_opens_request(&self, peer: &mut Peer) {
        let request = self.request();
        let message = self.receiver().open(request.query(), request.body(), self.now).unwrap();
        let parameters = parameters(request.query());
        let body = std::str::from_utf8(request.body()).unwrap();
        let mut fields: Vec<_> = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fields.push(("body", body));
        let answer = peer.ask(&self.task("open", &fields));
        assert_eq!(answer["message"], message.message().as_str());
        assert_eq!(answer["content"], self.content);
    }

    fn peer_opens_reply(&self, peer: &mut Peer) {
        let request = self.request();
        let callback = self.receiver().open(request.query(), request.body(), self.now).unwrap();
        let reply = callback.reply_text(&self.content, self.now, RandomBytes::new(self.random)).unwrap();
        let envelope = Message::parse(reply.body()).unwrap();
        let text = |name: &str| envelope.root().child(name).unwrap().text().into_owned();
        let (signature, timestamp, nonce) = (text("MsgSignature"), text("TimeStamp"), text("Nonce"));
        let fields =
            [("msg_signature", &*signature), ("timestamp", &*timestamp), ("nonce", &*nonce), ("body", reply.body())];
        assert_eq!(peer.ask(&self.task("open", &fields))["content"], self.content);
    }

    fn we_open(&self, peer: &mut Peer) {
        let request = self.request();
        let message = self.receiver().open(request.query(), request.body(), self.now).unwrap();
        let timestamp = self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs().to_string();
        let fields =
            [("message", message.message().as_str()), ("timestamp", &timestamp), ("nonce", "VHh7ymSeb0jc4lSb")];
        let answer = peer.ask(&self.task("seal", &fields));
        let signature = answer["msg_signature"].as_str().unwrap();
        let query = Query::from_decoded([
            ("msg_signature", signature),
            ("timestamp", &timestamp),
            ("nonce", "VHh7ymSeb0jc4lSb"),
        ]);
        let callback = self.receiver().open(query, answer["body"].as_str().unwrap().as_bytes(), self.now).unwrap();
        assert_eq!(callback.event(), self.event());
    }
}

fn parameters(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn alphanumeric(random: &mut Rng, length: usize) -> String {
    (0..length).map(|_| random.alphanumeric()).collect()
}

/// Up to 2,048 characters that XML allows, without white space at either end, which wechatpy trims.
fn content(random: &mut Rng) -> String {
    const PIECES: [&str; 12] = ["a", "7", "<", ">", "&", "]]>", "]", "\"", "企业", "微信", "😀", "é"];
    let length = random.usize(1..=2048) >> random.usize(0..11);
    (0..length.max(1)).map(|_| PIECES.get(random.usize(..PIECES.len())).copied().unwrap_or_default()).collect()
}

/// A process that answers a line for each line.
struct Peer {
    child: Child,
    tasks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Peer {
    fn start(command: Vec<String>) -> Self {
        let (program, arguments) = command.split_first().unwrap();
        let mut child =
            Command::new(program).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (tasks, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, tasks, answers: BufReader::new(answers) }
    }

    fn ask(&mut self, task: &Value) -> Value {
        writeln!(self.tasks, "{task}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("the peer answered no JSON: {error}"))
    }

    fn finish(mut self) {
        drop(self.tasks);
        assert!(self.child.wait().unwrap().success());
    }
}
