//! The JSON of progress, events and reports, whose names programs rely on.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failing test panics")]

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use wecom_core::lease::LeaseError;
use wecom_core::{AccessToken, Client, Delivery, Error, TransportError, TransportErrorKind, from_fn};
use wecom_mock::ManualTimer;
use wecom_simulator::Simulator;
use wecom_upstream::calls::{GetChainList, Group, GroupCorp, ImportContact, ImportCorp, JobStatus};
use wecom_upstream::ids::{CustomId, JobId, PendingId};
use wecom_upstream::jobs::customers::Recognition;
use wecom_upstream::jobs::directory::DirectoryEvent;
use wecom_upstream::jobs::import::{ImportEvent, ImportProgress, ImportState, ImportStop};
use wecom_upstream::jobs::walk::{GroupFinding, WalkEvent};
use wecom_upstream::{ChainId, CorpId, ExternalUserId, GroupId, UnionId, Upstream};

#[track_caller]
fn assert_json(value: impl Serialize, expected: Value) {
    assert_eq!(serde_json::to_value(value).unwrap(), expected);
}

/// The error of a call without a connection, and its JSON.
fn error() -> (Error, Value) {
    let refused = || TransportError::new(TransportErrorKind::Connect, Delivery::NotSent);
    let transport = from_fn(move |_| async move { Err(refused()) });
    let client = Client::builder(transport).token(AccessToken::new("a-token")).build();
    let error = pollster::block_on(client.call(GetChainList::new())).unwrap_err();
    let json = json!({
        "endpoint": "get_chain_list", "kind": "transport", "transport": "connect", "attempts": 1, "delivery": "not_sent",
        "is_transient": true, "message": error.to_string(),
    });
    (error, json)
}

#[test]
fn an_event_of_a_walk() {
    let (error, error_json) = error();
    let groupid = GroupId::new(2);
    let group = Group::new(groupid, "华北区", GroupId::ROOT);
    for (event, expected) in [
        (
            WalkEvent::Finding(GroupFinding::Repeated { groupid }),
            json!({"event": "finding", "kind": "repeated", "groupid": 2}),
        ),
        (
            WalkEvent::Group { group, depth: 1 },
            json!({"event": "group", "group": {"groupid": 2, "group_name": "华北区", "parentid": 1, "order": 0}, "depth": 1}),
        ),
        (
            WalkEvent::Corp(GroupCorp::joined(groupid, CorpId::new("wwjingxi"), "京西")),
            json!({"event": "corp", "groupid": 2, "corpid": "wwjingxi", "corp_name": "京西", "is_joined": 1}),
        ),
        (
            WalkEvent::GroupDeferred { groupid, error: error.clone().into() },
            json!({"event": "group_deferred", "groupid": 2, "error": error_json}),
        ),
        (WalkEvent::GroupResumed { groupid }, json!({"event": "group_resumed", "groupid": 2})),
        (
            WalkEvent::GroupFailed { groupid, error: error.into() },
            json!({"event": "group_failed", "groupid": 2, "error": error_json}),
        ),
    ] {
        assert_json(event, expected);
    }
}

#[test]
fn the_progress_of_a_walk() {
    let upstream = Upstream::new(Simulator::demo().client());
    let mut walk = upstream.walk(ChainId::new("ChDealers"));
    while pollster::block_on(walk.next()).unwrap().is_some() {}
    assert_json(walk.progress(), json!({"groups": 5, "done": 5, "failed": 0, "corps": 6}));
}

#[test]
fn an_event_of_an_import() {
    let (error, error_json) = error();
    let wait = Duration::from_secs(5);
    let jobid = || JobId::new("job1");
    for (event, expected) in [
        (ImportEvent::Submitting { job: 1, corps: 1000 }, json!({"event": "submitting", "job": 1, "corps": 1000})),
        (ImportEvent::Submitted { job: 1, jobid: jobid() }, json!({"event": "submitted", "job": 1, "jobid": "job1"})),
        (ImportEvent::AwaitingTurn { job: 1, wait }, json!({"event": "awaiting_turn", "job": 1, "wait_ms": 5000})),
        (
            ImportEvent::Retrying { error: error.clone(), wait },
            json!({"event": "retrying", "error": error_json, "wait_ms": 5000}),
        ),
        (
            ImportEvent::Running { job: 1, status: JobStatus::Running },
            json!({"event": "running", "job": 1, "status": 2}),
        ),
        (ImportEvent::Finished { job: 1 }, json!({"event": "finished", "job": 1})),
        (ImportEvent::Lost { job: 1, error: None }, json!({"event": "lost", "job": 1, "error": null})),
        (ImportEvent::Searched { found: 3, missing: 4 }, json!({"event": "searched", "found": 3, "missing": 4})),
    ] {
        assert_json(event, expected);
    }
    for (stop, reason, more) in [
        (ImportStop::DailyLimit(error.clone()), "daily_limit", json!({"error": error_json})),
        (ImportStop::TurnLimit(error.clone()), "turn_limit", json!({"error": error_json})),
        (ImportStop::JobLimit(jobid()), "job_limit", json!({"jobid": "job1"})),
        (ImportStop::NoTimer, "no_timer", json!({})),
        (
            ImportStop::Lease(LeaseError::Lost),
            "lease",
            json!({"error": {"kind": "lost", "message": LeaseError::Lost.to_string()}}),
        ),
        (ImportStop::Failed(error.clone()), "failed", json!({"error": error_json})),
    ] {
        let mut expected = more;
        expected["event"] = "stopped".into();
        expected["reason"] = reason.into();
        expected["message"] = stop.to_string().into();
        assert_json(ImportEvent::Stopped(stop), expected);
    }
}

#[test]
fn the_report_of_an_import() {
    let timer = ManualTimer::new();
    let upstream = Upstream::new(Simulator::demo().on_timer(timer.clone()).client());
    let corp = |name: &str| ImportCorp::new(name, [ImportContact::head("张三", "13000000001")]);
    let corps = [corp("经销商甲"), corp("经销商乙").custom_id(CustomId::new("BJ01"))];
    let report = timer.run(upstream.import(ImportState::new(ChainId::new("ChDealers"), corps).unwrap()).finish());
    let contact = json!([{"name": "张三", "identity_type": 2, "mobile": "13000000001"}]);
    let mut json = serde_json::to_value(&report).unwrap();
    // The text of the simulator.
    json["rows"][1]["outcome"]["failed"]["message"].take();
    assert_eq!(
        json,
        json!({
            "rows": [
                {"row": 1, "corp": {"corp_name": "经销商甲", "contact_info_list": contact}, "outcome": "imported"},
                {
                    "row": 2,
                    "corp": {"corp_name": "经销商乙", "custom_id": "BJ01", "contact_info_list": contact},
                    "outcome": {"failed": {"code": 670_009, "message": null, "contacts": []}},
                },
            ],
            "stopped": null,
            "progress": {"total": 2, "imported": 1, "failed": 1, "invalid": 0, "unknown": 0},
        })
    );
    let progress: ImportProgress = serde_json::from_value(json["progress"].take()).unwrap();
    assert_eq!(progress, report.progress);
}

#[test]
fn an_import_with_invalid_rows() {
    let corp = ImportCorp::new("经销商", [ImportContact::head("张三", "1300000000")]);
    let error = ImportState::new(ChainId::new("ChDealers"), [corp]).unwrap_err();
    let json = serde_json::to_value(&error).unwrap();
    let RowTexts { problem, limit } = RowTexts::of(&json);
    assert_eq!(
        json,
        json!({
            "chain_id": null,
            "rows": [{
                "row": 1,
                "problems": [{"field": "contact_info_list[0].mobile", "problem": problem, "limit": limit}],
            }],
            "total": 1,
        })
    );
    assert!(!json.to_string().contains("1300000000"));
}

/// The texts of the only problem.
struct RowTexts {
    problem: String,
    limit: String,
}

impl RowTexts {
    fn of(json: &Value) -> Self {
        let text = |name: &str| json["rows"][0]["problems"][0][name].as_str().unwrap().to_owned();
        Self { problem: text("problem"), limit: text("limit") }
    }
}

#[test]
fn the_recognition_of_a_customer() {
    let (error, error_json) = error();
    let external_userid = ExternalUserId::new("wmWang");
    for (recognition, expected) in [
        (
            Recognition::Mapped { external_userid: external_userid.clone(), unionid: UnionId::new("oUnionWang") },
            json!({"result": "mapped", "external_userid": "wmWang", "unionid": "oUnionWang"}),
        ),
        (
            Recognition::Unknown { external_userid: external_userid.clone(), pending_id: Some(PendingId::new("p1")) },
            json!({"result": "unknown", "external_userid": "wmWang", "pending_id": "p1"}),
        ),
        (
            Recognition::Failed { external_userid, error },
            json!({"result": "failed", "external_userid": "wmWang", "error": error_json}),
        ),
    ] {
        assert_json(recognition, expected);
    }
}

#[test]
fn the_answer_for_a_pending_id() {
    let upstream = Upstream::new(Simulator::demo().client());
    let mut answers = upstream.pending_ids(["wmChenOfJingxi", "wmNobody"].map(ExternalUserId::new));
    let mut next = || pollster::block_on(answers.next()).unwrap();
    assert_json(next(), json!({"external_userid": "wmChenOfJingxi", "pending_id": null}));
    let unknown = next();
    let json = serde_json::to_value(&unknown).unwrap();
    assert_eq!((&json["external_userid"], &json["error"]["kind"]), (&"wmNobody".into(), &"api".into()));
    assert_eq!(json["error"]["message"], unknown.pending_id.unwrap_err().to_string());
}

#[test]
fn an_event_for_a_directory_is_read_back() {
    let chain_id = ChainId::new("ChDealers");
    for (event, expected) in [
        (
            DirectoryEvent::Corps { chain_id: chain_id.clone(), corps: vec![CorpId::new("wwtaihu")] },
            json!({"event": "corps", "chain_id": "ChDealers", "corps": ["wwtaihu"]}),
        ),
        (DirectoryEvent::Groups { chain_id: chain_id.clone() }, json!({"event": "groups", "chain_id": "ChDealers"})),
        (DirectoryEvent::Chain { chain_id }, json!({"event": "chain", "chain_id": "ChDealers"})),
        (DirectoryEvent::ImportEnded, json!({"event": "import_ended"})),
    ] {
        assert_eq!(serde_json::from_value::<DirectoryEvent>(expected.clone()).unwrap(), event);
        assert_json(event, expected);
    }
}

#[test]
fn the_changes_of_a_directory() {
    let simulator = Simulator::demo();
    let mut directory = Upstream::new(simulator.client()).directory(ChainId::new("ChSuppliers"));
    let changes = pollster::block_on(directory.refresh()).unwrap();
    let json = serde_json::to_value(changes).unwrap();
    let names: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected = [
        "joined",
        "invited",
        "accepted",
        "left",
        "custom_ids_changed",
        "statuses_changed",
        "moved",
        "renamed",
        "inviters_changed",
        "not_seen",
        "first_seen",
        "groups_added",
        "groups_removed",
        "groups_renamed",
        "groups_moved",
    ];
    expected.sort_unstable();
    assert_eq!(names, expected);
    let corp = json!({"groupid": 2, "corpid": "wwanling", "corp_name": "鞍岭不锈钢", "is_joined": 1});
    let first = &json["joined"][0];
    assert_eq!(
        (&first["groupid"], &first["path"], &first["corp"]["corpid"]),
        (&corp["groupid"], &"钢材".into(), &corp["corpid"])
    );
    let group = &json["groups_added"][1];
    assert_eq!((&group["path"], &group["group"]["groupid"]), (&"钢材".into(), &2.into()));
}
