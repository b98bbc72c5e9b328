//! The URL check (验证URL有效性).

use wecom_simulator::{CallbackOutcome, Simulator};

use crate::harness::*;

/// Answers like a receiver that adds something to the echo.
async fn with_wrong_answer(number_of_wrong: usize, wrong: &'static [u8]) -> ScriptedReceiver {
    let script =
        move |number, _: &Received| if number < number_of_wrong { Answer::Bytes(wrong) } else { Answer::Right };
    ScriptedReceiver::start(script).await
}

#[tokio::test]
async fn no_event_is_sent_until_the_check_is_answered_with_the_echo() {
    let mut receiver = with_wrong_answer(2, b"HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\nsuccess").await;
    let simulator = Simulator::demo();
    rename(&simulator, 2);
    let (_, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    for _ in 0..3 {
        assert_eq!(receiver.next().await.method, "GET");
    }
    assert_eq!(receiver.next_event().await, renamed(2));
    use CallbackOutcome::{Accepted, WrongEcho};
    assert_eq!(attempts.outcomes().await, [WrongEcho, WrongEcho, Accepted, Accepted]);
}

#[tokio::test]
async fn each_check_has_another_echo() {
    let mut receiver = with_wrong_answer(1, b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let (_, mut attempts) = serve(&Simulator::demo(), [url(&receiver.url)]).await;
    assert_ne!(receiver.next().await.echo(), receiver.next().await.echo());
    assert_eq!(attempts.outcomes().await, [CallbackOutcome::Status(403), CallbackOutcome::Accepted]);
}

#[tokio::test]
async fn an_echo_with_quotes_or_a_line_break_is_wrong() {
    for (before, after) in [("\"", "\""), ("", "\n"), ("\u{FEFF}", "")] {
        let script = move |_: usize, request: &Received| {
            let body = format!("{before}{}{after}", request.echo());
            let response = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            Answer::Bytes(Box::leak(response.into_bytes().into_boxed_slice()))
        };
        let receiver = ScriptedReceiver::start(script).await;
        let (_, mut attempts) = serve(&Simulator::demo(), [url(&receiver.url)]).await;
        assert_eq!(attempts.next().await.outcome, CallbackOutcome::WrongEcho);
    }
}

#[tokio::test]
async fn a_check_that_hangs_times_out() {
    let script = |number, _: &Received| if number == 0 { Answer::Hang } else { Answer::Right };
    let mut receiver = ScriptedReceiver::start(script).await;
    let (_, mut attempts) = serve(&Simulator::demo(), [url(&receiver.url).check_time_limit(SHORT)]).await;
    receiver.next().await;
    assert_eq!(attempts.next().await.outcome, CallbackOutcome::TimedOut(SHORT));
}

#[tokio::test]
async fn the_check_is_repeated_while_no_receiver_is_running() {
    let listener = tokio::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let (_, mut attempts) = serve(&Simulator::demo(), [url(&format!("http://{address}/"))]).await;
    assert_eq!(attempts.next().await.outcome, CallbackOutcome::NotConnected);
    assert_eq!(attempts.next().await.attempt, 2);
}

#[tokio::test]
async fn an_unknown_host_name_has_its_own_outcome() {
    // A label has at most 63 characters, so the name is refused without a request to a DNS server.
    let unknown = format!("http://{}/callback", "x".repeat(64));
    let (_, mut attempts) = serve(&Simulator::demo(), [url(&unknown).check_time_limit(LONG)]).await;
    let attempt = attempts.next().await;
    assert_eq!(attempt.outcome, CallbackOutcome::UnknownHost);
    assert!(attempt.to_string().contains("unknown host"), "{attempt}");
}
