//! Worlds of any size, the same for the same seed.

use wecom_core::Secret;
use wecom_upstream::{
    AgentId, ChainId, CorpId, CustomId, Group, GroupId, PendingCorpId, QualificationStatus, UserCustomId, UserId,
};

use super::{World, WorldApp, WorldChain, WorldCorp};
use crate::simulator::cursor::mix;

const PLACES: [&str; 8] = ["长河", "云岭", "海津", "金沙", "北辰", "南屏", "东湖", "西原"];
const TRADES: [&str; 8] = ["家电", "建材", "粮油", "五金", "百货", "纸业", "服饰", "茶叶"];
const KINDS: [&str; 4] = ["商行", "贸易公司", "经销部", "配送中心"];
/// How many corps there are to a group, and how many groups at most.
const CORPS_OF_A_GROUP: usize = 100;
const GROUPS: usize = 1000;

impl World {
    /// A world with one chain, `ChGenerated`, of so many corps, about one in eight of them pending; one group for every
    /// hundred corps, but at most a thousand; every joined corp with a member who has a custom id. The same seed gives the
    /// same world.
    ///
    /// ```
    /// use wecom_mock::{Simulator, World};
    /// use wecom_upstream::{ChainId, GetChainCorpinfoList, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::new(World::generate(10_000, 7)).client());
    /// let page = GetChainCorpinfoList::new(ChainId::new("ChGenerated")).need_pending(true).limit(20);
    /// # pollster::block_on(async {
    /// assert_eq!(upstream.get_chain_corpinfo_list(page).await?.group_corps.len(), 20);
    /// # Ok::<(), wecom_core::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_core::Error>(())
    /// ```
    pub fn generate(corps: usize, seed: u64) -> Self {
        let groups = (corps / CORPS_OF_A_GROUP).min(GROUPS) as u64;
        let mut chain = WorldChain::new(ChainId::new("ChGenerated"), "全国经销商");
        // The root is group 1, and each other one lies below one that came before it.
        for at in 0..groups {
            let parent = draw(seed, "parent", at) % (at + 1) / 2 + 1;
            let name = format!("{}第{}片区", pick(&PLACES, draw(seed, "place", at)), at + 1);
            chain = chain.group(Group::new(group(at + 2), name, group(parent)).order((at % 100) as i64));
        }
        chain.corps = (0..corps as u64).map(|at| corp(seed, at, groups)).collect();
        let app = WorldApp::new(AgentId::new(1_000_002), Secret::new(format!("generated-secret-{seed}")));
        Self::new(CorpId::new("wwgenerated")).app(app).chain(chain)
    }
}

fn corp(seed: u64, at: u64, groups: u64) -> WorldCorp {
    let groupid = group(draw(seed, "group", at) % (groups + 1) + 1);
    let name = format!(
        "{}{}{}{at}",
        pick(&PLACES, draw(seed, "place", at)),
        pick(&TRADES, draw(seed, "trade", at)),
        pick(&KINDS, draw(seed, "kind", at)),
    );
    let number = draw(seed, "id", at);
    let corp = if draw(seed, "pending", at) % 8 == 0 {
        WorldCorp::pending(groupid, PendingCorpId::new(format!("wp{number:016x}{at:x}")), name)
    } else {
        let status = QualificationStatus::from((draw(seed, "status", at) % 3) as i64 + 1);
        WorldCorp::joined(groupid, CorpId::new(format!("ww{number:016x}{at:x}")), name)
            .qualification(status)
            .known_member(UserId::new(format!("user{at}")), UserCustomId::new((at + 1).to_string()))
    };
    corp.custom_id(CustomId::new(format!("C{at}")))
}

fn group(number: u64) -> GroupId {
    GroupId::new(number as i64)
}

fn pick<'a>(words: &[&'a str], number: u64) -> &'a str {
    words.get((number % words.len() as u64) as usize).copied().unwrap_or_default()
}

/// A number that only the seed, the purpose and the place decide; its low bits are as good as its high ones.
fn draw(seed: u64, purpose: &str, at: u64) -> u64 {
    let number = mix(mix(mix(0xCBF2_9CE4_8422_2325, &seed.to_le_bytes()), purpose.as_bytes()), &at.to_le_bytes());
    let number = (number ^ (number >> 33)).wrapping_mul(0xFF51_AFD7_ED55_8CCD);
    number ^ (number >> 33)
}
