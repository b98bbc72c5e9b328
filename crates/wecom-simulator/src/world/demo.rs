//! The world of the examples: a manufacturer of kitchen appliances with its dealers and suppliers.

use wecom_core::Secret;
use wecom_upstream::calls::{Group, QualificationStatus, SharedCorp};
use wecom_upstream::ids::{ChatId, CustomId, PendingCorpId, UserCustomId};
use wecom_upstream::{AgentId, ChainId, CorpId, ExternalUserId, GroupId, OpenId, UnionId, UserId};

use super::{World, WorldApp, WorldChain, WorldCorp, WorldCustomer, WorldSession};

const NORTH: GroupId = GroupId::new(2);
const BEIJING: GroupId = GroupId::new(3);
const EAST: GroupId = GroupId::new(4);
const SHANGHAI: GroupId = GroupId::new(5);
const STEEL: GroupId = GroupId::new(2);
const PACKAGING: GroupId = GroupId::new(3);

impl World {
    /// Creates the demo world: 云灶家电, a manufacturer of kitchen appliances, with the chain `ChDealers` of its dealers (经销商) and
    /// the chain `ChSuppliers` of its suppliers (供应商).
    ///
    /// | chain | group | corps |
    /// |---|---|---|
    /// | `ChDealers` 全国经销商 | 1 root | 中原家电配送中心 |
    /// | | 2 华北区 | 冀北电器商行, 晋阳家居 (pending) |
    /// | | 3 华北区/北京市 | 京西厨卫商贸, 燕山家电服务部 |
    /// | | 4 华东区 | 江南厨房用品公司, 太湖电器 (pending) |
    /// | | 5 华东区/上海市 | 浦江家电 |
    /// | `ChSuppliers` 原材料供应商 | 2 钢材 | 鞍岭不锈钢 |
    /// | | 3 包装 | 嘉禾纸业, 永固泡沫 (pending) |
    ///
    /// Its app is shared with three of the dealers. 京西厨卫商贸 (`wwjingxi`) has the members `zhaomin`, with the custom id
    /// 1001, and `sunlei`, without a custom id. Its customers are `oUnionChen`, also a customer of 浦江家电, and `oUnionLiu`.
    /// `oUnionWang` is not a customer of any corp. `zhaomin` has a login session of the upstream corp's mini program, as
    /// `woZhaomin` with the session key `demo-session-key-of-zhaomin`.
    pub fn demo() -> Self {
        Self::new(CorpId::new("wwyunzao"))
            .app(demo_app())
            .chain(dealers())
            .chain(suppliers())
            .customer(
                WorldCustomer::new(UnionId::new("oUnionChen"), OpenId::new("oOpenChen"))
                    .known_to(CorpId::new("wwjingxi"), ExternalUserId::new("wmChenOfJingxi"))
                    .known_to(CorpId::new("wwpujiang"), ExternalUserId::new("wmChenOfPujiang")),
            )
            .customer(
                WorldCustomer::new(UnionId::new("oUnionLiu"), OpenId::new("oOpenLiu"))
                    .known_to(CorpId::new("wwjingxi"), ExternalUserId::new("wmLiuOfJingxi")),
            )
            .customer(WorldCustomer::new(UnionId::new("oUnionWang"), OpenId::new("oOpenWang")))
            .chat(ChatId::new("wrKitchenFriends"), [ExternalUserId::new("wmChenOfJingxi")])
            .session(
                WorldSession::new(UserId::new("woZhaomin"), Secret::new("demo-session-key-of-zhaomin"))
                    .corp_user(CorpId::new("wwjingxi"), UserId::new("zhaomin")),
            )
    }
}

fn demo_app() -> WorldApp {
    let shared = |corpid: &str, name: &str, agentid| SharedCorp::new(CorpId::new(corpid), name, AgentId::new(agentid));
    WorldApp::new(AgentId::new(1_000_002), Secret::new("demo-secret-of-yunzao"))
        .shared_with(shared("wwjingxi", "京西厨卫商贸", 1_000_011))
        .shared_with(shared("wwjibei", "冀北电器商行", 1_000_023))
        .shared_with(shared("wwpujiang", "浦江家电", 1_000_008))
}

fn dealers() -> WorldChain {
    WorldChain::new(ChainId::new("ChDealers"), "全国经销商")
        .group(Group::new(NORTH, "华北区", GroupId::ROOT).order(20))
        .group(Group::new(BEIJING, "北京市", NORTH).order(10))
        .group(Group::new(EAST, "华东区", GroupId::ROOT).order(10))
        .group(Group::new(SHANGHAI, "上海市", EAST).order(10))
        .corp(joined(GroupId::ROOT, "wwzhongyuan", "中原家电配送中心", "HUB1"))
        .corp(joined(NORTH, "wwjibei", "冀北电器商行", "N001"))
        .corp(pending(NORTH, "wpjinyang", "晋阳家居").custom_id(CustomId::new("N002")))
        .corp(
            joined(BEIJING, "wwjingxi", "京西厨卫商贸", "BJ01")
                .qualification(QualificationStatus::Certified)
                .member_with_custom_id(UserId::new("zhaomin"), UserCustomId::new("1001"))
                .member(UserId::new("sunlei")),
        )
        .corp(joined(BEIJING, "wwyanshan", "燕山家电服务部", "BJ02"))
        .corp(joined(EAST, "wwjiangnan", "江南厨房用品公司", "E001"))
        .corp(pending(EAST, "wptaihu", "太湖电器"))
        .corp(
            joined(SHANGHAI, "wwpujiang", "浦江家电", "SH01")
                .qualification(QualificationStatus::Verified)
                .member_with_custom_id(UserId::new("xujing"), UserCustomId::new("2001")),
        )
}

fn suppliers() -> WorldChain {
    WorldChain::new(ChainId::new("ChSuppliers"), "原材料供应商")
        .group(Group::new(STEEL, "钢材", GroupId::ROOT).order(2))
        .group(Group::new(PACKAGING, "包装", GroupId::ROOT).order(1))
        .corp(joined(STEEL, "wwanling", "鞍岭不锈钢", "S001"))
        .corp(joined(PACKAGING, "wwjiahe", "嘉禾纸业", "P001"))
        .corp(pending(PACKAGING, "wpyonggu", "永固泡沫"))
}

fn joined(groupid: GroupId, corpid: &str, name: &str, custom_id: &str) -> WorldCorp {
    let corp = WorldCorp::joined(groupid, CorpId::new(corpid), name).qualification(QualificationStatus::Verified);
    corp.custom_id(CustomId::new(custom_id)).invite_userid(inviter())
}

fn pending(groupid: GroupId, corpid: &str, name: &str) -> WorldCorp {
    WorldCorp::pending(groupid, PendingCorpId::new(corpid), name).invite_userid(inviter())
}

fn inviter() -> UserId {
    UserId::new("linfang")
}
