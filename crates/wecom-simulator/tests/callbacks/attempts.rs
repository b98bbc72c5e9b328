//! Attempts: their number, their order, and what a receiver can do wrong.

use std::time::{Duration, SystemTime};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use wecom_callback::{BatchJobResult, Event, JobType};
use wecom_core::Secret;
use wecom_mock::ManualTimer;
use wecom_simulator::{CallbackOutcome, Simulator, World, WorldApp};
use wecom_upstream::calls::{ImportChainContact, ImportContact, ImportCorp};
use wecom_upstream::{AgentId, Upstream};

use crate::harness::*;

#[tokio::test]
async fn the_url_is_checked_first_and_earlier_and_later_events_arrive_in_order() {
    let mut receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let simulator = Simulator::demo();
    rename(&simulator, 2);
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 3);
    rename(&simulator, 4);
    assert_eq!(receiver.next().await.method, "GET");
    for group in 2..=4 {
        assert_eq!(receiver.next_event().await, renamed(group));
    }
    let reports = [attempts.next().await, attempts.next().await].map(|attempt| attempt.to_string());
    let expected =
        ["callback url check, attempt 1: accepted", "callback change_chain/update_group, attempt 1: accepted"];
    assert_eq!(reports, expected);
    rename(&simulator, 5);
    assert_eq!(receiver.next_event().await, renamed(5));
}

#[tokio::test]
async fn an_event_is_sent_again_with_the_same_message_and_a_new_signature_until_it_is_received() {
    let script = |number, _: &Received| match number {
        1 => Answer::Status(503),
        2 => Answer::Close,
        _ => Answer::Right,
    };
    let mut receiver = ScriptedReceiver::start(script).await;
    let simulator = Simulator::demo();
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 2);
    rename(&simulator, 3);
    receiver.next().await;
    let attempted = [receiver.next().await, receiver.next().await, receiver.next().await];
    let callbacks = attempted.clone().map(|request| request.callback());
    assert!(callbacks.iter().all(|callback| callback.event() == renamed(2)));
    assert!(callbacks.iter().all(|callback| callback.digest() == callbacks[0].digest()));
    for (first, second) in [(0, 1), (1, 2), (0, 2)] {
        assert_ne!(attempted[first].query(), attempted[second].query());
    }
    assert_eq!(receiver.next_event().await, renamed(3));
    use CallbackOutcome::{Accepted, ConnectionLost, Status};
    assert_eq!(attempts.outcomes().await, [Accepted, Status(503), ConnectionLost, Accepted, Accepted]);
}

#[tokio::test]
async fn an_event_is_dropped_after_three_attempts_and_the_next_one_is_sent() {
    let script = |number, _: &Received| if (1..=3).contains(&number) { Answer::Status(500) } else { Answer::Right };
    let mut receiver = ScriptedReceiver::start(script).await;
    let simulator = Simulator::demo();
    serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 2);
    rename(&simulator, 3);
    receiver.next().await;
    for expected in [2, 2, 2, 3] {
        assert_eq!(receiver.next_event().await, renamed(expected));
    }
    rename(&simulator, 4);
    assert_eq!(receiver.next_event().await, renamed(4));
}

#[tokio::test]
async fn a_status_of_success_other_than_200_is_a_failure() {
    let script = |number, _: &Received| if number == 1 { Answer::Status(204) } else { Answer::Right };
    let mut receiver = ScriptedReceiver::start(script).await;
    let simulator = Simulator::demo();
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 2);
    receiver.next().await;
    let expected = [CallbackOutcome::Accepted, CallbackOutcome::Status(204), CallbackOutcome::Accepted];
    assert_eq!(attempts.outcomes().await, expected);
}

#[tokio::test]
async fn a_receiver_that_hangs_times_out_and_delays_no_call_and_no_other_app() {
    let script = |number, _: &Received| if (1..=3).contains(&number) { Answer::Hang } else { Answer::Right };
    let mut hanging = ScriptedReceiver::start(script).await;
    let mut other = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let second = AgentId::new(2);
    let simulator = Simulator::new(World::demo().app(WorldApp::new(second, Secret::new("second"))));
    let urls = [url(&hanging.url).time_limit(SHORT), url(&other.url).of_app(second)];
    let (address, mut attempts) = serve(&simulator, urls).await;
    rename(&simulator, 2);
    rename(&simulator, 3);
    // The first event hangs. The other app receives both, and the page is served.
    hanging.next().await;
    assert_eq!(hanging.next_event().await, renamed(2));
    other.next().await;
    assert_eq!([other.next_event().await, other.next_event().await], [renamed(2), renamed(3)]);
    let mut page = TcpStream::connect(address).await.unwrap();
    page.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut reply = String::new();
    page.read_to_string(&mut reply).await.unwrap();
    assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");

    for expected in [2, 2, 3] {
        assert_eq!(hanging.next_event().await, renamed(expected));
    }
    let mut timed_out = 0;
    while timed_out < 3 {
        match attempts.next().await.outcome {
            CallbackOutcome::TimedOut(limit) => timed_out += usize::from(limit == SHORT),
            outcome => assert_eq!(outcome, CallbackOutcome::Accepted),
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_or_is_endless_is_a_failure() {
    let script = |number, _: &Received| match number {
        1 => Answer::Bytes(b"\x16\x03\x01 hello\r\n\r\n"),
        2 => Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf"),
        3 => Answer::Endless,
        _ => Answer::Right,
    };
    let mut receiver = ScriptedReceiver::start(script).await;
    let simulator = Simulator::demo();
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 2);
    rename(&simulator, 3);
    receiver.next().await;
    use CallbackOutcome::{Accepted, ConnectionLost, InvalidAnswer};
    let expected = [Accepted, InvalidAnswer, ConnectionLost, InvalidAnswer, Accepted];
    assert_eq!(attempts.outcomes().await, expected);
}

#[tokio::test]
async fn an_import_ends_and_sends_its_event_without_any_call() {
    let mut receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    rename(&simulator, 2);
    receiver.next().await;
    assert_eq!(receiver.next_event().await, renamed(2));
    // After this report the delivery waits, and no import is running.
    assert_eq!(attempts.outcomes().await, [CallbackOutcome::Accepted; 2]);
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    let call = ImportChainContact::new(dealers(), [corp]);
    let job = Upstream::new(simulator.client()).import_chain_contact(call).await.unwrap().jobid;
    timer.advance(Duration::from_secs(5));
    let ended = Event::BatchJobResult(BatchJobResult::new(job, JobType::ImportChainContact));
    assert_eq!(receiver.next_event().await, ended);
}

#[tokio::test]
async fn an_event_has_the_time_at_which_it_happened() {
    let mut receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    rename(&simulator, 2);
    timer.advance(Duration::from_secs(3600));
    serve(&simulator, [url(&receiver.url)]).await;
    receiver.next().await;
    let callback = receiver.next().await.callback();
    let hour_ago: SystemTime = now() - Duration::from_secs(3600);
    let created = callback.message().create_time().unwrap();
    let distance = created.duration_since(hour_ago).unwrap_or_else(|before| before.duration());
    assert!(distance < LONG, "{distance:?}");
}

#[tokio::test]
async fn events_beyond_the_limit_are_dropped_and_reported() {
    let mut receiver = ScriptedReceiver::start(|_, _| Answer::Right).await;
    let simulator = Simulator::demo();
    for _ in 0..7 {
        rename(&simulator, 2);
    }
    for _ in 0..1024 {
        rename(&simulator, 3);
    }
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    receiver.next().await;
    assert_eq!(receiver.next_event().await, renamed(3));
    let [_, dropped] = [attempts.next().await, attempts.next().await];
    assert_eq!(dropped.outcome, CallbackOutcome::Dropped(7));
    assert_eq!(dropped.to_string(), "callback: queue full: 7 events dropped");
}
