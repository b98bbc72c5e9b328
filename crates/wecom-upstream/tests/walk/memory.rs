//! The number of corps that a walk holds.

use std::sync::atomic::Ordering;

use wecom_mock::ManualTimer;

use crate::support::{Directory, chain, counted};

#[test]
fn a_walk_holds_at_most_one_page_for_each_call_in_flight() {
    for (concurrency, page_size) in [(1, 1), (1, 10), (4, 10), (8, 3), (16, 100)] {
        let timer = ManualTimer::new();
        // About thirty corps in each group.
        let (upstream, counts) = counted(Directory::new(29, 1_000).simulator(), &timer);
        let mut walk = upstream.walk(chain()).need_pending(true).concurrency(concurrency).page_size(page_size);
        let bound = concurrency * usize::try_from(page_size).unwrap();
        let (mut yielded, mut most) = (0, 0);
        timer.run(async {
            while let Some(event) = walk.next().await.unwrap() {
                // The walk held the corps that were received and not yielded before this event.
                let held = counts.corps.load(Ordering::SeqCst) - yielded;
                most = most.max(held);
                assert!(held <= bound, "concurrency {concurrency}, page size {page_size}: {held}");
                let is_corp = matches!(event, wecom_upstream::jobs::walk::WalkEvent::Corp(_));
                assert_eq!(walk.buffered_corps(), held - usize::from(is_corp));
                yielded += usize::from(is_corp);
            }
        });
        assert_eq!(yielded, 1_000);
        assert!(most * 4 >= bound.min(1_000 / 30 * concurrency), "too little was prefetched: {most} of {bound}");
    }
}

#[test]
fn nothing_is_fetched_while_no_event_is_awaited() {
    let timer = ManualTimer::new();
    let (upstream, counts) = counted(Directory::new(29, 1_000).simulator(), &timer);
    let mut walk = upstream.walk(chain()).concurrency(4).page_size(10);
    timer.run(walk.next()).unwrap();
    let calls = counts.calls.load(Ordering::SeqCst);
    timer.advance(std::time::Duration::from_secs(3600));
    assert_eq!(counts.calls.load(Ordering::SeqCst), calls);
    assert_eq!(calls, 2 + 4);
}
