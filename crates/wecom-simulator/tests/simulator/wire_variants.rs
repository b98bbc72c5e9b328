//! The typed client reads every answer alike, however it is written.

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
use crate::support::{Story, dealers, granted, jingxi};

const APP: AgentId = AgentId::new(1_000_003);
const ODD: &str = "ChOdd";

/// The demo world, and a chain whose names hold line breaks and the like; seen by an app with an empty page of shares.
fn world() -> World {
    let odd = CorpId::new("wwodd");
    let name = "一级\t经销商\n\"北\\京\"\u{1}\u{1f}";
    let app = WorldApp::new(APP, Secret::new("the-secret-of-another"));
    let unwilling = WorldPerson::new("13000000009").may_not_join();
    World::demo().person(unwilling).app(app.shared_with(SharedCorp::new(&odd, name, AgentId::new(9)))).chain(
        WorldChain::new(ChainId::new(ODD), name)
            .group(Group::new(GroupId::new(2), name, GroupId::ROOT).order(4_294_967_295))
            .corp(
                WorldCorp::joined(GroupId::new(2), &odd, name).known_member(UserId::new("li"), UserCustomId::new("7")),
            )
            .corp(WorldCorp::joined(GroupId::new(2), CorpId::new("wwplain"), "美馨粮油公司")),
    )
}

/// Every typed call once at least, and how each ended, in words.
fn scenario(simulator: &Simulator) -> Vec<String> {
    let upstream = Upstream::new(simulator.client());
    let mut said = Vec::new();
    let chain = ChainId::new(ODD);
    let corp = || CorpId::new("wwodd");
    said.push(ended(upstream.get_chain_list()));
    for chain in [&chain, &dealers(), &ChainId::new("ChNowhere")] {
        said.push(ended(upstream.get_chain_group(GetChainGroup::new(chain))));
        let list = GetChainCorpinfoList::new(chain).need_pending(true);
        said.push(ended(upstream.get_chain_corpinfo_list(list.clone())));
        said.push(ended(upstream.get_chain_corpinfo_list(list.groupid(GroupId::new(2)).limit(1))));
    }
    said.push(ended(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, corp()))));
    said.push(ended(upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), jingxi()))));
    said.push(ended(upstream.list_app_share_info(ListAppShareInfo::new(AgentId::new(1_000_002)).limit(1))));
    said.push(ended(upstream.get_corp_shared_chain_list(GetCorpSharedChainList::new(corp()))));
    let member = GetChainUserCustomId::new(&chain, corp(), UserId::new("li"));
    said.push(ended(upstream.get_chain_user_custom_id(member)));
    let (unionid, openid) = (UnionId::new("oUnionChen"), OpenId::new("oOpenChen"));
    let customers = ExternalUseridToPendingId::new([ExternalUserId::new("wmChenOfJingxi")]);
    said.push(ended(upstream.external_userid_to_pending_id(customers.clone())));
    said.push(ended(upstream.unionid_to_external_userid(UnionidToExternalUserid::new(&unionid, &openid))));
    said.push(ended(upstream.unionid_to_pending_id(UnionidToPendingId::new(&unionid, &openid))));
    said.push(ended(upstream.external_userid_to_pending_id(customers)));
    for contact in [ImportContact::head("张三", "13000000001"), ImportContact::head("张三", "13000000009")] {
        let corp = ImportCorp::new("长城电器", [contact]);
        let job = granted(upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
        (0..3).for_each(|_| said.push(ended(upstream.get_result(GetResult::new(&job)))));
    }
    said.push(ended(upstream.remove_corp(RemoveCorp::new(&chain, corp()))));
    said.push(ended(upstream.get_chain_corpinfo(GetChainCorpinfo::new(&chain, corp()))));
    said
}

fn ended<T: Serialize>(call: impl Future<Output = Result<T, Error>>) -> String {
    match pollster::block_on(call) {
        Ok(reply) => serde_json::to_string(&reply).unwrap(),
        Err(error) => format!("{error}"),
    }
}

#[test]
fn the_typed_client_reads_each_variant_and_all_of_them_as_the_plain_answers() {
    let plain = scenario(&Simulator::new(world()));
    assert!(plain.len() > 25 && plain.iter().any(|said| said.contains("13000000009")));
    let of = |variants: &[WireVariant]| scenario(&Simulator::new(world()).wire_variants(variants.iter().copied()));
    for variant in WireVariant::ALL {
        assert_eq!(of(&[variant]), plain, "{variant:?}");
    }
    assert_eq!(of(&WireVariant::ALL), plain);
    let mut backwards = WireVariant::ALL;
    backwards.reverse();
    assert_eq!(of(&backwards), plain);
}

fn odd(variant: WireVariant) -> Story {
    let story = Story::of(world());
    let simulator = story.simulator.clone().wire_variants([variant]);
    Story { simulator, ..story }
}

fn list(story: &Story) -> Value {
    let body = json!({"chain_id": ODD, "groupid": 2});
    story.raw(&GET_CHAIN_CORPINFO_LIST, &body).unwrap()
}

#[test]
fn the_answers_do_differ() {
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
fn rules_are_written_in_other_ways_too() {
    let rule = |variant| {
        let story = odd(variant);
        let added = story.raw(&ADD, &good()).unwrap()["rule_id"].clone();
        (added, story.raw(&GET, &of(1)).unwrap()["rule_info"]["member_corp_range"]["groupids"].clone())
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
fn a_token_comes_in_other_ways_too_and_a_refusal_never_loses_its_code() {
    let marked = get_token(WireVariant::ByteOrderMark, "demo-secret-of-yunzao");
    assert!(marked.body().starts_with(b"\xEF\xBB\xBF{\"errcode\":0,"));
    let bare = get_token(WireVariant::NoErrcode, "demo-secret-of-yunzao");
    assert!(bare.body().starts_with(b"{\"access_token\":"));
    let refused = get_token(WireVariant::NoErrcode, "a-wrong-secret");
    let refused: Value = serde_json::from_slice(refused.body()).unwrap();
    assert_eq!(refused["errcode"], json!(ErrCode::INVALID_SECRET.0));
}
