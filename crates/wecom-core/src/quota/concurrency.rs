//! The concurrency limit of one endpoint: halved after a 45033, raised by one at a time while calls succeed.

use std::collections::VecDeque;
use std::time::Duration;

/// The calls under way at one endpoint.
#[derive(Debug)]
pub(super) struct Concurrency {
    /// The limit without refusals; `None` if there is no limit.
    ceiling: Option<u32>,
    /// The current limit.
    limit: Option<u32>,
    /// In the order in which the calls began.
    under_way: VecDeque<UnderWay>,
    /// The number of calls that have begun.
    begun: u64,
    /// The number of calls that were under way at the last 45033. Without a ceiling, the limit is removed before it
    /// reaches this number.
    refused_at: u32,
    /// Successful calls since the limit last changed.
    successes: u32,
    /// The number of times the limit was lowered.
    lowered: u64,
}

/// A call under way.
#[derive(Debug)]
struct UnderWay {
    number: u64,
    /// When its request has ended at the latest, even if its future still exists and is not polled.
    over_at: Duration,
}

/// The place of a call among those under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    number: u64,
    /// The number of times the limit had been lowered when the call began.
    lowered: u64,
}

impl Concurrency {
    pub(super) fn new(ceiling: Option<u32>) -> Self {
        Self { ceiling, limit: ceiling, under_way: VecDeque::new(), begun: 0, refused_at: 0, successes: 0, lowered: 0 }
    }

    /// The number of calls that may begin now.
    pub(super) fn room(&self, now: Duration) -> u32 {
        let Some(limit) = self.limit else { return u32::MAX };
        let busy = self.under_way.iter().filter(|call| now < call.over_at).take(limit as usize).count();
        limit.saturating_sub(u32::try_from(busy).unwrap_or(u32::MAX))
    }

    /// Begins a call. It counts as under way until it leaves, but no longer than until `over_at`.
    pub(super) fn enter(&mut self, over_at: Duration) -> Place {
        self.begun += 1;
        self.under_way.push_back(UnderWay { number: self.begun, over_at });
        Place { number: self.begun, lowered: self.lowered }
    }

    pub(super) fn leave(&mut self, place: Place) {
        if let Ok(index) = self.under_way.binary_search_by_key(&place.number, |call| call.number) {
            self.under_way.remove(index);
        }
    }

    /// Records a successful call.
    pub(super) fn succeeded(&mut self) {
        let Some(limit) = self.limit.filter(|_| self.limit != self.ceiling) else { return };
        self.successes += 1;
        if self.successes < limit {
            return;
        }
        self.successes = 0;
        let more = limit.saturating_add(1);
        self.limit = match self.ceiling {
            Some(ceiling) => Some(more.min(ceiling)),
            None => Some(more).filter(|&more| more < self.refused_at),
        };
    }

    /// Records a call that was refused with 45033. Calls that began before the limit was lowered are ignored.
    pub(super) fn exceeded(&mut self, place: Place) {
        if place.lowered != self.lowered {
            return;
        }
        self.lower();
    }

    /// Records a 45033 that another process of the same corp has received.
    pub(super) fn exceeded_elsewhere(&mut self) {
        self.lower();
    }

    fn lower(&mut self) {
        self.lowered += 1;
        self.successes = 0;
        self.refused_at = u32::try_from(self.under_way.len()).unwrap_or(u32::MAX);
        let refused = self.limit.map_or(self.refused_at, |limit| limit.min(self.refused_at));
        self.limit = Some((refused / 2).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const LATER: Duration = Duration::from_secs(60);

    fn fill(concurrency: &mut Concurrency) -> u32 {
        let mut entered = 0;
        while concurrency.room(NOW) > 0 && entered < 1000 {
            concurrency.enter(LATER);
            entered += 1;
        }
        entered
    }

    fn empty(concurrency: &mut Concurrency) {
        concurrency.under_way.clear();
    }

    #[test]
    fn a_call_that_never_leaves_counts_until_its_request_must_have_ended() {
        let mut concurrency = Concurrency::new(Some(2));
        let kept = concurrency.enter(LATER);
        concurrency.enter(LATER * 2);
        assert_eq!([NOW, LATER, LATER * 2].map(|now| concurrency.room(now)), [0, 1, 2]);
        concurrency.leave(kept);
        assert_eq!([NOW, LATER, LATER * 2].map(|now| concurrency.room(now)), [1, 1, 2]);
    }

    #[test]
    fn refusals_of_concurrent_calls_halve_the_limit_once() {
        let mut concurrency = Concurrency::new(Some(8));
        let place = concurrency.enter(LATER);
        assert_eq!(fill(&mut concurrency), 7);
        for _ in 0..8 {
            concurrency.exceeded(place);
        }
        empty(&mut concurrency);
        assert_eq!(fill(&mut concurrency), 4);
    }

    #[test]
    fn one_call_is_always_allowed() {
        let mut concurrency = Concurrency::new(Some(1));
        for _ in 0..5 {
            let place = concurrency.enter(LATER);
            concurrency.exceeded(place);
            concurrency.leave(place);
        }
        assert_eq!(fill(&mut concurrency), 1);
    }

    #[test]
    fn the_limit_grows_by_one_after_as_many_successes_as_the_limit_up_to_the_ceiling() {
        let mut concurrency = Concurrency::new(Some(4));
        let place = concurrency.enter(LATER);
        fill(&mut concurrency);
        concurrency.exceeded(place);
        empty(&mut concurrency);
        let limits: Vec<_> = (0..12)
            .map(|_| {
                concurrency.succeeded();
                concurrency.limit
            })
            .collect();
        assert_eq!(limits, [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4].map(Some));
    }

    #[test]
    fn without_a_ceiling_the_limit_grows_back_and_is_then_removed() {
        let mut concurrency = Concurrency::new(None);
        let place = concurrency.enter(LATER);
        for _ in 0..3 {
            concurrency.enter(LATER);
        }
        concurrency.exceeded(place);
        empty(&mut concurrency);
        assert_eq!(concurrency.limit, Some(2));
        (0..2).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.limit, Some(3));
        (0..3).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.limit, None);
    }
}
