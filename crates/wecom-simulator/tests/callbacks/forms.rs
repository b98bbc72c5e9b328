//! The forms of the page: each makes a change, and its event is sent.

use wecom_callback::{ChainChange, ChangeChain, Event, ShareChange};
use wecom_simulator::Simulator;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId};

use crate::harness::*;

async fn submit(address: &str, headers: &str, action: &str, body: &str) -> String {
    let length = body.len();
    let head = format!("POST /admin/{action} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}");
    send(address, &format!("{head}content-length: {length}\r\n\r\n{body}")).await
}

fn change(chain: &str, change: ChainChange) -> Event {
    Event::ChangeChain(ChangeChain::new(ChainId::new(chain), change))
}

/// A form of the page: its action, the filled fields, and the event that the change sends.
fn filled_forms() -> Vec<(&'static str, &'static str, Option<Event>)> {
    let group = |id: i64| vec![GroupId::new(id)];
    let corp = || vec![CorpId::new("wwnew")];
    let dealers = "ChDealers";
    let shared = || Some(Event::ShareChainChange(ShareChange::new(AgentId::new(1_000_002))));
    vec![
        ("invite_corp", "chain_id=ChDealers&groupid=3&pending_corpid=wpnew&corp_name=%E6%96%B0", None),
        (
            "join_corp",
            "chain_id=ChDealers&pending_corpid=wpnew&corpid=+wwnew+",
            Some(change(dealers, ChainChange::CorpJoin(corp()))),
        ),
        (
            "move_corp",
            "chain_id=ChDealers&corpid=wwnew&groupid=4",
            Some(change(dealers, ChainChange::UpdateCorp(corp()))),
        ),
        ("move_corp", "chain_id=ChDealers&corpid=wptaihu&groupid=3", None),
        ("share_app", "agentid=1000002&corpid=wwnew&corp_name=a&agentid_in_corp=7", shared()),
        ("unshare_app", "agentid=1000002&corpid=wwnew", shared()),
        ("remove_corp", "chain_id=ChDealers&corpid=wwnew", Some(change(dealers, ChainChange::RemoveCorp(corp())))),
        (
            "create_group",
            "chain_id=ChDealers&parentid=1&group_name=a",
            Some(change(dealers, ChainChange::CreateGroup(group(6)))),
        ),
        (
            "rename_group",
            "chain_id=ChDealers&groupid=6&group_name=b",
            Some(change(dealers, ChainChange::UpdateGroup(group(6)))),
        ),
        (
            "move_group",
            "chain_id=ChDealers&groupid=6&parentid=2",
            Some(change(dealers, ChainChange::UpdateGroup(group(6)))),
        ),
        ("delete_group", "chain_id=ChDealers&groupid=6", Some(change(dealers, ChainChange::DeleteGroup(group(6))))),
        ("create_chain", "chain_id=ChNew&chain_name=a", Some(change("ChNew", ChainChange::CreateChain))),
        ("rename_chain", "chain_id=ChNew&chain_name=b", Some(change("ChNew", ChainChange::UpdateChain))),
        ("delete_chain", "chain_id=ChNew", Some(change("ChNew", ChainChange::DeleteChain))),
        ("revoke_tokens", "", None),
    ]
}

#[tokio::test]
async fn each_form_of_the_page_makes_its_change_and_leads_back_to_the_page() {
    let simulator = Simulator::demo();
    let (address, _attempts) = serve(&simulator, []).await;
    for (action, body, event) in filled_forms() {
        let reply = submit(&address, "", action, body).await;
        assert!(reply.starts_with("HTTP/1.1 303") && reply.contains("location: /\r\n"), "{action}: {reply}");
        assert_eq!(simulator.events().take(), event.into_iter().collect::<Vec<_>>(), "{action}");
    }
    let page = send(&address, &format!("GET / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")).await;
    let actions: Vec<_> = page.split("action=/admin/").skip(1).map(|form| form.split('>').next().unwrap()).collect();
    assert!(!actions.is_empty());
    for action in actions {
        assert!(filled_forms().iter().any(|(tested, ..)| *tested == action), "{action} has no test");
    }
}

#[tokio::test]
async fn an_invalid_form_is_refused_with_the_reason() {
    let simulator = Simulator::demo();
    let (address, _attempts) = serve(&simulator, []).await;
    for (action, body, status, reason) in [
        ("delete_group", "chain_id=ChDealers&groupid=3", 400, "group not empty: 3"),
        ("delete_group", "chain_id=ChDealers&groupid=three", 400, "groupid is not a number"),
        ("delete_group", "chain_id=ChDealers&groupid=", 400, "groupid is empty"),
        ("delete_group", "%ff\u{0}", 400, "chain_id is empty"),
        ("format_disk", "", 404, "no such form"),
    ] {
        let reply = submit(&address, "", action, body).await;
        assert!(reply.starts_with(&format!("HTTP/1.1 {status}")) && reply.contains(reason), "{action}: {reply}");
    }
    assert_eq!(simulator.events().take(), []);
}

#[tokio::test]
async fn a_form_on_a_page_of_another_origin_is_refused() {
    let simulator = Simulator::demo();
    let (address, _attempts) = serve(&simulator, []).await;
    let submit = async |origin: &str| {
        let headers = format!("origin: {origin}\r\n");
        submit(&address, &headers, "rename_chain", "chain_id=ChDealers&chain_name=a").await
    };
    for origin in ["http://evil.example", "null", "https://evil.example", &format!("http://{address}.evil.example")] {
        assert!(submit(origin).await.starts_with("HTTP/1.1 403"), "{origin}");
    }
    assert_eq!(simulator.events().take(), []);
    assert!(submit(&format!("http://{address}")).await.starts_with("HTTP/1.1 303"));
}

#[tokio::test]
async fn a_form_of_more_than_two_mebibytes_is_refused_with_413() {
    let (address, _attempts) = serve(&Simulator::demo(), []).await;
    for (length, expected) in [(2 * 1024 * 1024, "HTTP/1.1 400"), (2 * 1024 * 1024 + 1, "HTTP/1.1 413")] {
        let reply = submit(&address, "", "rename_chain", &"a".repeat(length)).await;
        assert!(reply.starts_with(expected), "{length}: {reply}");
    }
}
