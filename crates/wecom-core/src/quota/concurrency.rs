//! How many calls may be under way at once: fewer after a 45033, one more at a time when all goes well.

/// The calls under way at one endpoint.
#[derive(Debug)]
pub(super) struct Flow {
    /// What is allowed when nothing is wrong; `None`: any number.
    ceiling: Option<u32>,
    /// What is allowed now.
    limit: Option<u32>,
    under_way: u32,
    /// How many were under way when it was too many: what is allowed grows to that, where there is no ceiling.
    crowd: u32,
    /// Good calls since the limit last changed.
    went_well: u32,
    /// How often the limit was lowered.
    lowered: u64,
}

impl Flow {
    pub(super) fn new(ceiling: Option<u32>) -> Self {
        Self { ceiling, limit: ceiling, under_way: 0, crowd: 0, went_well: 0, lowered: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.limit.is_none_or(|limit| self.under_way < limit)
    }

    /// A call begins; what it gets tells at its end how much has changed since.
    pub(super) fn enter(&mut self) -> u64 {
        self.under_way += 1;
        self.lowered
    }

    pub(super) fn leave(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// A call went well.
    pub(super) fn went_well(&mut self) {
        let Some(limit) = self.limit.filter(|_| self.limit != self.ceiling) else { return };
        self.went_well += 1;
        if self.went_well < limit {
            return;
        }
        self.went_well = 0;
        let more = limit.saturating_add(1);
        self.limit = match self.ceiling {
            Some(ceiling) => Some(more.min(ceiling)),
            None => Some(more).filter(|&more| more < self.crowd),
        };
    }

    /// A call was refused with 45033. Those that began before the limit was lowered say nothing new.
    pub(super) fn was_crowded(&mut self, entered: u64) {
        if entered != self.lowered {
            return;
        }
        self.lowered += 1;
        self.went_well = 0;
        self.crowd = self.under_way;
        let crowd = self.limit.map_or(self.under_way, |limit| limit.min(self.under_way));
        self.limit = Some((crowd / 2).max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(flow: &mut Flow) -> u32 {
        let mut entered = 0;
        while flow.has_room() && entered < 1000 {
            flow.enter();
            entered += 1;
        }
        entered
    }

    fn empty(flow: &mut Flow) {
        while flow.under_way > 0 {
            flow.leave();
        }
    }

    #[test]
    fn a_refusal_halves_what_is_allowed_and_once_for_all_that_were_under_way() {
        let mut flow = Flow::new(Some(8));
        let entered = flow.enter();
        assert_eq!(fill(&mut flow), 7);
        for _ in 0..8 {
            flow.was_crowded(entered);
        }
        empty(&mut flow);
        assert_eq!(fill(&mut flow), 4);
    }

    #[test]
    fn one_call_is_always_allowed() {
        let mut flow = Flow::new(Some(1));
        for _ in 0..5 {
            let entered = flow.enter();
            flow.was_crowded(entered);
            flow.leave();
        }
        assert_eq!(fill(&mut flow), 1);
    }

    #[test]
    fn it_grows_by_one_each_time_that_so_many_went_well_up_to_the_ceiling() {
        let mut flow = Flow::new(Some(4));
        let entered = flow.enter();
        fill(&mut flow);
        flow.was_crowded(entered);
        empty(&mut flow);
        let limits: Vec<_> = (0..12)
            .map(|_| {
                flow.went_well();
                flow.limit
            })
            .collect();
        assert_eq!(limits, [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4].map(Some));
    }

    #[test]
    fn without_a_ceiling_it_grows_back_to_the_crowd_and_is_then_without_limit() {
        let mut flow = Flow::new(None);
        let entered = flow.enter();
        for _ in 0..3 {
            flow.enter();
        }
        flow.was_crowded(entered);
        empty(&mut flow);
        assert_eq!(flow.limit, Some(2));
        (0..2).for_each(|_| flow.went_well());
        assert_eq!(flow.limit, Some(3));
        (0..3).for_each(|_| flow.went_well());
        assert_eq!(flow.limit, None);
    }
}
