//! Typed events: every kind, in every documented form, read and written.

use std::time::{Duration, SystemTime};

use wecom_callback::{
    AuthCode, Authorization, AuthorizedCorp, BatchJobResult, ChainChange, ChangeChain, Event, JobType, Member,
    MenuEvent, Message, ShareChange, SuiteTicket, TextMessage, Ticket,
};
use wecom_core::ErrCode;
use wecom_core::ids::{AgentId, ChainId, CorpId, GroupId, JobId, SuiteId};

use crate::support::*;

fn member() -> Member {
    Member::new(CorpId::new("wwdownstream"), wecom_core::ids::UserId::new("zhangsan"), AgentId::new(1_000_002))
}

fn app_events() -> Vec<Event> {
    let chain = |change| Event::ChangeChain(ChangeChain::new(ChainId::new("ChDealers"), change));
    let groups = || vec![GroupId::new(2), GroupId::new(4_294_967_296)];
    let corps = || vec![CorpId::new("wwtaihu"), CorpId::new("wwdongting")];
    vec![
        chain(ChainChange::CreateChain),
        chain(ChainChange::UpdateChain),
        chain(ChainChange::DeleteChain),
        chain(ChainChange::CreateGroup(groups())),
        chain(ChainChange::UpdateGroup(groups())),
        chain(ChainChange::DeleteGroup(groups())),
        chain(ChainChange::CorpJoin(corps())),
        chain(ChainChange::UpdateCorp(corps())),
        chain(ChainChange::RemoveCorp(corps())),
        Event::BatchJobResult(BatchJobResult::new(JobId::new("job-7"), JobType::ImportChainContact)),
        Event::BatchJobResult(
            BatchJobResult::new(JobId::new("job-8"), JobType::Other("brand_new".into()))
                .with_error(ErrCode(-1), "system busy"),
        ),
        Event::ShareChainChange(ShareChange::new(AgentId::new(1_000_002))),
        Event::ShareAgentChange(ShareChange::default()),
        Event::Text(TextMessage::new(member(), u64::MAX, "你好 <&]]> 😀")),
        Event::EnterAgent(member()),
        Event::Subscribe(member()),
        Event::Unsubscribe(member()),
        Event::Click(MenuEvent::new(member(), "orders")),
        Event::View(MenuEvent::new(member(), "https://example.com/?a=1&b=2")),
        Event::Other(Message::parse("<xml><MsgType>image</MsgType><PicUrl>u</PicUrl></xml>").unwrap()),
    ]
}

fn suite_events() -> Vec<Event> {
    let suite = || SuiteId::new(SUITE);
    vec![
        Event::SuiteTicket(SuiteTicket::new(suite(), Ticket::new("a-ticket"))),
        Event::CreateAuth(Authorization::new(suite(), AuthCode::new("a-code")).with_state("campaign-7")),
        Event::ChangeAuth(AuthorizedCorp::new(suite(), CorpId::new("wwcustomer")).with_state("campaign-7")),
        Event::CancelAuth(AuthorizedCorp::new(suite(), CorpId::new("wwcustomer"))),
        Event::ResetPermanentCode(Authorization::new(suite(), AuthCode::new("a-code"))),
        Event::CorpArchAuth(AuthorizedCorp::new(suite(), CorpId::new("wwcustomer"))),
        Event::ShareChainChange(ShareChange::new(AgentId::new(1_000_002)).with_corp_id(CorpId::new("wwupstream"))),
        Event::ShareAgentChange(ShareChange::new(AgentId::new(1_000_002)).with_corp_id(CorpId::new("wwupstream"))),
    ]
}

#[test]
fn every_event_of_an_app_channel_arrives_unchanged() {
    for event in app_events() {
        let callback = open(&sender().request(&event, now(), random()).unwrap()).unwrap();
        assert_eq!(callback.event(), event);
    }
}

#[test]
fn every_event_of_a_suite_channel_arrives_unchanged() {
    for event in suite_events() {
        let request = suite_sender().request(&event, now(), random()).unwrap();
        let callback = suite_receiver().open(request.query(), request.body(), now()).unwrap();
        assert_eq!(callback.event(), event);
        assert_eq!(callback.message().create_time(), Some(now()));
    }
}

#[test]
fn an_event_of_the_system_is_addressed_to_the_corp_and_has_a_time() {
    let event = Event::ChangeChain(ChangeChain::new(ChainId::new("ChDealers"), ChainChange::CreateChain));
    let callback = open(&sender().request(&event, now(), random()).unwrap()).unwrap();
    assert_eq!(callback.message().to_user_name().as_deref(), Some(CORP));
    assert_eq!(callback.message().from_user_name().as_deref(), Some("sys"));
    assert_eq!(callback.message().create_time(), Some(now()));
    assert_eq!(callback.message().kind(), "event/change_chain/create_chain");
}

fn sample(name: &str) -> Message {
    Message::parse(match name {
        "batch_job_result" => include_str!("../../fixtures/samples/batch_job_result.import_chain_contact.xml"),
        "change_chain" => include_str!("../../fixtures/samples/change_chain.create_chain.xml"),
        "share_agent_change" => include_str!("../../fixtures/samples/share_agent_change.suite.xml"),
        _ => include_str!("../../fixtures/samples/share_chain_change.suite.xml"),
    })
    .unwrap()
}

#[test]
fn the_documented_sample_of_change_chain_is_read() {
    let message = sample("change_chain");
    // The document shows the id in a malformed CDATA section.
    let expected = ChangeChain::new(ChainId::new("xxxxxx"), ChainChange::CreateChain);
    assert_eq!(Event::from(&message), Event::ChangeChain(expected));
    assert_eq!(message.create_time(), Some(SystemTime::UNIX_EPOCH + Duration::from_secs(1_403_610_513)));
}

#[test]
fn the_documented_sample_of_batch_job_result_is_read() {
    let job = JobId::new("jobid_S0MrnndvRG5fadSlLwiBqiDDbM143UqTmKP3152FZk4");
    let expected = BatchJobResult::new(job, JobType::ImportChainContact);
    assert_eq!(Event::from(&sample("batch_job_result")), Event::BatchJobResult(expected));
}

#[test]
fn the_documented_samples_of_shares_on_a_suite_channel_are_read() {
    let expected = ShareChange::new(AgentId::new(11)).with_corp_id(CorpId::new("ww11111"));
    assert_eq!(Event::from(&sample("share_chain_change")), Event::ShareChainChange(expected.clone()));
    assert_eq!(Event::from(&sample("share_agent_change")), Event::ShareAgentChange(expected));
}

#[test]
fn a_list_of_ids_and_a_job_without_their_outer_element_are_read_too() {
    let joined = ChainChange::CorpJoin(vec![CorpId::new("ww1")]);
    assert_eq!(chain_change("corp_join", "<CorpId>ww1</CorpId>"), changed(joined));
    assert_eq!(
        chain_change("update_group", "<GroupId>4294967296</GroupId>"),
        changed(ChainChange::UpdateGroup(vec![GroupId::new(4_294_967_296)]))
    );
    let job = event_of(
        "<xml><MsgType>event</MsgType><Event>batch_job_result</Event><JobId>job-7</JobId><JobType>sync_user</JobType>\
         <ErrCode>0</ErrCode><ErrMsg>ok</ErrMsg></xml>",
    );
    assert_eq!(job, Event::BatchJobResult(BatchJobResult::new(JobId::new("job-7"), JobType::SyncUser)));
}

fn chain_change(change: &str, ids: &str) -> Event {
    event_of(&format!(
        "<xml><MsgType>event</MsgType><Event>change_chain</Event><ChangeType>{change}</ChangeType>\
         <ChainId>Ch</ChainId>{ids}</xml>"
    ))
}

fn changed(change: ChainChange) -> Event {
    Event::ChangeChain(ChangeChain::new(ChainId::new("Ch"), change))
}

#[test]
fn empty_ids_of_a_list_are_skipped() {
    let corps = "<CorpIds><CorpId></CorpId><CorpId>ww1</CorpId><CorpId/><CorpId>ww2</CorpId></CorpIds>";
    let joined = ChainChange::CorpJoin(vec![CorpId::new("ww1"), CorpId::new("ww2")]);
    assert_eq!(chain_change("corp_join", corps), changed(joined));
    let groups = "<GroupIds><GroupId/><GroupId>7</GroupId></GroupIds>";
    assert_eq!(chain_change("update_group", groups), changed(ChainChange::UpdateGroup(vec![GroupId::new(7)])));
}

#[test]
fn a_change_of_groups_without_ids_stays_a_change_of_groups() {
    for ids in ["", "<GroupIds></GroupIds>", "<GroupIds><GroupId></GroupId></GroupIds>"] {
        assert_eq!(chain_change("create_group", ids), changed(ChainChange::CreateGroup(Vec::new())), "{ids}");
        assert_eq!(chain_change("update_group", ids), changed(ChainChange::UpdateGroup(Vec::new())), "{ids}");
        assert_eq!(chain_change("delete_group", ids), changed(ChainChange::DeleteGroup(Vec::new())), "{ids}");
    }
}

#[test]
fn the_ids_of_every_list_of_the_same_name_are_read() {
    let lists = "<CorpIds><CorpId>ww1</CorpId></CorpIds><CorpIds><CorpId>ww2</CorpId></CorpIds>";
    let removed = ChainChange::RemoveCorp(vec![CorpId::new("ww1"), CorpId::new("ww2")]);
    assert_eq!(chain_change("remove_corp", lists), changed(removed));
}

#[test]
fn every_kind_of_job_has_its_name() {
    for name in ["import_chain_contact", "sync_user", "replace_user", "invite_user", "replace_party"] {
        let kind: JobType = name.parse().unwrap();
        assert!(!matches!(kind, JobType::Other(_)), "{name}");
        assert_eq!(kind.to_string(), name);
    }
}

#[test]
fn an_event_without_a_required_element_is_other_with_its_xml() {
    for rest in [
        "<Event>change_chain</Event><ChangeType>create_chain</ChangeType>",
        "<Event>change_chain</Event><ChainId>Ch</ChainId>",
        "<Event>change_chain</Event><ChangeType>brand_new</ChangeType><ChainId>Ch</ChainId>",
        "<Event>change_chain</Event><ChangeType>corp_join</ChangeType><ChainId>Ch</ChainId><CorpIds></CorpIds>",
        "<Event>change_chain</Event><ChangeType>corp_join</ChangeType><ChainId>Ch</ChainId><CorpId/>",
        "<Event>change_chain</Event><ChangeType>create_group</ChangeType><ChainId>Ch</ChainId><GroupId>x</GroupId>",
        "<Event>batch_job_result</Event><BatchJob><JobType>sync_user</JobType></BatchJob>",
        "<Event>click</Event><FromUserName>zhangsan</FromUserName>",
        "",
    ] {
        let event = event_of(&format!("<xml><MsgType>event</MsgType>{rest}</xml>"));
        assert!(matches!(&event, Event::Other(message) if message.as_str().contains(rest)), "{event:?}");
    }
}

#[test]
fn an_element_with_leading_white_space_is_read() {
    let event = event_of(
        "<xml><SuiteId>ww4</SuiteId><InfoType> <![CDATA[suite_ticket]]></InfoType><SuiteTicket>t</SuiteTicket></xml>",
    );
    assert_eq!(event, Event::SuiteTicket(SuiteTicket::new(SuiteId::new("ww4"), Ticket::new("t"))));
}

#[test]
fn an_element_after_many_unknown_ones_is_found() {
    let unknown = "<Unknown>1</Unknown>".repeat(40);
    let xml = format!(
        "<xml>{unknown}<SuiteId>ww4</SuiteId><InfoType>suite_ticket</InfoType><SuiteTicket>t</SuiteTicket></xml>"
    );
    assert_eq!(event_of(&xml), Event::SuiteTicket(SuiteTicket::new(SuiteId::new("ww4"), Ticket::new("t"))));
}
