use std::time::Duration;

use futures_util::future::join_all;
use wecom_core::{Client, Delivery, Retry, TransportErrorKind};

use super::support::{Answer, MINUTE, READ, SECOND, Service, call, credentials, poll};

const VALID: Duration = Duration::from_secs(7200);
const UNSENT: Answer = Answer::Fails(TransportErrorKind::Connect, Delivery::NotSent);

/// A client whose token expires in five minutes.
fn about_to_expire(service: &Service) -> Client {
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(VALID - MINUTE * 5);
    client
}

fn tokens(service: &Service) -> Vec<String> {
    service.calls().into_iter().map(|seen| seen.token).collect()
}

#[test]
fn the_first_call_within_five_to_six_minutes_of_a_tokens_expiry_renews_it() {
    let mut times = Vec::new();
    for _ in 0..20 {
        let service = Service::new();
        let client = service.client().credentials(credentials()).build();
        service.run(call(&client, &READ)).unwrap();
        while service.fetches() == 1 {
            service.timer.advance(SECOND);
            service.run(call(&client, &READ)).unwrap();
        }
        times.push(VALID - service.timer.now());
    }
    assert!(times.iter().all(|left| (MINUTE * 5 - SECOND..=MINUTE * 6).contains(left)), "{times:?}");
    times.dedup();
    assert!(times.len() > 1, "all at the same second");
}

#[test]
fn while_one_call_renews_the_token_the_others_use_the_old_one() {
    let service = Service::new();
    let client = about_to_expire(&service);
    service.set(|script| script.latency_of_gettoken = SECOND);
    let before = service.timer.now();
    service.run(async {
        let mut renewing = Box::pin(call(&client, &READ));
        assert!(poll(renewing.as_mut()).is_pending());
        join_all((0..99).map(|_| call(&client, &READ))).await.into_iter().for_each(Result::unwrap);
        assert_eq!(service.timer.now(), before);
        renewing.await.unwrap();
    });
    assert_eq!(service.fetches(), 2);
    assert_eq!(tokens(&service)[1..100], vec!["canary-1"; 99]);
    assert_eq!(tokens(&service)[100], "canary-2");
}

#[test]
fn a_failed_renewal_fails_no_call_and_is_repeated_a_minute_later() {
    for answer in [UNSENT, Answer::Code(-1), Answer::Status(500), Answer::Silence] {
        let service = Service::new();
        let client = about_to_expire(&service);
        service.set(|script| script.to_gettoken.push_back(answer));
        for _ in 0..10 {
            service.run(call(&client, &READ)).unwrap();
        }
        assert_eq!(service.fetches(), 2);
        service.timer.advance(MINUTE);
        service.run(call(&client, &READ)).unwrap();
        assert_eq!(service.fetches(), 3);
        assert_eq!(tokens(&service).last().unwrap(), "canary-3");
    }
}

#[test]
fn a_renewal_without_a_reply_delays_its_call_by_two_seconds_or_a_quarter_of_its_deadline() {
    for (deadline, expected) in [(SECOND * 60, SECOND * 2), (SECOND * 2, SECOND / 2)] {
        let service = Service::new();
        let client = about_to_expire(&service);
        service.set(|script| script.to_gettoken.push_back(Answer::Silence));
        let before = service.timer.now();
        service.run(call(&client.with_deadline(deadline), &READ)).unwrap();
        assert_eq!(service.timer.now() - before, expected);
    }
}

#[test]
fn a_renewal_with_rejected_credentials_is_not_repeated_and_the_old_token_is_used_until_it_expires() {
    let service = Service::new();
    let client = about_to_expire(&service);
    service.set(|script| script.to_gettoken.push_back(Answer::Code(40001)));
    for _ in 0..4 {
        service.run(call(&client, &READ)).unwrap();
        service.timer.advance(MINUTE);
    }
    assert_eq!(service.fetches(), 2);
    // When the token expires, the secret is sent once more, and then never again.
    service.set(|script| script.to_gettoken.push_back(Answer::Code(40001)));
    service.timer.advance(MINUTE);
    for _ in 0..3 {
        assert!(service.run(call(&client, &READ)).unwrap_err().is_credentials_rejected());
    }
    assert_eq!(service.fetches(), 3);
}

#[test]
fn a_transient_40001_at_a_renewal_does_not_disable_the_client() {
    let service = Service::new();
    let client = about_to_expire(&service);
    service.set(|script| script.to_gettoken.push_back(Answer::Code(40001)));
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(MINUTE * 5);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), tokens(&service).last().unwrap().as_str()), (3, "canary-3"));
}

#[test]
fn a_renewal_whose_caller_is_dropped_is_driven_by_the_next_callers() {
    let service = Service::new();
    let client = about_to_expire(&service);
    service.set(|script| script.latency_of_gettoken = SECOND);
    let mut one = Box::pin(call(&client, &READ));
    assert!(poll(one.as_mut()).is_pending());
    drop(one);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(tokens(&service).last().unwrap(), "canary-1");
    service.timer.advance(SECOND);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!((service.fetches(), tokens(&service).last().unwrap().as_str()), (2, "canary-2"));
}

#[test]
fn a_renewal_that_returns_the_same_token_is_repeated_at_most_once_a_minute() {
    let service = Service::new();
    service.set(|script| script.same_token = Some("canary-same"));
    let client = about_to_expire(&service);
    // The service answers the rest of the token's validity.
    for second in 0..300 {
        service.set(|script| script.expires_in = 300 - second);
        service.run(call(&client, &READ)).unwrap();
        service.timer.advance(SECOND);
    }
    assert!((2..=7).contains(&service.fetches()), "{}", service.fetches());
}

#[test]
fn the_validity_of_a_token_counts_from_its_request() {
    let service = Service::new();
    service.set(|script| (script.latency_of_gettoken, script.expires_in) = (SECOND * 9, 100));
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.set(|script| script.latency_of_gettoken = Duration::ZERO);
    for (seconds, fetches) in [(69, 1), (76, 2)] {
        let now = service.timer.now();
        service.timer.advance(SECOND * seconds - now);
        service.run(call(&client, &READ)).unwrap();
        assert_eq!(service.fetches(), fetches, "at {seconds} s");
    }
}

#[test]
fn a_token_returned_again_by_a_renewal_is_not_renewed_for_a_minute() {
    let service = Service::new();
    service.set(|script| (script.same_token, script.expires_in) = (Some("canary-same"), 100));
    let client = service.client().credentials(credentials()).build();
    // A token that is valid for 100 s is renewed after 75 s. A token returned again with 70 s left is renewed after 60 s,
    // not after about 50 s as a new one would be.
    for (seconds, fetches) in [(0, 1), (69, 1), (76, 2), (131, 2), (136, 3)] {
        let now = service.timer.now();
        service.timer.advance(SECOND * seconds - now);
        service.run(call(&client, &READ)).unwrap();
        assert_eq!(service.fetches(), fetches, "at {seconds} s");
        service.set(|script| script.expires_in = 70);
    }
}

#[test]
fn a_refused_token_that_every_fetch_returns_is_fetched_once_a_minute() {
    let service = Service::new();
    service.set(|script| (script.same_token, script.dead_tokens) = (Some("canary-same"), vec!["canary-same"]));
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    for _ in 0..50 {
        assert!(service.run(call(&client, &READ)).unwrap_err().is_token_rejected());
    }
    assert_eq!(service.fetches(), 2);
    service.timer.advance(MINUTE);
    assert!(service.run(call(&client, &READ)).is_err());
    assert_eq!(service.fetches(), 3);
    // As soon as there is another token, calls succeed.
    service.timer.advance(MINUTE);
    service.set(|script| script.same_token = None);
    service.run(call(&client, &READ)).unwrap();
}

#[test]
fn a_thousand_calls_at_the_expiry_share_one_fetch() {
    let service = Service::new();
    service.set(|script| (script.latency, script.latency_of_gettoken) = (SECOND / 10, SECOND));
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(VALID);
    service.run(join_all((0..1000).map(|_| call(&client, &READ)))).into_iter().for_each(Result::unwrap);
    assert_eq!((service.fetches(), service.calls().len()), (2, 1001));
}

#[test]
fn a_hundred_calls_with_wrong_credentials_fetch_once() {
    let service = Service::new();
    service.set(|script| {
        script.latency_of_gettoken = SECOND;
        script.to_gettoken.extend(vec![Answer::Code(40001); 100]);
    });
    let client = service.client().retry(Retry::new()).credentials(credentials()).build();
    let outcomes = service.run(join_all((0..100).map(|_| call(&client, &READ))));
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().unwrap_err().is_credentials_rejected()));
    assert_eq!((service.fetches(), service.calls().len()), (1, 0));
}

#[test]
fn a_clock_that_jumps_by_an_hour_fails_no_call() {
    // After a jump forward, the token seems to have expired. A `ManualTimer` can't be set back, so the test has its own
    // clock.
    let service = Service::new();
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(MINUTE * 60 * 2);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);

    let jumping = Jumping::default();
    let client = Client::builder(service.clone()).timer(jumping.clone()).credentials(credentials()).build();
    jumping.set(MINUTE * 60);
    service.run(call(&client, &READ)).unwrap();
    jumping.set(Duration::ZERO);
    // The token has expired on the service, but has two more hours according to the client's clock.
    service.set(|script| script.dead_tokens = vec!["canary-3"]);
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 4);
}

/// A clock that a test sets forward and back.
#[derive(Clone, Default)]
struct Jumping(std::sync::Arc<std::sync::Mutex<Duration>>);

impl Jumping {
    fn set(&self, now: Duration) {
        *self.0.lock().unwrap() = now;
    }
}

#[wecom_core::async_trait]
impl wecom_core::Timer for Jumping {
    fn now(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

#[test]
fn a_call_does_not_fail_with_a_fetch_that_was_not_polled() {
    // The fetch may take ten seconds, and fails when it is polled next, or soon after.
    for time in [SECOND * 15, SECOND * 10 - SECOND / 10] {
        let service = Service::new();
        service.set(|script| script.to_gettoken.push_back(Answer::Silence));
        let client = service.client().credentials(credentials()).build();
        let mut kept = Box::pin(call(&client, &READ));
        assert!(poll(kept.as_mut()).is_pending());
        service.timer.advance(time);
        service.run(call(&client, &READ)).unwrap();
        assert_eq!(service.fetches(), 2);
    }
}

#[test]
fn a_rate_limited_renewal_is_not_repeated_within_a_minute_even_if_the_token_expires() {
    let service = Service::new();
    service.set(|script| script.expires_in = 100);
    let client = service.client().credentials(credentials()).build();
    service.run(call(&client, &READ)).unwrap();
    service.timer.advance(SECOND * 80);
    service.set(|script| script.to_gettoken.push_back(Answer::Code(45009)));
    service.run(call(&client, &READ)).unwrap();
    assert_eq!(service.fetches(), 2);
    service.timer.advance(SECOND * 30);
    assert!(service.run(call(&client, &READ)).unwrap_err().is_rate_limited());
    assert_eq!(service.fetches(), 2);
    service.timer.advance(SECOND * 30);
    service.run(call(&client, &READ)).unwrap();
}

#[test]
fn the_same_seed_renews_at_the_same_time() {
    let renewed_at = |seed| {
        let service = Service::new();
        let client = service.client().retry(Retry::new().seed(seed)).credentials(credentials()).build();
        service.run(call(&client, &READ)).unwrap();
        service.timer.advance(VALID - MINUTE * 6);
        while service.fetches() == 1 {
            service.timer.advance(Duration::from_millis(100));
            service.run(call(&client, &READ)).unwrap();
        }
        service.timer.now()
    };
    assert_eq!(renewed_at(7), renewed_at(7));
    assert_ne!(renewed_at(7), renewed_at(8));
}
