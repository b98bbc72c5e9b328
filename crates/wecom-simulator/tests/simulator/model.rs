//! Random sequences of calls, compared with a simple model.

use std::collections::BTreeMap;

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetResult, ImportChainContact, ImportContact, ImportCorp,
    ImportStatus, RemoveCorp,
};
use wecom_upstream::values::CorpRef;

use crate::support::{Harness, dealers, expect_code, expect_ok};

/// The path of the group and the id of every corp, by name.
type Corps = BTreeMap<String, (String, CorpRef)>;

const PATHS: [&str; 5] = ["", "华北区", "华北区/北京市", "西南区/成都市", "西南区"];

#[test]
fn random_imports_and_removals_have_the_same_result_as_in_a_simple_model() {
    for seed in 1..=20 {
        let (sim, mut random) = (Harness::demo(), Random(seed));
        let mut model = corps(&sim, &mut random);
        let mut removed = None;
        for _ in 0..30 {
            if random.below(2) == 0 {
                import(&sim, &mut random, &mut model);
            } else {
                remove(&sim, &mut random, &mut model, &mut removed);
            }
            let there = corps(&sim, &mut random);
            let names = |corps: &Corps| corps.iter().map(|(name, (path, _))| (name.clone(), path.clone())).collect();
            let (expected, found): (Vec<_>, Vec<_>) = (names(&model), names(&there));
            assert_eq!(found, expected, "seed {seed}");
            model = there;
        }
    }
}

fn import(sim: &Harness, random: &mut Random, model: &mut Corps) {
    let (name, path) = (format!("第{}商行", random.below(12)), PATHS[random.below(PATHS.len())]);
    let corp = ImportCorp::new(&name, [ImportContact::head("张三", "13000000001")]);
    let corp = if path.is_empty() { corp } else { corp.group_path(path) };
    let job = expect_ok(sim.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
    sim.advance(5);
    let result = expect_ok(sim.upstream.get_result(GetResult::new(job))).result.unwrap();
    assert_eq!(result.import_status, ImportStatus::AllImported, "{:?}", result.fail_list);
    let id = CorpRef::from(wecom_upstream::ids::PendingCorpId::new("not known yet"));
    // An existing corp stays in its group.
    model.entry(name).or_insert((path.to_owned(), id));
}

fn remove(sim: &Harness, random: &mut Random, model: &mut Corps, removed: &mut Option<CorpRef>) {
    let Some(name) = model.keys().nth(random.below(model.len().max(1))).cloned() else { return };
    let (_, id) = model.remove(&name).unwrap();
    let reply = expect_ok(sim.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), &id)));
    assert_eq!(reply.corp_name, name);
    expect_ok(sim.upstream.remove_corp(RemoveCorp::new(dealers(), &id)));
    for gone in removed.replace(id.clone()).into_iter().chain([id]) {
        let again = sim.upstream.remove_corp(RemoveCorp::new(dealers(), gone));
        assert_eq!(expect_code(again), ErrCode::CORP_NOT_IN_CHAIN);
    }
}

/// All corps of the chain, listed in pages of random sizes.
fn corps(sim: &Harness, random: &mut Random) -> Corps {
    let groups = expect_ok(sim.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let mut paths = BTreeMap::from([(GroupId::ROOT, String::new())]);
    for group in groups {
        // A group comes after its parent, because its id is greater.
        let above = &paths[&group.parentid.unwrap()];
        let path = if above.is_empty() { group.group_name } else { format!("{above}/{}", group.group_name) };
        paths.insert(group.groupid, path);
    }
    let mut found = Corps::new();
    for (groupid, path) in paths {
        let limit = u32::try_from(random.below(3)).unwrap() + 1;
        let mut call = GetChainCorpinfoList::new(dealers()).groupid(groupid).need_pending(true).limit(limit);
        loop {
            let page = expect_ok(sim.upstream.get_chain_corpinfo_list(call.clone()));
            for corp in page.group_corps {
                let id = corp.corp().unwrap();
                let twice = found.insert(corp.corp_name, (path.clone(), id));
                assert!(twice.is_none());
            }
            match page.next_cursor {
                Some(cursor) => call = call.cursor(cursor),
                None => break,
            }
        }
    }
    found
}

/// A random number generator (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}
