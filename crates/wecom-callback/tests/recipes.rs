//! The example servers, over sockets on loopback: both pass the same checks.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failing test panics")]
#![allow(clippy::disallowed_methods, reason = "a server reads the clock")]

#[path = "../examples/callback_axum.rs"]
#[allow(dead_code, unreachable_pub, reason = "an example")]
mod callback_axum;
#[path = "../examples/callback_hyper.rs"]
#[allow(dead_code, unreachable_pub, reason = "an example")]
mod callback_hyper;

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use wecom_callback::{
    CallbackKeys, CallbackRequest, ChainChange, ChangeChain, Channel, Event, RandomBytes, Receiver, Sender,
};
use wecom_core::ids::{ChainId, CorpId};

const CORP: &str = "ww1234567890abcdef";

fn keys() -> CallbackKeys {
    CallbackKeys::new("QDG6eK", "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C").unwrap()
}

/// A running server, and the events that it has processed.
struct Server {
    address: SocketAddr,
    processed: mpsc::UnboundedReceiver<Event>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<std::io::Result<()>>,
}

macro_rules! start {
    ($recipe:ident) => {{
        let (sender, processed) = mpsc::unbounded_channel();
        start!($recipe, processed, move |event| sender.send(event).unwrap())
    }};
    ($recipe:ident, $processed:ident, $work:expr) => {{
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let receiver = Receiver::new(Channel::app(keys(), CORP));
        let until = async move { stopped.await.unwrap_or_default() };
        let task = tokio::spawn($recipe::serve(listener, receiver, until, $work));
        Server { address, processed: $processed, stop, task }
    }};
}

fn joined(corp: &str) -> Event {
    Event::ChangeChain(ChangeChain::new(ChainId::new("ChDealers"), ChainChange::CorpJoin(vec![CorpId::new(corp)])))
}

fn sent(event: &Event, random: u8) -> CallbackRequest {
    Sender::app(keys(), CORP).request(event, SystemTime::now(), RandomBytes::new([random; 24])).unwrap()
}

/// A request that closes its connection.
fn http(method: &str, query: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "{method} /wecom/callback?{query} HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// The status and the body of the reply.
async fn reply(mut stream: TcpStream) -> (u16, String) {
    let mut reply = Vec::new();
    // The status arrives even if the connection is reset after it.
    let _ = stream.read_to_end(&mut reply).await;
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{reply:?}"));
    (status, body.to_owned())
}

impl Server {
    async fn call(&self, request: &[u8]) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // A server that refuses a body may close the connection before it has read all of it.
        let _ = stream.write_all(request).await;
        reply(stream).await
    }

    async fn post(&self, request: &CallbackRequest) -> (u16, String) {
        self.call(&http("POST", request.query(), request.body())).await
    }
}

async fn the_url_check_is_answered(server: &Server) {
    let random = RandomBytes::new([1; 24]);
    let check = Sender::app(keys(), CORP).url_check("1616140317555161061", SystemTime::now(), random).unwrap();
    assert_eq!(server.call(&http("GET", check.query(), b"")).await, (200, "1616140317555161061".to_owned()));
    assert_eq!(server.call(&http("GET", "msg_signature=0", b"")).await, (400, String::new()));
}

async fn each_event_is_handled_once(server: &mut Server) {
    let first = joined("wwtaihu");
    for attempt in 1..=3 {
        assert_eq!(server.post(&sent(&first, attempt)).await, (200, String::new()));
    }
    let second = joined("wwdongting");
    assert_eq!(server.post(&sent(&second, 4)).await, (200, String::new()));
    assert_eq!([server.processed.recv().await, server.processed.recv().await], [Some(first), Some(second)]);
    assert!(server.processed.try_recv().is_err());
}

async fn forged_replayed_and_oversize_requests_are_refused(server: &mut Server) {
    let request = sent(&joined("wwforged"), 1);
    let forged = request.query().replace("nonce=", "nonce=1");
    assert_eq!(server.call(&http("POST", &forged, request.body())).await, (403, String::new()));
    let earlier = SystemTime::now() - Duration::from_secs(3600);
    let replayed = Sender::app(keys(), CORP).request(&joined("wwold"), earlier, RandomBytes::new([1; 24])).unwrap();
    assert_eq!(server.post(&replayed).await, (403, String::new()));
    let oversize = vec![b'a'; Receiver::DEFAULT_BODY_LIMIT + 1];
    assert_eq!(server.call(&http("POST", request.query(), &oversize)).await.0, 413);
    assert!(server.processed.try_recv().is_err());
}

/// A request under way when the server stops is answered, and its event is processed.
async fn stopping_loses_no_event(mut server: Server) {
    let request = sent(&joined("wwlate"), 1);
    let bytes = http("POST", request.query(), request.body());
    let (first, rest) = bytes.split_at(bytes.len() - 10);
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(first).await.unwrap();
    // A request on a later connection is answered, so the server has accepted the earlier connection.
    assert_eq!(server.post(&sent(&joined("wwmarker"), 2)).await.0, 200);
    server.stop.send(()).unwrap();
    stream.write_all(rest).await.unwrap();
    assert_eq!(reply(stream).await, (200, String::new()));
    server.task.await.unwrap().unwrap();
    let mut processed = Vec::new();
    while let Some(event) = server.processed.recv().await {
        processed.push(event);
    }
    assert_eq!(processed, [joined("wwmarker"), joined("wwlate")]);
    assert!(TcpStream::connect(server.address).await.is_err());
}

/// Clients that send only a part of a head or of a body do not keep the server from stopping.
async fn half_sent_requests_do_not_keep_the_server_running(mut server: Server) {
    let request = sent(&joined("wwhalf"), 1);
    let bytes = http("POST", request.query(), request.body());
    let mut clients = Vec::new();
    let (half, _) = bytes.split_at(bytes.len() - 10);
    for sent in [&b""[..], b"POST /wecom/callback?msg_sig", half] {
        let mut client = TcpStream::connect(server.address).await.unwrap();
        client.write_all(sent).await.unwrap();
        clients.push(client);
    }
    assert_eq!(server.post(&sent(&joined("wwmarker"), 2)).await.0, 200);
    server.stop.send(()).unwrap();
    // From here on, time passes as soon as nothing else can happen.
    tokio::time::pause();
    server.task.await.unwrap().unwrap();
    assert_eq!(server.processed.recv().await, Some(joined("wwmarker")));
}

/// A client that stops in the middle of a body gets an answer, and its connection ends.
async fn a_request_that_does_not_arrive_in_time_is_refused(server: &Server) {
    let request = sent(&joined("wwslow"), 1);
    let bytes = http("POST", request.query(), request.body());
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let (half, _) = bytes.split_at(bytes.len() - 10);
    client.write_all(half).await.unwrap();
    assert_eq!(server.post(&sent(&joined("wwmarker"), 2)).await.0, 200);
    tokio::time::pause();
    assert_eq!(reply(client).await.0, 408);
    tokio::time::resume();
}

/// A server whose worker has panicked would answer 503 for ever.
async fn a_panic_of_the_worker_ends_the_server(server: Server) {
    assert_eq!(server.post(&sent(&joined("wwbug"), 1)).await.0, 200);
    assert!(server.task.await.unwrap().is_err());
    assert!(TcpStream::connect(server.address).await.is_err());
}

async fn assert_complete(mut server: Server) {
    the_url_check_is_answered(&server).await;
    each_event_is_handled_once(&mut server).await;
    forged_replayed_and_oversize_requests_are_refused(&mut server).await;
    stopping_loses_no_event(server).await;
}

#[tokio::test]
async fn the_axum_recipe_is_complete() {
    assert_complete(start!(callback_axum)).await;
}

#[tokio::test]
async fn the_hyper_recipe_is_complete() {
    assert_complete(start!(callback_hyper)).await;
}

#[tokio::test]
async fn the_axum_recipe_stops_although_clients_have_sent_only_a_part_of_a_request() {
    half_sent_requests_do_not_keep_the_server_running(start!(callback_axum)).await;
}

#[tokio::test]
async fn the_axum_recipe_refuses_a_request_that_does_not_arrive_in_time() {
    a_request_that_does_not_arrive_in_time_is_refused(&start!(callback_axum)).await;
}

#[tokio::test]
async fn the_axum_recipe_ends_with_an_error_if_its_worker_panics() {
    let (_sender, processed) = mpsc::unbounded_channel();
    a_panic_of_the_worker_ends_the_server(start!(callback_axum, processed, |_| panic!("a defect of the worker"))).await;
}

#[tokio::test]
async fn the_hyper_recipe_stops_although_clients_have_sent_only_a_part_of_a_request() {
    half_sent_requests_do_not_keep_the_server_running(start!(callback_hyper)).await;
}

#[tokio::test]
async fn the_hyper_recipe_refuses_a_request_that_does_not_arrive_in_time() {
    a_request_that_does_not_arrive_in_time_is_refused(&start!(callback_hyper)).await;
}

#[tokio::test]
async fn the_hyper_recipe_ends_with_an_error_if_its_worker_panics() {
    let (_sender, processed) = mpsc::unbounded_channel();
    a_panic_of_the_worker_ends_the_server(start!(callback_hyper, processed, |_| panic!("a defect of the worker")))
        .await;
}

#[cfg(unix)]
#[tokio::test]
async fn both_recipes_stop_on_sigterm() {
    let mut both = std::pin::pin!(async { tokio::join!(callback_axum::stopped(), callback_hyper::stopped()) });
    // The first poll registers the signal, which would end this process otherwise.
    assert!(std::future::poll_fn(|context| std::task::Poll::Ready(both.as_mut().poll(context).is_pending())).await);
    let kill = format!("kill -TERM {}", std::process::id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    both.await;
}
