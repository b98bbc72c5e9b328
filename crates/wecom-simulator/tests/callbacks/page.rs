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
        assert!(page.contains(&format!("<td>{status}</td>")), "{status}: {page}");
        timer.advance(Duration::from_secs(lasts));
    }
}

#[tokio::test]
async fn only_a_get_of_the_root_returns_the_page() {
    let (address, _attempts) = serve(&Simulator::demo(), []).await;
    for (request, status) in [("GET /", 200), ("GET /index.html", 404), ("POST /", 404)] {
        let head = format!("{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        let reply = send(&address, &head).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {reply}");
    }
}
