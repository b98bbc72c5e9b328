//! The typed client decodes all wire variants alike.

use serde::Serialize;
use serde_json::{Value, json};
use wecom_core::token::GET_TOKEN;
use wecom_core::{ErrCode, Error, Request, Response, Secret, Transport};
use wecom_simulator::{Simulator, WireVariant, World, WorldApp, WorldChain, WorldCorp, WorldPerson};
use wecom_upstream::calls::{
    ExternalUseridToPendingId, GET_CHAIN_CORPINFO, GET_CHAIN_CORPINFO_LIST, GetChainCorpinfo, GetChainCorpinfoList,
    GetChainGroup, GetChainUserCustomId, GetCorpSharedChainList, GetResult, Group, ImportChainContact, ImportContact,
    ImportCorp, ListAppShareInfo, RemoveCorp, SharedCorp, UnionidToExternalUserid, UnionidToPendingId,
};
use wecom_upstream::ids::UserCustomId;
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, Upstream, UserId};

use crate::rules::{ADD, GET, good, of};
use crate::support::{Harness, dealers, expect_ok, jingxi};

const APP: AgentId = AgentId::new(1_000_003);
const ODD: &str = "ChOdd";

/// The demo world with another chain, whose names contain control characters, and another app.
fn world() -> World {
    let odd = CorpId::new("wwodd");
    let name = "一级\t经销商\n\"北\\京\"\u{1}\u{1f}";
    let app = WorldApp::new(APP, Secret::new("the-secret-of-another"));
    let unwilling = WorldPerson::new("13000000009").may_not_join();
    World::demo().person(unwilling).app(app.shared_with(SharedCorp::new(&odd, name, AgentId::new(9)))).chain(
        WorldChain::new(ChainId::new(ODD), name)
            .group(Group::new(GroupId::new(2), name, GroupId::ROOT).order(4_294_967_295))
            .corp(
                WorldCorp::joined(GroupId::new(2), &odd, name)
                    .member_with_custom_id(UserId::new("li"), UserCustomId::new("7")),
            )
            .corp(WorldCorp::joined(GroupId::new(2), CorpId::new("wwplain"), "美馨粮油公司")),
    )
}

/// Makes every typed call and returns the outcome of each as text.
fn scenario(simulator: &Simulator) -> Vec<String> {
    let upstream = Upstream::new(simulator.client());
    let mut outcomes = Vec::new();
    let chain = ChainId::new(ODD);
    let corp = || CorpId::new("wwodd");
    outcomes.push(outcome(upstream.get_chain_list()));
    for chain in [&chain, &dealers(), &ChainId::new("ChNowhere")] {
        outcomes.push(outcome(upstream.get_chain_group(GetChainGroup::new(chain))));
        let list = GetChainCorpinfoList::new(chain).need_pending(true);
        outcomes.push(outcome(upstream.get_chain_corpinfo_list(list.clone())));
        outcomes.push(outcome(upstream.get_chain_corpinfo_list(list.groupid(GroupId::new(2)).limit(1))));
    }
    outcomes.push(outcome(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, corp()))));
    outcomes.push(outcome(upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi()))));
    outcomes.push(outcome(upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1_000_002)).limit(1))));
    outcomes.push(outcome(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(corp()))));
    let member = GetChainUserCustomId::new(&chain, corp(), UserId::new("li"));
    outcomes.push(outcome(upstream.get_chain_user_custom_id(member)));
    let (unionid, openid) = (UnionId::new("oUnionChen"), OpenId::new("oOpenChen"));
    let customers = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    outcomes.push(outcome(upstream.external_userid_to_pending_id(customers.clone())));
    outcomes.push(outcome(upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&unionid, &openid))));
    outcomes.push(outcome(upstream.unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid))));
    outcomes.push(outcome(upstream.external_userid_to_pending_id(customers)));
    for contact in [ImportContact::head("张三", "13000000001"), ImportContact::head("张三", "13000000009")] {
        let corp = ImportCorp::new("长城电器", [contact]);
        let job = expect_ok(upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
        (0..3).for_each(|_| outcomes.push(outcome(upstream.get_result(GetResult::new(&job)))));
    }
    outcomes.push(outcome(upstream.remove_corp(RemoveCorp::new(&chain, corp()))));
    outcomes.push(outcome(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, corp()))));
    outcomes
}

fn outcome<T: Serialize>(call: impl Future<Output = Result<T, Error>>) -> String {
    match pollster::block_on(call) {
        Ok(reply) => serde_json::to_string(&reply).unwrap(),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn the_typed_client_decodes_every_variant_and_all_together_like_the_documented_replies() {
    let plain = scenario(&Simulator::new(world()));
    assert!(plain.len() > 25 && plain.iter().any(|outcomes| outcomes.contains("13000000009")));
    let of = |variants: &[WireVariant]| scenario(&Simulator::new(world()).wire_variants(variants.iter().copied()));
    for variant in WireVariant::ALL {
        assert_eq!(of(&[variant]), plain, "{variant:?}");
    }
    assert_eq!(of(&WireVariant::ALL), plain);
    let mut backwards = WireVariant::ALL;
    backwards.reverse();
    assert_eq!(of(&backwards), plain);
}

fn odd(variant: WireVariant) -> Harness {
    let sim = Harness::of(world());
    let simulator = sim.simulator.clone().wire_variants([variant]);
    Harness { simulator, ..sim }
}

fn list(sim: &Harness) -> Value {
    let body = json!({"chain_id": ODD, "groupid": 2});
    sim.raw(&GET_CHAIN_CORPINFO_LIST, &body).unwrap()
}

#[test]
fn every_variant_changes_the_reply() {
    let of = |variant, pointer: &str| list(&odd(variant)).pointer(pointer).cloned();
    assert_eq!(of(WireVariant::NumbersAsTexts, "/group_corps/0/groupid"), Some(json!("2")));
    assert_eq!(of(WireVariant::IsJoinedSwapped, "/group_corps/0/is_joined"), Some(json!(true)));
    assert_eq!(of(WireVariant::EmptyAsNull, "/next_cursor"), Some(json!(null)));
    assert_eq!(of(WireVariant::EmptyAbsent, "/next_cursor"), None);
    assert!(of(WireVariant::UnknownFields, "/group_corps/0/ext_attr").is_some());
    let one = odd(WireVariant::IsJoinedSwapped).raw(&GET_CHAIN_CORPINFO, &json!({"chain_id": ODD, "corpid": "wwodd"}));
    assert_eq!(one.unwrap()["is_joined"], json!(1));
}

#[test]
fn variants_apply_to_rules() {
    let rule = |variant| {
        let sim = odd(variant);
        let added = sim.raw(&ADD, &good()).unwrap()["rule_id"].clone();
        (added, sim.raw(&GET, &of(1)).unwrap()["rule_info"]["member_corp_range"]["groupids"].clone())
    };
    assert_eq!(rule(WireVariant::NumbersAsTexts), (json!("1"), json!(["2"])));
    assert_eq!(rule(WireVariant::TextsAsNumbers), (json!(1), json!([2])));
}

fn get_token(variant: WireVariant, secret: &str) -> Response {
    let mut query = wecom_core::http::Query::new();
    query.push("corpid", "wwyunzao");
    query.push_secret("corpsecret", Secret::new(secret));
    let simulator = Simulator::demo().wire_variants([variant]);
    pollster::block_on(Transport::send(&simulator, Request::new(&GET_TOKEN).with_query(query))).unwrap()
}

#[test]
fn variants_apply_to_gettoken_and_a_refusal_keeps_its_errcode() {
    let marked = get_token(WireVariant::ByteOrderMark, "demo-secret-of-yunzao");
    assert!(marked.body().starts_with(b"\xEF\xBB\xBF{\"errcode\":0,"));
    let bare = get_token(WireVariant::NoErrcode, "demo-secret-of-yunzao");
    assert!(bare.body().starts_with(b"{\"access_token\":"));
    let refused = get_token(WireVariant::NoErrcode, "a-wrong-secret");
    let refused: Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(refused["errcode"], json!(ErrCode::INVALID_SECRET.0));
}
