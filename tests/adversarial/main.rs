//! Every promise of core and of the jobs, under the adversarial scheduler of `wecom_tests::adversary`.
//!
//! Each test runs a thousand seeds. `WECOM_SEEDS=1000000` runs a million in each, `WECOM_SEEDS=5000..6000` those seeds,
//! and `WECOM_SEED=17` replays one.

#![allow(clippy::indexing_slicing, reason = "a failing test panics")]

mod actors;
mod endpoints;
mod focus;
mod plan;
mod run;
mod settings;
mod stage;
mod world;

use wecom_tests::adversary::hunt::{Plan as _, hunt};

use self::focus::Focus;

/// How many seeds each test runs.
const SEEDS: u64 = 1000;

macro_rules! hunts {
    ($($test:ident: $focus:ident;)+) => {$(
        #[test]
        fn $test() {
            hunt(stringify!($test), SEEDS, |seed| Focus::$focus.plan(seed));
        }
    )+};
}

hunts! {
    calls_that_share_a_token_keep_their_promises: Tokens;
    calls_that_wait_for_their_turn_keep_their_promises: Quotas;
    calls_of_downstream_corps_keep_their_promises: Dealers;
    walks_keep_their_promises: Walks;
    imports_keep_their_promises: Imports;
    customers_keep_their_promises: Customers;
    everything_at_once_keeps_its_promises: All;
}

#[test]
fn a_seed_gives_the_same_run_every_time() {
    let journal = |focus: Focus, seed| {
        let mut referee = None;
        let _ = focus.plan(seed).run(true, &mut |of_run| referee = Some(of_run.clone()));
        referee.map(|referee| referee.journal())
    };
    for focus in [Focus::Tokens, Focus::Quotas, Focus::Walks, Focus::All] {
        for seed in 0..30 {
            assert_eq!(journal(focus, seed), journal(focus, seed), "{focus:?}, seed {seed}");
        }
    }
}
