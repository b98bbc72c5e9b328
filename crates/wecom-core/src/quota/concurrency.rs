//! How many calls may be under way at once: half as many after a 45033, one more at a time while calls succeed.

use std::collections::VecDeque;
use std::time::Duration;

/// The calls under way at one endpoint.
#[derive(Debug)]
pub(super) struct Concurrency {
    /// The limit while nothing is wrong; `None`: no limit.
    ceiling: Option<u32>,
    /// The limit now.
    limit: Option<u32>,
    /// In the order in which the calls began.
    under_way: VecDeque<UnderWay>,
    /// How many calls have begun.
    begun: u64,
    /// How many calls were under way at the last 45033. Without a ceiling, the limit is lifted when it comes near.
    crowd: u32,
    /// Successful calls since the limit last changed.
    successes: u32,
    /// How often the limit was lowered.
    lowered: u64,
}

/// A call under way.
#[derive(Debug)]
struct UnderWay {
    number: u64,
    /// From when on the service can't be busy with it, even if its future is still there and not polled.
    over_at: Duration,
}

/// The place of a call among those under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    number: u64,
    /// How often the limit had been lowered when the call began.
    lowered: u64,
}

impl Concurrency {
    pub(super) fn new(ceiling: Option<u32>) -> Self {
        Self { ceiling, limit: ceiling, under_way: VecDeque::new(), begun: 0, crowd: 0, successes: 0, lowered: 0 }
    }

    /// How many more calls may begin.
    pub(super) fn room(&self, now: Duration) -> u32 {
        let Some(limit) = self.limit else { return u32::MAX };
        let busy = self.under_way.iter().filter(|call| now < call.over_at).take(limit as usize).count();
        limit.saturating_sub(u32::try_from(busy).unwrap_or(u32::MAX))
    }

    /// Begins a call that takes its place until it leaves, but no longer than until `over_at`.
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

    /// Notes a successful call.
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
            None => Some(more).filter(|&more| more < self.crowd),
        };
    }

    /// Notes a call that was refused with 45033. Calls that began before the limit was lowered say nothing new.
    pub(super) fn exceeded(&mut self, place: Place) {
        if place.lowered != self.lowered {
            return;
        }
        self.lowered += 1;
        self.successes = 0;
        self.crowd = u32::try_from(self.under_way.len()).unwrap_or(u32::MAX);
        let crowd = self.limit.map_or(self.crowd, |limit| limit.min(self.crowd));
        self.limit = Some((crowd / 2).max(1));
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
    fn a_call_that_does_not_leave_keeps_its_place_only_as_long_as_the_service_can_be_busy_with_it() {
        let mut concurrency = Concurrency::new(Some(2));
        let kept = concurrency.enter(LATER);
        concurrency.enter(LATER * 2);
        assert_eq!([NOW, LATER, LATER * 2].map(|now| concurrency.room(now)), [0, 1, 2]);
        concurrency.leave(kept);
        assert_eq!([NOW, LATER, LATER * 2].map(|now| concurrency.room(now)), [1, 1, 2]);
    }

    #[test]
    fn a_refusal_halves_what_is_allowed_and_once_for_all_that_were_under_way() {
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
    fn the_limit_grows_by_one_each_time_that_as_many_calls_succeeded_up_to_the_ceiling() {
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
    fn without_a_ceiling_it_grows_back_to_the_crowd_and_is_then_without_limit() {
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
