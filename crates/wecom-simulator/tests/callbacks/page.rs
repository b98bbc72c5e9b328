//! The page.

use std::time::Duration;

use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::Upstream;
use wecom_upstream::calls::{ImportChainContact, ImportContact, ImportCorp};

use crate::harness::*;

#[tokio::test]
async fn the_page_shows_a_job_as_started_then_running_then_finished() {
    let timer = ManualTimer::new();
    let simulator = Simulator::demo().on_timer(timer.clone());
    let corp = ImportCorp::new("长城电器", [ImportContact::head("张三", "13000000001")]);
    Upstream::new(simulator.client()).import_chain_contact(ImportChainContact::new(dealers(), [corp])).await.unwrap();
    for (status, lasts) in [("started", 1), ("running", 4), ("finished", 0)] {
        let page = simulator.page();
        assert!(page.contains(&format!("<td><span lang=en>{status}</span>")), "{status}: {page}");
        timer.advance(Duration::from_secs(lasts));
    }
}

#[tokio::test]
async fn the_page_shows_the_delivery_of_events_and_the_number_of_attempts() {
    let simulator = Simulator::demo();
    let shows = |delivery: &str, attempts: u32| {
        let page = simulator.page();
        let events = page.split("<section id=events>").nth(1).unwrap().split("</section>").next().unwrap();
        let is_shown = events.lines().any(|row| {
            row.contains("change_chain/update_group<td><code>ChDealers</code>")
                && row.contains(&format!("<span lang=en>{delivery}</span>"))
                && row.ends_with(&format!("<td>{attempts}</tr>"))
        });
        assert!(is_shown, "{delivery}, {attempts}: {events}");
    };
    rename(&simulator, 2);
    shows("waiting", 0);
    drop(simulator.events().take());
    shows("taken by the program", 0);
    rename(&simulator, 3);
    rename(&simulator, 4);
    let script = |number, _: &Received| if number == 1 || number > 2 { Answer::Status(503) } else { Answer::Right };
    let receiver = ScriptedReceiver::start(script).await;
    let (_address, mut attempts) = serve(&simulator, [url(&receiver.url)]).await;
    let _: [_; 3] = attempts.outcomes().await;
    shows("accepted", 2);
    let _: [_; 3] = attempts.outcomes().await;
    shows("failed", 3);
}

#[tokio::test]
async fn only_a_get_or_head_of_the_root_returns_the_page() {
    let (address, _attempts) = serve(&Simulator::demo(), []).await;
    for (request, status) in [("GET /", 200), ("HEAD /", 200), ("GET /index.html", 404), ("POST /", 404)] {
        let head = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let reply = send(&address, &head).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {reply}");
    }
}

#[tokio::test]
async fn a_request_is_refused_by_its_head_without_its_body() {
    let (address, _attempts) = serve(&Simulator::demo(), []).await;
    let endless = "content-length: 1000000000000\r\n";
    for (head, status) in [
        (format!("host: {address}\r\n{endless}"), "413"),
        (format!("host: evil.example\r\n{endless}"), "421"),
        (format!("host: {address}\r\nhost: evil.example\r\n"), "400"),
        (format!("host: {address}\r\nhost: {address}\r\n{endless}"), "400"),
        (endless.to_owned(), "400"),
    ] {
        // The connection stays open for the body, so only a reply at once ends the read.
        let request = format!("POST /cgi-bin/gettoken HTTP/1.1\r\nconnection: close\r\n{head}\r\n");
        let reply = tokio::time::timeout(LONG, send(&address, &request)).await.unwrap();
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{head}: {reply}");
    }
}
