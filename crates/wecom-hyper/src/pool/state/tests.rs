use std::time::Duration;

use tokio::sync::oneshot;

use super::*;
use crate::pool::fixture::job;
use crate::pool::job::Outcome;

/// A state with this maximum of connections.
fn state(max_connections: usize) -> State {
    State::new(Limits { max_connections, max_idle_per_host: 8, idle_timeout: Duration::MAX })
}

/// Submits a call to this host, and returns the receiver of its outcome and its place.
fn submit(state: &mut State, host: &str, may_be_http2: bool) -> (oneshot::Receiver<Outcome>, Place) {
    let (job, outcome) = job("/");
    let origin = state.origin(false, host).unwrap();
    (outcome, state.submit(&Handle::current(), &origin, may_be_http2, job))
}

/// Queues a call with this deadline, and returns the number of the new watcher if it needs one.
fn watcher_for(state: &mut State, deadline: Instant) -> Option<u64> {
    let (mut job, _) = job("/");
    job.limits.deadline = deadline;
    let origin = state.origin(false, "a.example").unwrap();
    match state.submit(&Handle::current(), &origin, false, job) {
        Place::Queued { watcher, .. } => watcher,
        _ => panic!("no connection is open"),
    }
}

/// The lane for which a connection is to be opened.
fn connect(state: &mut State) -> Option<u64> {
    match state.plan() {
        Some(Plan::Connect { lane, .. }) => Some(lane),
        _ => None,
    }
}

fn queue_length(state: &State) -> usize {
    state.lanes.iter().map(|lane| lane.queue.len()).sum()
}

#[tokio::test]
async fn a_connection_that_ends_makes_room_for_another() {
    let mut state = state(2);
    let _calls = [(); 4].map(|()| submit(&mut state, "a.example", false));
    let lane = connect(&mut state).unwrap();
    assert_eq!((connect(&mut state), connect(&mut state)), (Some(lane), None));
    for _ in 0..2 {
        state.connected(lane);
        state.leave(lane, false);
        assert_eq!((connect(&mut state), connect(&mut state)), (Some(lane), None));
    }
}

#[tokio::test]
async fn a_connection_that_ends_before_it_is_open_returns_the_queue_and_is_opened_again_for_the_next_call() {
    let mut state = state(2);
    let calls = [(); 2].map(|()| submit(&mut state, "a.example", false));
    let lane = connect(&mut state).unwrap();
    connect(&mut state).unwrap();
    state.connected(lane);
    assert_eq!(state.leave(lane, true).len(), calls.len());
    let _call = submit(&mut state, "a.example", false);
    assert_eq!(connect(&mut state), Some(lane));
}

#[tokio::test]
async fn a_lane_ends_with_its_last_connection() {
    let mut state = state(2);
    let calls = [(); 2].map(|()| submit(&mut state, "a.example", false));
    let lane = connect(&mut state).unwrap();
    connect(&mut state).unwrap();
    drop(calls);
    for _ in 0..2 {
        state.connected(lane);
        assert!(matches!(state.offer(lane, &Arc::default()), Offer::Idle));
    }
    state.leave(lane, false);
    assert!(matches!(state.requeue(lane, job("/").0), Place::Idle(_)));
    state.leave(lane, false);
    assert!(matches!(state.requeue(lane, job("/").0), Place::Gone(_)));
}

#[tokio::test]
async fn one_idle_connection_is_closed_for_each_waiting_call() {
    let mut state = state(2);
    let calls = [(); 2].map(|()| submit(&mut state, "a.example", false));
    let lane = connect(&mut state).unwrap();
    connect(&mut state).unwrap();
    drop(calls);
    for _ in 0..2 {
        state.connected(lane);
        state.offer(lane, &Arc::default());
    }
    let _call = submit(&mut state, "b.example", false);
    assert!(matches!(state.plan(), Some(Plan::Evict(_))));
    assert!(state.plan().is_none(), "the first connection has not closed yet");
    state.leave(lane, false);
    assert!(connect(&mut state).is_some_and(|other| other != lane));
}

#[tokio::test]
async fn a_watcher_starts_only_for_the_earliest_deadline_and_the_latest_watcher_continues() {
    let mut state = state(1);
    let now = Instant::now();
    let [soon, late] = [10, 20].map(|seconds| now + Duration::from_secs(seconds));
    assert_eq!(watcher_for(&mut state, late), Some(1));
    assert_eq!(watcher_for(&mut state, late), None);
    assert_eq!(watcher_for(&mut state, soon), Some(2));
    let lane = connect(&mut state).unwrap();
    let mut expire = |watcher, now| {
        let (expired, next) = state.expire(lane, watcher, now);
        (expired.len(), next)
    };
    assert_eq!(expire(2, now), (0, Some(soon)));
    assert_eq!(expire(2, soon), (1, Some(late)));
    assert_eq!(expire(1, late), (2, None));
}

#[tokio::test]
async fn cancelled_calls_are_removed_from_a_queue_before_it_grows_over_64_calls() {
    let mut state = state(1);
    let calls = [(); CLEANUP_LENGTH].map(|()| submit(&mut state, "a.example", false));
    drop(calls);
    let _call = submit(&mut state, "a.example", false);
    assert_eq!(queue_length(&state), 1);
}

/// Otherwise each new call would search the whole queue.
#[tokio::test]
async fn the_next_search_for_cancelled_calls_waits_until_the_queue_has_doubled() {
    let mut state = state(1);
    let mut calls: Vec<_> = (0..=CLEANUP_LENGTH).map(|_| submit(&mut state, "a.example", false)).collect();
    let kept = calls.split_off(1);
    drop(calls);
    let mut more: Vec<_> =
        (CLEANUP_LENGTH + 1..2 * CLEANUP_LENGTH).map(|_| submit(&mut state, "a.example", false)).collect();
    assert_eq!(queue_length(&state), 2 * CLEANUP_LENGTH);
    more.push(submit(&mut state, "a.example", false));
    assert_eq!(queue_length(&state), 2 * CLEANUP_LENGTH);
    drop(kept);
}

#[cfg(feature = "http2")]
mod http2 {
    use super::*;
    use crate::pool::fixture::connection;
    use crate::pool::shared_connection::Active;

    /// Opens a lane's first connection and shares it with the call that waited. Ends that call.
    fn share(state: &mut State, connection: &Connection) -> u64 {
        let _call = submit(state, "a.example", true);
        let lane = connect(state).unwrap();
        assert_eq!(state.share(lane, connection.clone()).len(), 1);
        drop(connection.clone().split());
        lane
    }

    /// Submits a call. Returns it as under way if it shares a connection.
    fn shared_call(state: &mut State) -> Option<Active> {
        match submit(state, "a.example", true).1 {
            Place::Shared(_, _, connection, _) => Some(connection.split().1),
            _ => None,
        }
    }

    #[tokio::test]
    async fn each_waiting_call_gets_its_own_connection_if_the_first_one_uses_http1() {
        let mut state = state(8);
        let _calls = [(); 3].map(|()| submit(&mut state, "a.example", true));
        let lane = connect(&mut state).unwrap();
        assert_eq!(connect(&mut state), None, "the calls may share the first connection");
        state.connected(lane);
        for _ in 0..3 {
            assert_eq!(connect(&mut state), Some(lane));
        }
    }

    #[tokio::test]
    async fn an_idle_connection_is_no_longer_shared_once_it_is_unshared() {
        let mut state = state(1);
        let (connection, _task) = connection().await;
        let lane = share(&mut state, &connection);
        drop(shared_call(&mut state).unwrap());
        assert!(state.unshare(lane, connection.streams(), true));
        assert!(shared_call(&mut state).is_none());
    }

    #[tokio::test]
    async fn a_connection_with_a_call_stays_shared_if_only_an_idle_one_is_to_be_unshared() {
        let mut state = state(1);
        let (connection, _task) = connection().await;
        let lane = share(&mut state, &connection);
        let call = shared_call(&mut state).unwrap();
        assert!(!state.unshare(lane, connection.streams(), true));
        drop(shared_call(&mut state).unwrap());
        assert!(state.unshare(lane, connection.streams(), false));
        assert!(shared_call(&mut state).is_none());
        drop(call);
    }

    #[tokio::test]
    async fn unsharing_a_connection_leaves_its_successor_shared() {
        let mut state = state(1);
        let ((first, _first_task), (second, _second_task)) = (connection().await, connection().await);
        let lane = share(&mut state, &second);
        assert!(state.unshare(lane, first.streams(), false));
        assert!(shared_call(&mut state).is_some());
    }

    #[tokio::test]
    async fn a_connection_that_has_closed_gets_no_more_calls() {
        let mut state = state(1);
        let (connection, task) = connection().await;
        share(&mut state, &connection);
        assert!(shared_call(&mut state).is_some());
        drop(task);
        assert!(shared_call(&mut state).is_none());
    }
}
