//! How many corps a walk holds.

use std::sync::atomic::Ordering;

use wecom_mock::ManualTimer;

use crate::support::{Directory, chain, counted};

#[test]
fn a_walk_holds_at_most_a_page_for_each_call_at_once() {
    for (concurrency, page_size) in [(1, 1), (1, 10), (4, 10), (8, 3), (16, 100)] {
        let timer = ManualTimer::new();
        // Some thirty corps a group.
        let (upstream, counts) = counted(Directory::new(29, 1_000).simulator(), &timer);
        let mut walk = upstream.walk(chain()).need_pending(true).concurrency(concurrency).page_size(page_size);
        let bound = concurrency * usize::try_from(page_size).unwrap();
        let (mut told, mut most) = (0, 0);
        timer.run(async {
            while let Some(event) = walk.next().await.unwrap() {
                // What came over the line and had not been told before this event is what was held.
                let held = counts.corps.load(Ordering::SeqCst) - told;
                most = most.max(held);
                assert!(held <= bound, "{concurrency} at once, {page_size} a page: {held}");
                let is_corp = matches!(event, wecom_upstream::jobs::walk::WalkEvent::Corp(_));
                assert_eq!(walk.buffered_corps(), held - usize::from(is_corp));
                told += usize::from(is_corp);
            }
        });
        assert_eq!(told, 1_000);
        assert!(
            most * 4 >= bound.min(1_000 / 30 * concurrency),
            "hardly anything was fetched ahead: {most} of {bound}"
        );
    }
}

#[test]
fn nothing_is_fetched_while_nobody_asks() {
    let timer = ManualTimer::new();
    let (upstream, counts) = counted(Directory::new(29, 1_000).simulator(), &timer);
    let mut walk = upstream.walk(chain()).concurrency(4).page_size(10);
    timer.run(walk.next()).unwrap();
    let calls = counts.calls.load(Ordering::SeqCst);
    timer.advance(std::time::Duration::from_secs(3600));
    assert_eq!(counts.calls.load(Ordering::SeqCst), calls);
    assert_eq!(calls, 2 + 4);
}
