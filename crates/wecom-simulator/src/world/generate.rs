//! Worlds of any size, the same for the same seed.

use wecom_core::Secret;
use wecom_upstream::{AgentId, ChainId, CorpId};

use super::generated_corps::GeneratedCorps;
use super::{World, WorldApp, WorldChain};

impl World {
    /// A world with one chain, `ChGenerated`, of so many corps, about one in eight of them pending; one group for every
    /// hundred corps, but at most a thousand; every joined corp with a member who has a custom id. The same seed gives the
    /// same world.
    ///
    /// ```
    /// use wecom_simulator::{Simulator, World};
    /// use wecom_upstream::calls::GetChainCorpinfoList;
    /// use wecom_upstream::{ChainId, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::new(World::generate(10_000, 7)).client());
    /// let page = GetChainCorpinfoList::new(ChainId::new("ChGenerated")).need_pending(true).limit(20);
    /// # pollster::block_on(async {
    /// assert_eq!(upstream.get_chain_corpinfo_list(page).await?.group_corps.len(), 20);
    /// # Ok::<(), wecom_core::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_core::Error>(())
    /// ```
    ///
    /// # Size
    ///
    /// A corp is made whenever it is looked at, and kept only once something has changed it; of the others, only the
    /// order in their groups is kept. Measured on two shared cores in release mode: a simulator of a million corps is
    /// there after 0.07 to 0.1 s and takes 12 MB at its most, and a page of 100 takes the typed client 0.2 to 0.3 ms,
    /// whether the chain has a thousand corps or a million.
    pub fn generate(corps: usize, seed: u64) -> Self {
        let generated = GeneratedCorps::new(corps as u64, seed);
        let mut chain = WorldChain::new(ChainId::new("ChGenerated"), "全国经销商");
        chain.groups = generated.groups().collect();
        chain.generated = Some(generated);
        let app = WorldApp::new(AgentId::new(1_000_002), Secret::new(format!("generated-secret-{seed}")));
        Self::new(CorpId::new("wwgenerated")).app(app).chain(chain)
    }
}
