//! Tests of the promises of core and of the jobs, under the adversarial scheduler of `wecom_tests::adversary`.
//!
//! Each test runs a thousand seeds. `WECOM_SEEDS=1000000` runs a million in each test, `WECOM_SEEDS=5000..6000` runs this
//! range, and `WECOM_SEED=17` replays one seed.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

mod actors;
mod endpoints;
mod environment;
mod focus;
mod plan;
mod run;
mod settings;
mod world;

use wecom_tests::adversary::seed_runner::{Plan as _, run_seeds};

use self::focus::Focus;

/// The number of seeds for each test.
const SEEDS: u64 = 1000;

macro_rules! seed_tests {
    ($($test:ident: $focus:ident;)+) => {$(
        #[test]
        fn $test() {
            run_seeds(stringify!($test), SEEDS, |seed| Focus::$focus.plan(seed));
        }
    )+};
}

seed_tests! {
    calls_that_share_a_token_keep_their_promises: Tokens;
    calls_that_wait_for_a_quota_keep_their_promises: Quotas;
    calls_of_downstream_corps_keep_their_promises: Dealers;
    walks_keep_their_promises: Walks;
    imports_keep_their_promises: Imports;
    customers_keep_their_promises: Customers;
    all_kinds_of_tasks_together_keep_their_promises: All;
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    let journal = |focus: Focus, seed| {
        let mut checker = None;
        let _ = focus.plan(seed).run(true, &mut |of_run| checker = Some(of_run.clone()));
        checker.map(|checker| checker.journal())
    };
    for focus in [Focus::Tokens, Focus::Quotas, Focus::Walks, Focus::All] {
        for seed in 0..30 {
            assert_eq!(journal(focus, seed), journal(focus, seed), "{focus:?}, seed {seed}");
        }
    }
}
