//! A service with existing corps, rows of which some conflict with them, and a record of the submissions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use wecom_core::{Client, Request, Response, Secret, Transport, TransportError, async_trait};
use wecom_mock::{Faults, ManualTimer};
use wecom_simulator::{Simulator, World, WorldApp, WorldChain, WorldCorp};
use wecom_upstream::calls::{GetChainCorpinfoList, GetChainGroup, ImportContact, ImportCorp};
use wecom_upstream::ids::{CustomId, PendingCorpId};
use wecom_upstream::jobs::import::{ImportOutcome, ImportReport};
use wecom_upstream::{AgentId, ChainId, CorpId, GroupId, Upstream};

/// The number of corps in the chain before the import: one for each conflicting row.
pub(crate) const EXISTING: usize = 350;

pub(crate) fn chain() -> ChainId {
    ChainId::new("Ch1")
}

pub(crate) fn world() -> World {
    let existing = |number: usize| {
        WorldCorp::pending(GroupId::ROOT, PendingCorpId::new(format!("wpold{number}")), format!("老客户{number}"))
            .custom_id(CustomId::new(format!("OLD{number}")))
    };
    let conflicts = (1..=5000).filter(|&row| is_conflicting(row));
    let chain = conflicts.fold(WorldChain::new(chain(), "经销商"), |chain, number| chain.corp(existing(number)));
    World::new(CorpId::new("wwup")).app(WorldApp::new(AgentId::new(1), Secret::new("app-secret"))).chain(chain)
}

/// Whether the row of this number conflicts with an existing corp: seven rows in a hundred.
pub(crate) fn is_conflicting(row: usize) -> bool {
    row % 100 < 7
}

/// Rows that keep all documented rules. Conflicting rows have the name or the custom id of an existing corp.
pub(crate) fn rows(count: usize, contacts: usize) -> Vec<ImportCorp> {
    let row = |row: usize| {
        let contact =
            |at: usize| ImportContact::member(format!("张{at}"), format!("130{:08}", (row * 300 + at) % 99_999_999));
        let name =
            if is_conflicting(row) && row % 2 == 0 { format!("老客户{row}") } else { format!("新客户{row}") };
        let custom_id = if is_conflicting(row) && row % 2 == 1 { format!("OLD{row}") } else { format!("NEW{row}") };
        let corp = ImportCorp::new(name, (0..contacts).map(contact)).custom_id(CustomId::new(custom_id));
        if row % 3 == 0 { corp.group_path(format!("大区{}/分区{}", row % 2, row % 5)) } else { corp }
    };
    (1..=count).map(row).collect()
}

/// A simulator that records the corps of the jobs that it has accepted.
#[derive(Clone)]
pub(crate) struct Recorded {
    simulator: Simulator,
    accepted: Arc<Mutex<HashMap<String, usize>>>,
}

#[async_trait]
impl Transport for Recorded {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let is_import = request.endpoint().name() == "import_chain_contact";
        let body = request.body().cloned().filter(|_| is_import);
        let response = Transport::send(&self.simulator, request).await?;
        if let Some(body) = body {
            let reply: Value = serde_json::from_slice(response.body()).unwrap();
            if reply["errcode"] == 0 {
                let body: Value = serde_json::from_slice(&body).unwrap();
                let mut accepted = self.accepted.lock().unwrap();
                for corp in body["contact_list"].as_array().unwrap() {
                    *accepted.entry(corp["corp_name"].as_str().unwrap().to_owned()).or_default() += 1;
                }
            }
        }
        Ok(response)
    }
}

/// A simulated service behind faults, with its timer.
pub(crate) struct Service {
    pub(crate) timer: ManualTimer,
    pub(crate) simulator: Simulator,
    pub(crate) faults: Faults<Recorded>,
    accepted: Arc<Mutex<HashMap<String, usize>>>,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(|simulator| simulator)
    }

    pub(crate) fn with(change: impl FnOnce(Simulator) -> Simulator) -> Self {
        let timer = ManualTimer::new();
        let simulator = change(Simulator::new(world()).on_timer(timer.clone()));
        let accepted = Arc::default();
        let recorded = Recorded { simulator: simulator.clone(), accepted: Arc::clone(&accepted) };
        Self { timer, simulator, faults: Faults::new(recorded), accepted }
    }

    /// An upstream behind the faults, on the timer.
    pub(crate) fn upstream(&self) -> Upstream {
        let builder = Client::builder(self.faults.clone()).credentials(self.simulator.credentials());
        Upstream::new(builder.timer(self.timer.clone()).build())
    }

    /// The names of the corps in the chain, listed without faults.
    pub(crate) fn in_chain(&self) -> Vec<String> {
        let upstream = Upstream::new(self.simulator.client());
        self.timer.run(async {
            let groups = upstream.get_chain_group(GetChainGroup::new(chain())).await.unwrap().groups;
            let mut names = Vec::new();
            for groupid in groups.into_iter().map(|group| group.groupid).chain([GroupId::ROOT]) {
                let call = GetChainCorpinfoList::new(chain()).groupid(groupid).need_pending(true);
                let corps = upstream.get_chain_corpinfo_list(call).await.unwrap().group_corps;
                names.extend(corps.into_iter().map(|corp| corp.corp_name));
            }
            names
        })
    }

    /// The number of accepted jobs with a corp.
    pub(crate) fn submissions(&self, name: &str) -> usize {
        self.accepted.lock().unwrap().get(name).copied().unwrap_or(0)
    }

    /// Asserts that each row was submitted once.
    #[track_caller]
    pub(crate) fn assert_submitted_once(&self, report: &ImportReport) {
        for row in &report.rows {
            assert_eq!(self.submissions(&row.corp.corp_name), 1, "row {}", row.row);
        }
    }

    /// Asserts that no corp was submitted twice, that each outcome agrees with the chain, and that only conflicting
    /// rows failed.
    #[track_caller]
    pub(crate) fn assert_consistent(&self, report: &ImportReport) {
        let in_chain = self.in_chain();
        let mut names = in_chain.clone();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), in_chain.len(), "a corp was imported twice");
        let is_new = |name: &str| name.starts_with('新');
        for row in &report.rows {
            let name = &row.corp.corp_name;
            assert!(self.submissions(name) <= 1, "row {} was submitted {} times", row.row, self.submissions(name));
            let is_there = names.binary_search(name).is_ok();
            match &row.outcome {
                ImportOutcome::Imported => assert!(is_there && !is_conflicting(row.row), "row {}", row.row),
                ImportOutcome::Failed(failure) => {
                    assert!(is_conflicting(row.row) && failure.code.0 != 0, "row {}: {failure:?}", row.row);
                    assert!(!(is_there && is_new(name)), "row {}", row.row);
                }
                ImportOutcome::Unknown { in_chain } => {
                    let expected = is_there && !is_conflicting(row.row);
                    assert_eq!(*in_chain, Some(expected), "row {} {name}", row.row);
                }
                ImportOutcome::NotSubmitted => assert_eq!(self.submissions(name), 0, "row {}", row.row),
                other => panic!("row {}: {other:?}", row.row),
            }
        }
    }
}

/// A seeded source of random numbers.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % limit
    }
}
