//! Random sequences of calls against a model that is simple enough to be believed.

use std::collections::BTreeMap;

use wecom_core::ErrCode;
use wecom_upstream::GroupId;
use wecom_upstream::calls::{
    GetChainCorpinfo, GetChainCorpinfoList, GetChainGroup, GetResult, ImportChainContact, ImportContact, ImportCorp,
    ImportStatus, RemoveCorp,
};
use wecom_upstream::values::CorpRef;

use crate::support::{Story, dealers, granted, refused};

/// Every corp by its name: the path of its group, and how it is called.
type Corps = BTreeMap<String, (String, CorpRef)>;

const PATHS: [&str; 5] = ["", "华北区", "华北区/北京市", "西南区/成都市", "西南区"];

#[test]
fn the_chain_is_what_a_model_says_after_any_sequence_of_imports_and_removals() {
    for seed in 1..=20 {
        let (story, mut dice) = (Story::demo(), Dice(seed));
        let mut model = corps(&story, &mut dice);
        let mut removed = None;
        for _ in 0..30 {
            if dice.roll(2) == 0 {
                import(&story, &mut dice, &mut model);
            } else {
                remove(&story, &mut dice, &mut model, &mut removed);
            }
            let there = corps(&story, &mut dice);
            let names = |corps: &Corps| corps.iter().map(|(name, (path, _))| (name.clone(), path.clone())).collect();
            let (expected, found): (Vec<_>, Vec<_>) = (names(&model), names(&there));
            assert_eq!(found, expected, "seed {seed}");
            model = there;
        }
    }
}

fn import(story: &Story, dice: &mut Dice, model: &mut Corps) {
    let (name, path) = (format!("第{}商行", dice.roll(12)), PATHS[dice.roll(PATHS.len())]);
    let corp = ImportCorp::new(&name, [ImportContact::head("张三", "13000000001")]);
    let corp = if path.is_empty() { corp } else { corp.group_path(path) };
    let job = granted(story.upstream.import_chain_contact(ImportChainContact::new(dealers(), [corp]))).jobid;
    story.pass(5);
    let result = granted(story.upstream.get_result(GetResult::new(job))).result.unwrap();
    assert_eq!(result.import_status, ImportStatus::AllImported, "{:?}", result.fail_list);
    let id = CorpRef::from(wecom_upstream::ids::PendingCorpId::new("not known yet"));
    // One that is there already stays where it is.
    model.entry(name).or_insert((path.to_owned(), id));
}

fn remove(story: &Story, dice: &mut Dice, model: &mut Corps, removed: &mut Option<CorpRef>) {
    let Some(name) = model.keys().nth(dice.roll(model.len().max(1))).cloned() else { return };
    let (_, id) = model.remove(&name).unwrap();
    let told = granted(story.upstream.get_chain_corpinfo(GetChainCorpinfo::new(dealers(), &id)));
    assert_eq!(told.corp_name, name);
    granted(story.upstream.remove_corp(RemoveCorp::new(dealers(), &id)));
    for gone in removed.replace(id.clone()).into_iter().chain([id]) {
        let again = story.upstream.remove_corp(RemoveCorp::new(dealers(), gone));
        assert_eq!(refused(again), ErrCode::CORP_NOT_IN_CHAIN);
    }
}

/// All corps of the chain, by walking its groups in pages of any size.
fn corps(story: &Story, dice: &mut Dice) -> Corps {
    let groups = granted(story.upstream.get_chain_group(GetChainGroup::new(dealers()))).groups;
    let mut paths = BTreeMap::from([(GroupId::ROOT, String::new())]);
    for group in groups {
        // A group comes after the one above it, as its id is larger.
        let above = &paths[&group.parentid.unwrap()];
        let path = if above.is_empty() { group.group_name } else { format!("{above}/{}", group.group_name) };
        paths.insert(group.groupid, path);
    }
    let mut found = Corps::new();
    for (groupid, path) in paths {
        let limit = u32::try_from(dice.roll(3)).unwrap() + 1;
        let mut call = GetChainCorpinfoList::new(dealers()).groupid(groupid).need_pending(true).limit(limit);
        loop {
            let page = granted(story.upstream.get_chain_corpinfo_list(call.clone()));
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

/// A small generator (xorshift): the same throws for the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(sides).unwrap()).unwrap()
    }
}
