//! The test harness: a simulator, a client of it, and shared helpers.

use std::fmt::Debug;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use wecom_core::endpoint::RawCall;
use wecom_core::{Endpoint, ErrCode, Error};
use wecom_mock::ManualTimer;
use wecom_simulator::{Simulator, World};
use wecom_upstream::calls::{GetChainCorpinfoList, GroupCorp};
use wecom_upstream::{ChainId, CorpId, GroupId, Upstream};

/// A simulator with a manual timer, and a client of it.
pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) upstream: Upstream,
    pub(crate) timer: ManualTimer,
}

impl Harness {
    /// The demo world with a manual timer.
    pub(crate) fn demo() -> Self {
        Self::of(World::demo())
    }

    pub(crate) fn of(world: World) -> Self {
        let timer = ManualTimer::new();
        let simulator = Simulator::new(world).on_timer(timer.clone());
        Self { upstream: Upstream::new(simulator.client()), simulator, timer }
    }

    /// Advances the timer.
    pub(crate) fn advance(&self, seconds: u64) {
        self.timer.advance(Duration::from_secs(seconds));
    }

    /// The corps in a group of the chain `ChDealers`, including pending ones.
    pub(crate) fn corps_in(&self, group: i64) -> Vec<GroupCorp> {
        let call = GetChainCorpinfoList::new(dealers()).groupid(GroupId::new(group)).need_pending(true);
        expect_ok(self.upstream.get_chain_corpinfo_list(call)).group_corps
    }

    /// Makes a call that the typed client would reject, and returns the reply as JSON.
    pub(crate) fn raw(&self, endpoint: &'static Endpoint, body: &Value) -> Result<Value, Error> {
        let call = RawCall::new(endpoint).with_body(body).unwrap();
        pollster::block_on(self.upstream.client().call_raw(call))
    }
}

#[track_caller]
pub(crate) fn expect_ok<T>(call: impl Future<Output = Result<T, Error>>) -> T {
    match pollster::block_on(call) {
        Ok(reply) => reply,
        Err(error) => panic!("{error}"),
    }
}

#[track_caller]
pub(crate) fn expect_code<T: Debug>(call: impl Future<Output = Result<T, Error>>) -> ErrCode {
    code_of(pollster::block_on(call))
}

#[track_caller]
pub(crate) fn code_of<T: Debug>(outcome: Result<T, Error>) -> ErrCode {
    let error = outcome.unwrap_err();
    error.code().unwrap_or_else(|| panic!("{error}"))
}

pub(crate) fn dealers() -> ChainId {
    ChainId::new("ChDealers")
}

pub(crate) fn jingxi() -> CorpId {
    CorpId::new("wwjingxi")
}

/// A client that already has a token.
pub(crate) fn warmed_up(simulator: &Simulator, timer: &ManualTimer) -> Upstream {
    let upstream = Upstream::new(simulator.client());
    let warmed: Result<_, Error> = pollster::block_on(drive(timer, upstream.get_chain_list()));
    warmed.unwrap();
    upstream
}

/// Runs a future, and advances the timer whenever the future waits.
pub(crate) async fn drive<T>(timer: &ManualTimer, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        if let Some(done) = work.as_mut().now_or_never() {
            return done;
        }
        timer.advance(Duration::from_millis(200));
    }
}
