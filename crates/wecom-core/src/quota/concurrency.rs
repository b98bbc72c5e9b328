//! How many calls may be under way at once: half as many after a 45033, one more at a time while calls succeed.

/// The calls under way at one endpoint.
#[derive(Debug)]
pub(super) struct Concurrency {
    /// The limit while nothing is wrong; `None`: no limit.
    ceiling: Option<u32>,
    /// The limit now.
    limit: Option<u32>,
    under_way: u32,
    /// How many calls were under way at the last 45033. Without a ceiling, the limit is lifted when it comes near.
    crowd: u32,
    /// Successful calls since the limit last changed.
    successes: u32,
    /// How often the limit was lowered.
    lowered: u64,
}

impl Concurrency {
    pub(super) fn new(ceiling: Option<u32>) -> Self {
        Self { ceiling, limit: ceiling, under_way: 0, crowd: 0, successes: 0, lowered: 0 }
    }

    /// How many more calls may begin.
    pub(super) fn room(&self) -> u32 {
        self.limit.map_or(u32::MAX, |limit| limit.saturating_sub(self.under_way))
    }

    /// Begins a call. What it returns shows at the end of the call how much has changed since.
    pub(super) fn enter(&mut self) -> u64 {
        self.under_way += 1;
        self.lowered
    }

    pub(super) fn leave(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
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
    pub(super) fn exceeded(&mut self, entered: u64) {
        if entered != self.lowered {
            return;
        }
        self.lowered += 1;
        self.successes = 0;
        self.crowd = self.under_way;
        let crowd = self.limit.map_or(self.under_way, |limit| limit.min(self.under_way));
        self.limit = Some((crowd / 2).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(concurrency: &mut Concurrency) -> u32 {
        let mut entered = 0;
        while concurrency.room() > 0 && entered < 1000 {
            concurrency.enter();
            entered += 1;
        }
        entered
    }

    fn empty(concurrency: &mut Concurrency) {
        while concurrency.under_way > 0 {
            concurrency.leave();
        }
    }

    #[test]
    fn a_refusal_halves_what_is_allowed_and_once_for_all_that_were_under_way() {
        let mut concurrency = Concurrency::new(Some(8));
        let entered = concurrency.enter();
        assert_eq!(fill(&mut concurrency), 7);
        for _ in 0..8 {
            concurrency.exceeded(entered);
        }
        empty(&mut concurrency);
        assert_eq!(fill(&mut concurrency), 4);
    }

    #[test]
    fn one_call_is_always_allowed() {
        let mut concurrency = Concurrency::new(Some(1));
        for _ in 0..5 {
            let entered = concurrency.enter();
            concurrency.exceeded(entered);
            concurrency.leave();
        }
        assert_eq!(fill(&mut concurrency), 1);
    }

    #[test]
    fn the_limit_grows_by_one_each_time_that_as_many_calls_succeeded_up_to_the_ceiling() {
        let mut concurrency = Concurrency::new(Some(4));
        let entered = concurrency.enter();
        fill(&mut concurrency);
        concurrency.exceeded(entered);
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
        let entered = concurrency.enter();
        for _ in 0..3 {
            concurrency.enter();
        }
        concurrency.exceeded(entered);
        empty(&mut concurrency);
        assert_eq!(concurrency.limit, Some(2));
        (0..2).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.limit, Some(3));
        (0..3).for_each(|_| concurrency.succeeded());
        assert_eq!(concurrency.limit, None);
    }
}
