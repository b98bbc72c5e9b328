//! Generated worlds of any size.

use wecom_core::Secret;
use wecom_upstream::{AgentId, ChainId, CorpId};

use super::generated_corps::GeneratedCorps;
use super::{World, WorldApp, WorldChain};

impl World {
    /// Generates a world with one chain, `ChGenerated`, with this number of corps.
    ///
    /// About one in eight corps is pending. There is one group for every 100 corps, and at most 1,000 groups. Every joined
    /// corp has a member with a custom id. The same seed always generates the same world.
    ///
    /// ```
    /// use wecom_simulator::{Simulator, World};
    /// use wecom_upstream::calls::GetChainCorpinfoList;
    /// use wecom_upstream::{ChainId, Upstream};
    ///
    /// let upstream = Upstream::new(Simulator::new(World::generate(10_000, 7)).client());
    /// let page = GetChainCorpinfoList::new(ChainId::new("ChGenerated"))
    ///     .need_pending(true)
    ///     .limit(20);
    /// # pollster::block_on(async {
    /// assert_eq!(upstream.get_chain_corpinfo_list(page).await?.group_corps.len(), 20);
    /// # Ok::<(), wecom_core::Error>(())
    /// # })?;
    /// # Ok::<(), wecom_core::Error>(())
    /// ```
    ///
    /// # Size
    ///
    /// A corp is generated on each access and stored only after a change. Of the other corps, only the order in their groups
    /// is stored. Measured in release mode on two shared cores: creating a simulator of a million corps takes 0.07 to 0.1 s
    /// and at most 12 MB, and a page of 100 corps takes the typed client 0.2 to 0.3 ms with a thousand corps or a million.
    pub fn generate(corps: usize, seed: u64) -> Self {
        let generated = GeneratedCorps::new(corps as u64, seed);
        let mut chain = WorldChain::new(ChainId::new("ChGenerated"), "全国经销商");
        chain.groups = generated.groups().collect();
        chain.generated = Some(generated);
        let app = WorldApp::new(AgentId::new(1_000_002), Secret::new(format!("generated-secret-{seed}")));
        Self::new(CorpId::new("wwgenerated")).app(app).chain(chain)
    }
}
