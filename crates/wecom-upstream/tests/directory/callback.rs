//! Events of `wecom-callback`.

use wecom_callback::{BatchJobResult, ChainChange, ChangeChain, Event, JobType, Message, ShareChange};
use wecom_upstream::ids::JobId;
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId};

use crate::support::{Service, chain};

fn changed(change: ChainChange) -> Event {
    Event::ChangeChain(ChangeChain::new(chain(), change))
}

#[test]
fn each_change_of_a_chain_reads_what_it_names() {
    let (corps, groups) = (vec![CorpId::new("ww20")], vec![GroupId::new(2)]);
    let walk: &[&str] = &["groups", "list 1", "list 2", "list 3", "list 4"];
    let corp: &[&str] = &["corp ww20", "list 2"];
    let service = Service::new();
    let mut directory = service.directory();
    for (change, calls) in [
        (ChainChange::CreateChain, walk),
        (ChainChange::UpdateChain, walk),
        (ChainChange::DeleteChain, walk),
        (ChainChange::CreateGroup(groups.clone()), &["groups"]),
        (ChainChange::UpdateGroup(groups.clone()), &["groups"]),
        (ChainChange::DeleteGroup(groups), &["groups"]),
        (ChainChange::CorpJoin(corps.clone()), corp),
        (ChainChange::UpdateCorp(corps.clone()), corp),
        (ChainChange::RemoveCorp(corps), corp),
    ] {
        assert!(directory.hints().note_callback(&changed(change.clone())));
        assert!(service.run(directory.refresh()).unwrap().is_empty());
        assert_eq!(service.calls(), calls, "{change:?}");
    }
}

#[test]
fn the_end_of_an_import_causes_a_walk_and_other_events_cause_nothing() {
    let service = Service::new();
    let mut directory = service.directory();
    let job = |job_type| Event::BatchJobResult(BatchJobResult::new(JobId::new("job"), job_type));
    let other = ChangeChain::new(ChainId::new("Ch2"), ChainChange::UpdateChain);
    let share = ShareChange::new(AgentId::new(1));
    for event in [job(JobType::SyncUser), Event::ChangeChain(other), Event::ShareChainChange(share)] {
        assert!(!directory.hints().note_callback(&event), "{event:?}");
    }
    service.run(directory.refresh()).unwrap();
    assert!(service.calls().is_empty());
    assert!(directory.hints().note_callback(&job(JobType::ImportChainContact)));
    service.run(directory.refresh()).unwrap();
    assert_eq!(service.calls().len(), 1 + 4);
}

/// A `change_chain` with these elements.
fn change_of_chain(elements: &str) -> Event {
    let xml = format!("<xml><MsgType>event</MsgType><Event>change_chain</Event>{elements}</xml>");
    Event::from(&Message::parse(xml).unwrap())
}

#[test]
fn a_change_of_the_chain_that_cannot_be_read_completely_causes_a_walk() {
    let service = Service::new();
    let mut directory = service.directory();
    for elements in [
        "<ChainId>Ch1</ChainId>",
        "<ChangeType>corp_rename</ChangeType><ChainId>Ch1</ChainId>",
        "<ChangeType>corp_join</ChangeType><ChainId>Ch1</ChainId>",
        "<ChangeType>corp_join</ChangeType><ChainId>Ch1</ChainId><CorpIds><CorpId></CorpId></CorpIds>",
        "<ChangeType>update_group</ChangeType><ChainId>Ch1</ChainId><GroupIds><GroupId>x</GroupId></GroupIds>",
        "<ChangeType>corp_join</ChangeType><CorpIds><CorpId>ww20</CorpId></CorpIds>",
        "<ChangeType>update_chain</ChangeType><ChainId></ChainId>",
    ] {
        let event = change_of_chain(elements);
        assert!(matches!(event, Event::Other(_)), "{elements}");
        assert!(directory.hints().note_callback(&event), "{elements}");
        service.run(directory.refresh()).unwrap();
        assert_eq!(service.calls().len(), 1 + 4, "{elements}");
    }
    for change in [ChainChange::CorpJoin(vec![]), ChainChange::UpdateCorp(vec![]), ChainChange::RemoveCorp(vec![])] {
        directory.hints().note_callback(&changed(change));
        service.run(directory.refresh()).unwrap();
        assert_eq!(service.calls().len(), 1 + 4);
    }
}

#[test]
fn a_change_of_another_chain_that_cannot_be_read_completely_causes_nothing() {
    let service = Service::new();
    let directory = service.directory();
    let event = change_of_chain("<ChangeType>corp_rename</ChangeType><ChainId>Ch2</ChainId>");
    assert!(!directory.hints().note_callback(&event));
    let text = Message::parse("<xml><MsgType>image</MsgType><Event>change_chain</Event></xml>").unwrap();
    assert!(!directory.hints().note_callback(&Event::from(&text)));
}

#[test]
fn the_end_of_a_job_that_cannot_be_read_completely_causes_a_walk_unless_it_is_no_import() {
    let service = Service::new();
    let mut directory = service.directory();
    for (elements, calls) in [
        ("<BatchJob><JobType>import_chain_contact</JobType></BatchJob>", 1 + 4),
        ("<BatchJob><JobId>job1</JobId></BatchJob>", 1 + 4),
        ("<BatchJob><JobType>sync_user</JobType></BatchJob>", 0),
    ] {
        let xml = format!("<xml><MsgType>event</MsgType><Event>batch_job_result</Event>{elements}</xml>");
        let event = Event::from(&Message::parse(xml).unwrap());
        assert!(matches!(event, Event::Other(_)), "{elements}");
        assert_eq!(directory.hints().note_callback(&event), calls > 0, "{elements}");
        service.run(directory.refresh()).unwrap();
        assert_eq!(service.calls().len(), calls, "{elements}");
    }
}
